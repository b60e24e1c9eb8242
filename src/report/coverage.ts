// What each witness saw. A session can have two: hooks, which tell as it happens, and the transcript, which the host
// writes itself. Neither sees everything, so what only one of them told of is said.

import type { Event } from "../event/index.ts";
import type { SessionEntry } from "../read/index.ts";

/** Tool calls by who told of them. */
export interface WitnessedCalls {
  both: number;
  only_hooks: number;
  only_transcript: number;
}

export interface Coverage {
  /** Sessions that hooks told of, and those of them without a transcript, or without its end told by SessionEnd. */
  sessions: number;
  without_transcript: number;
  without_end: number;
  /** Hook calls by name. */
  hook_events: Record<string, number>;
  /** Tool calls of those sessions. */
  calls: WitnessedCalls;
  /** Calls that hooks told both the beginning and the end of. */
  pairs: number;
  /** Of each session that hooks told of and that is not covered in full. */
  gaps: CoverageGap[];
}

export interface CoverageGap {
  session_id: string;
  calls: WitnessedCalls;
  /** What is missing besides, e.g. "no SessionEnd". */
  missing: string[];
}

const MAX_GAPS = 1000;

/**
 * Adds sessions up: every event of one, then {@link endSession}; sessions may take turns. Memory: a few bytes for each
 * call of a session.
 */
export class CoverageFold {
  readonly #coverage: Coverage = {
    sessions: 0,
    without_transcript: 0,
    without_end: 0,
    hook_events: Object.create(null),
    calls: { both: 0, only_hooks: 0, only_transcript: 0 },
    pairs: 0,
    gaps: [],
  };
  /** Of the sessions that have not ended. */
  readonly #witnesses = new Map<string, Witnesses>();

  observe(event: Event): void {
    if (event.source === undefined) return;
    const told = this.#witnesses.get(event.session_id) ?? newWitnesses();
    this.#witnesses.set(event.session_id, told);
    const hook = hookOf(event);
    if (hook !== undefined) told.hooks.set(hook, (told.hooks.get(hook) ?? 0) + 1);
    else if (!isOfHooks(event)) told.transcript = true;
    if (event.call_id === undefined) return;
    const seen = (hook === undefined ? SEEN_BY_TRANSCRIPT : SEEN_BY_HOOKS)[event.event];
    if (seen !== undefined) told.calls.set(event.call_id, (told.calls.get(event.call_id) ?? 0) | seen);
  }

  endSession(session: SessionEntry): void {
    const told = this.#witnesses.get(session.session_id);
    this.#witnesses.delete(session.session_id);
    if (told !== undefined && told.hooks.size > 0) this.#endCovered(session, told);
  }

  get coverage(): Coverage {
    return { ...this.#coverage, hook_events: { ...this.#coverage.hook_events } };
  }

  // --- internal ---

  #endCovered(
    { session_id: id, parent_id: parent, ended_at: endedAt }: SessionEntry,
    { calls: seenCalls, hooks, transcript }: Witnesses,
  ): void {
    const total = this.#coverage;
    for (const [name, count] of hooks) total.hook_events[name] = (total.hook_events[name] ?? 0) + count;
    const calls: WitnessedCalls = { both: 0, only_hooks: 0, only_transcript: 0 };
    for (const seen of seenCalls.values()) {
      const byHooks = (seen & BY_HOOKS) !== 0;
      const byTranscript = (seen & BY_TRANSCRIPT) !== 0;
      calls[byHooks ? (byTranscript ? "both" : "only_hooks") : "only_transcript"]++;
      if ((seen & BY_HOOKS) === BY_HOOKS) total.pairs++;
    }
    total.sessions++;
    for (const name of ["both", "only_hooks", "only_transcript"] as const) total.calls[name] += calls[name];
    const missing: string[] = [];
    if (parent === null && !hooks.has("SessionStart")) missing.push("no SessionStart");
    if (parent === null && endedAt === null) {
      missing.push("no SessionEnd");
      total.without_end++;
    }
    if (!transcript) {
      missing.push("no transcript");
      total.without_transcript++;
    }
    const isFull = missing.length === 0 && calls.only_hooks + calls.only_transcript === 0;
    if (!isFull && total.gaps.length < MAX_GAPS) total.gaps.push({ session_id: id, calls, missing });
  }
}

/** The hook that told of an event; undefined when none did. */
export function hookOf(event: Event): string | undefined {
  const { metadata } = event;
  if (typeof metadata !== "object" || metadata === null || !("hook" in metadata)) return undefined;
  return typeof metadata.hook === "string" ? metadata.hook : undefined;
}

// --- internal ---

/** What was told of a session: which calls by whom, by which hooks how often, and whether by its transcript. */
interface Witnesses {
  calls: Map<string, number>;
  hooks: Map<string, number>;
  transcript: boolean;
}

function newWitnesses(): Witnesses {
  return { calls: new Map(), hooks: new Map(), transcript: false };
}

const BY_HOOKS = 0b0011;
const BY_TRANSCRIPT = 0b1100;
const SEEN_BY_HOOKS: Readonly<Record<string, number>> = { TOOL_CALL: 0b0001, TOOL_RESULT: 0b0010 };
const SEEN_BY_TRANSCRIPT: Readonly<Record<string, number>> = { TOOL_CALL: 0b0100, TOOL_RESULT: 0b1000 };

/** Events made while hooks were read, without a hook of their own: inferred outcomes, a sub-agent's begin and end. */
function isOfHooks({ metadata }: Event): boolean {
  if (typeof metadata !== "object" || metadata === null) return false;
  return "inferred" in metadata || "parent_hook" in metadata;
}
