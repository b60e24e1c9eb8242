// The ledger of who allowed what, and how: each call that leave was asked for with its outcome, and how many calls ran
// without being asked for, by the mode the agent was in.

import type { Event } from "../event/index.ts";
import { formatShortId, gistOf } from "./event-text.ts";
import { renderTable } from "./table.ts";
import { formatCount, formatMinute, printable } from "./text.ts";

export interface PermissionRow {
  session_id: string;
  timestamp: string;
  tool: string;
  /** What was asked for, cut to length. */
  about: string;
  /** `approved`, `denied`, or `open` while nobody knows. */
  outcome: string;
  /** `user`, or the rule or policy that decided. */
  by: string | null;
  /** Hooks do not tell the answer: it follows from whether the call ran. */
  inferred: boolean;
  reason: string | null;
}

export interface PermissionLedger {
  rows: PermissionRow[];
  /** Calls that ran without leave being asked for, by permission mode. */
  unasked: Record<string, number>;
}

const MAX_ROWS = 10_000;
const MAX_ABOUT_CHARACTERS = 200;

/** Events of one session after the other, in order. */
export class PermissionFold {
  readonly #rows: PermissionRow[] = [];
  readonly #unasked: Record<string, number> = Object.create(null);
  #asked = new Map<string, PermissionRow>();
  #unnamed: PermissionRow[] = [];
  #modes = new Map<string, string>();

  observe(event: Event): void {
    // What hooks and the transcript of one session both tell of is a copy, too.
    if (event.copy_of !== undefined && event.copy_of !== event.session_id) return;
    const mode = textIn(event["metadata"], "permission_mode");
    switch (event.event) {
      case "TOOL_CALL":
        if (event.call_id !== undefined && mode !== undefined) this.#modes.set(event.call_id, mode);
        return;
      case "PERMISSION_REQUEST":
        return this.#ask(event);
      case "HUMAN_APPROVAL":
      case "POLICY_CHECK":
        return this.#answer(event);
      default:
    }
  }

  endSession(): void {
    for (const [call, mode] of this.#modes) {
      if (!this.#asked.has(call)) this.#unasked[mode] = (this.#unasked[mode] ?? 0) + 1;
    }
    this.#asked = new Map();
    this.#unnamed = [];
    this.#modes = new Map();
  }

  get ledger(): PermissionLedger {
    return { rows: this.#rows, unasked: { ...this.#unasked } };
  }

  // --- internal ---

  #ask(event: Event): void {
    const row = this.#add(event, "open");
    if (event.call_id === undefined) this.#unnamed.push(row);
    else this.#asked.set(event.call_id, row);
  }

  #answer(event: Event): void {
    const tool = text(event["tool"]) ?? "";
    const at = this.#unnamed.findIndex((row) => row.tool === tool);
    const asked = event.call_id === undefined ? undefined : this.#asked.get(event.call_id);
    const row = asked ?? (at < 0 ? this.#add(event, "open") : this.#unnamed.splice(at, 1)[0]);
    const inferred = has(event["metadata"], "inferred");
    // Who heard the answer knows better than who infers it.
    if (row === undefined || (inferred && row.outcome !== "open" && !row.inferred)) return;
    if (event.call_id !== undefined) this.#asked.set(event.call_id, row);
    row.outcome = text(event["status"]) ?? "open";
    row.by = text(event["approver"]) ?? text(event["policy"]) ?? null;
    row.reason = text(event["reason"]) ?? null;
    row.inferred = inferred;
  }

  #add(event: Event, outcome: string): PermissionRow {
    const { session_id, timestamp } = event;
    const about = gistOf({ ...event, event: "TOOL_CALL" }).slice(0, MAX_ABOUT_CHARACTERS);
    const tool = text(event["tool"]) ?? "";
    const row: PermissionRow = {
      session_id,
      timestamp,
      tool,
      about,
      outcome,
      by: null,
      inferred: false,
      reason: null,
    };
    if (this.#rows.length < MAX_ROWS) this.#rows.push(row);
    return row;
  }
}

/** The ledger as lines. */
export function renderPermissions({ rows, unasked }: PermissionLedger, columns: number): string[] {
  const modes = Object.entries(unasked).map(
    ([mode, calls]) => `${formatCount(calls)} in mode ${printable(mode)}`,
  );
  const lines = modes.length === 0 ? [] : [`Ran without asking: ${modes.join(", ")}`, ""];
  if (rows.length === 0) return [...lines, "Nobody was asked for leave."];
  const table = renderTable(
    [
      { title: "asked (UTC)" },
      { title: "session" },
      { title: "outcome" },
      { title: "by" },
      { title: "for", shrinks: true },
    ],
    rows.map((row) => [
      formatMinute(row.timestamp),
      formatShortId(row.session_id),
      `${printable(row.outcome)}${row.inferred ? " *" : ""}`,
      printable(row.by ?? ""),
      printable(row.about),
    ]),
    columns,
  );
  const note = rows.some(({ inferred }) => inferred)
    ? ["", "* told from whether the call ran; hooks do not say"]
    : [];
  return [...lines, ...table, ...note];
}

// --- internal ---

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function textIn(value: unknown, name: string): string | undefined {
  return typeof value === "object" && value !== null && name in value
    ? text((value as Record<string, unknown>)[name])
    : undefined;
}

function has(value: unknown, name: string): boolean {
  return typeof value === "object" && value !== null && name in value;
}
