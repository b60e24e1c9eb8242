// Tool calls of Codex and what came of them. A call and its output are two records with one call id; an event message
// between them (`exec_command_end`, `mcp_tool_call_end` …) may say more exactly how the call ended.

import type { JsonValue } from "../../event/index.ts";
import { objectIn, textIn } from "../json.ts";
import { restAsMetadata } from "./codex-entry.ts";
import type { Entry, Translation } from "./codex-entry.ts";
import { readCallReport, readToolOutput } from "./codex-output.ts";
import type { CallReport } from "./codex-output.ts";

export class ToolCalls {
  /** Calls that have not been answered yet. */
  readonly #open = new Map<string, OpenCall>();

  /** A response item `…_call` as a `TOOL_CALL`. */
  call(entry: Entry): Translation {
    const { type, payload } = entry;
    const callId = textIn(payload, "call_id") ?? textIn(payload, "id");
    const tool =
      textIn(payload, "name") ??
      textIn(objectIn(payload, "function"), "name") ??
      type.slice(0, -"_call".length);
    const isAnswered = !ANSWERED_BY_THE_SERVER.has(type);
    if (callId !== undefined && isAnswered)
      this.#open.set(callId, { tool, atMs: entry.atMs, report: undefined });
    const status = isAnswered ? undefined : FINISHED.get(textIn(payload, "status") ?? "");
    const field = ["arguments", "input", "action"].find((name) => name in payload) ?? "arguments";
    const args = payload[field] ?? null;
    return {
      event: "TOOL_CALL",
      call_id: callId,
      copyKey: copyKeyOf("tool", callId),
      tool,
      args: field === "arguments" && typeof args === "string" ? parseArguments(args) : args,
      status,
      ...restAsMetadata(entry, ["call_id", "name", "function", field]),
    };
  }

  /** A response item `…_output` as the `TOOL_RESULT` of its call. */
  result(entry: Entry): Translation {
    const { payload } = entry;
    const callId = textIn(payload, "call_id");
    const call = callId === undefined ? undefined : this.#open.get(callId);
    if (callId !== undefined) this.#open.delete(callId);
    const field = ["output", "result", "tools"].find((name) => name in payload) ?? "output";
    const { result, status, durationMs } = readToolOutput(payload[field] ?? null, call?.report);
    return {
      event: "TOOL_RESULT",
      call_id: callId,
      copyKey: copyKeyOf("result", callId),
      tool: call?.tool ?? textIn(payload, "name"),
      result,
      status,
      duration_ms: durationMs ?? between(call?.atMs, entry.atMs),
      ...restAsMetadata(entry, ["call_id", "name", field]),
    };
  }

  /** Remembers what an event message says of a call that is still open. */
  report({ type, payload }: Entry): void {
    const call = this.#open.get(textIn(payload, "call_id") ?? "");
    if (call !== undefined && /_(?:end|response)$/.test(type)) call.report = readCallReport(payload);
  }
}

// --- internal ---

interface OpenCall {
  readonly tool: string;
  readonly atMs: number | undefined;
  report: CallReport | undefined;
}

/** Tools that run where the model does: no output follows, so the call itself says how it ended. */
const ANSWERED_BY_THE_SERVER: ReadonlySet<string> = new Set(["web_search_call", "image_generation_call"]);
const FINISHED: ReadonlyMap<string, string> = new Map([
  ["completed", "ok"],
  ["failed", "error"],
  ["incomplete", "error"],
]);

/** Shorter call ids, which some local servers give, return in other sessions; a call with one is never taken for a copy. */
const UNIQUE_ID_CHARS = 12;

function copyKeyOf(kind: "tool" | "result", callId: string | undefined): string | undefined {
  return callId === undefined || callId.length < UNIQUE_ID_CHARS ? undefined : `${kind}:${callId}`;
}

/** `arguments` is JSON as text. It stays text when it is not JSON, or holds a whole number that would lose digits. */
function parseArguments(text: string): JsonValue {
  try {
    const parsed: JsonValue = JSON.parse(text);
    return /\d{16}/.test(text) && !isExact(parsed) ? text : parsed;
  } catch {
    return text;
  }
}

function isExact(value: JsonValue): boolean {
  if (typeof value === "number") return !Number.isInteger(value) || Number.isSafeInteger(value);
  return typeof value !== "object" || value === null || Object.values(value).every(isExact);
}

/** Time between call and result; unknown when they have the same time, for Codex up to 0.3x wrote both at once. */
function between(startMs: number | undefined, endMs: number | undefined): number | undefined {
  return startMs !== undefined && endMs !== undefined && endMs > startMs ? endMs - startMs : undefined;
}
