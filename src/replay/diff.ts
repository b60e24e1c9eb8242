// Two runs of an agent side by side: where they first part, and how the rest compares.

import { isToldAgain } from "../event/index.ts";
import type { Event } from "../event/index.ts";
import type { Reader, SkippedBytes } from "../read/index.ts";
import type { SessionSummary } from "../summary/index.ts";
import { foldEvent, newSummary } from "../summary/index.ts";
import { canonicalJson, fingerprint, firstDifference } from "./canonical.ts";
import type { Difference } from "./canonical.ts";
import { readTape } from "./tape.ts";
import type { Tape, TapeEvent } from "./tape.ts";

export interface RunDiff {
  /** The two sessions. */
  sessions: [string, string];
  /** Events that are compared, in each. */
  compared: [number, number];
  /** How many of them are the same from the beginning on. */
  same: number;
  /** Where the runs part; null when they do not. */
  divergence: Divergence | null;
  /** What follows the divergence, itself included, wherever it stands in the other run. */
  rest: { both: number; only: [RestCount[], RestCount[]] };
  /** Figures of both runs, as far as they differ. */
  figures: { name: string; values: [number | null, number | null] }[];
  /** What could not be read of them. */
  skipped: SkippedBytes[];
}

export interface Divergence {
  /** The events; null where a run had ended. */
  events: [Event | null, Event | null];
  /** What differs first in them; null when one is missing. */
  difference: Difference | null;
}

/** Events that only one of the runs has. */
export interface RestCount {
  event: string;
  name: string | null;
  count: number;
}

/**
 * Compares what two runs did: what was said, which calls were made with which arguments, what came back. Times, ids, tokens
 * and durations are no difference. Holds a fingerprint for each event, no bodies.
 *
 * @throws TracekeepError `NO_SESSION`
 * @example
 * const { divergence } = diffRuns(openReader(), "run-1", "run-2");
 * if (divergence?.difference) console.log(divergence.difference.path, ...divergence.difference.values);
 */
export function diffRuns(reader: Reader, left: string, right: string): RunDiff {
  const one = readRun(reader, left);
  const two = readRun(reader, right);
  const end = Math.min(one.moves.length, two.moves.length);
  let same = 0;
  while (same < end && one.moves[same]?.print === two.moves[same]?.print) same++;
  const rests = [one.moves.slice(same), two.moves.slice(same)] as const;
  const [onlyOne, both] = without(rests[0], rests[1]);
  const [onlyTwo] = without(rests[1], rests[0]);
  return {
    sessions: [one.tape.sessionId, two.tape.sessionId],
    compared: [one.moves.length, two.moves.length],
    same,
    divergence: divergenceAt(same, one, two),
    rest: { both, only: [countsOf(onlyOne), countsOf(onlyTwo)] },
    figures: figuresOf(one.summary, two.summary),
    skipped: [one, two].flatMap(({ tape }) => tape.report.skipped),
  };
}

// --- internal ---

/** An event that counts as something the run did. */
interface Move {
  print: string;
  place: TapeEvent;
  name: string | null;
}

interface Run {
  tape: Tape;
  moves: Move[];
  summary: SessionSummary;
}

/** What the recorder says about itself and about sessions is nothing that an agent did. */
const NOT_COMPARED: ReadonlySet<string> = new Set([
  "START", "RESUMED", "END", "SEGMENT", "GAP", "RECOVERED", "DEGRADED", "CLOCK_STEP", "ERASED", "DETECTOR_ERROR",
]); // prettier-ignore

/** Fields that tell when, how long, for how much, under which id: they differ in every run. */
const NOT_COMPARED_FIELDS: ReadonlySet<string> = new Set([
  "timestamp", "severity", "seq", "id", "session_id", "agent_id", "parent_id", "call_id", "source", "truncated", "sanitized",
  "copy_of", "time_inferred", "salt", "duration_ms", "input_tokens", "cache_read_tokens", "cache_write_tokens",
  "cache_write_1h_tokens", "output_tokens", "reasoning_tokens", "cost_usd", "cost_source", "metadata", "chunks",
  "child_session_id",
]); // prettier-ignore

/** In arguments and results, names of ids that providers draw anew for each run. */
const ID_NAME = /^(?:id|(?:tool_?)?(?:call|use)_?id|message_?id|response_?id)$/i;

function readRun(reader: Reader, session: string): Run {
  const moves: Move[] = [];
  let summary = newSummary(session);
  const tape = readTape(reader, session, (event, place) => {
    if (summary.events === 0) summary = newSummary(event.session_id, event.agent_id);
    foldEvent(summary, event, event);
    // Records that an importer has no type for are the source's bookkeeping.
    if (NOT_COMPARED.has(event.event) || "source_type" in event || "record" in event || isToldAgain(event))
      return;
    const named = event["tool"] ?? event["model"];
    const name = typeof named === "string" ? named : null;
    moves.push({ print: fingerprint(canonicalJson(comparable(event))), place, name });
  });
  return { tape, moves, summary };
}

/** What is compared of an event. */
function comparable(event: Event): Record<string, unknown> {
  const compared: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(event)) {
    if (NOT_COMPARED_FIELDS.has(name)) continue;
    // An answer's words are in `message`; the rest of it is the provider's bookkeeping.
    if (name === "result" && event.event === "MODEL_RESPONSE" && "message" in event) continue;
    compared[name] = name === "error" ? withoutStack(value) : withoutIds(value);
  }
  return compared;
}

function withoutIds(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutIds);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(
    ([name, part]) => !(ID_NAME.test(name) && typeof part === "string"),
  );
  return Object.fromEntries(kept.map(([name, part]) => [name, withoutIds(part)]));
}

function withoutStack(error: unknown): unknown {
  if (typeof error !== "object" || error === null) return error;
  return Object.fromEntries(Object.entries(error).filter(([name]) => name !== "stack"));
}

function divergenceAt(index: number, one: Run, two: Run): Divergence | null {
  const events = [one, two].map(({ tape, moves }) => {
    const move = moves[index];
    return move === undefined ? null : tape.read(move.place);
  }) as [Event | null, Event | null];
  const [left, right] = events;
  if (left === null && right === null) return null;
  const difference =
    left === null || right === null ? null : (firstDifference(comparable(left), comparable(right)) ?? null);
  return { events, difference };
}

/** The moves that another run does not have as well, each taken once, and how many it has. */
function without(moves: readonly Move[], other: readonly Move[]): [Move[], number] {
  const there = new Map<string, number>();
  for (const { print } of other) there.set(print, (there.get(print) ?? 0) + 1);
  const only = moves.filter(({ print }) => {
    const count = there.get(print) ?? 0;
    if (count > 0) there.set(print, count - 1);
    return count === 0;
  });
  return [only, moves.length - only.length];
}

function countsOf(moves: readonly Move[]): RestCount[] {
  const counts = new Map<string, RestCount>();
  for (const { place, name } of moves) {
    const key = `${place.event} ${name ?? ""}`;
    const known = counts.get(key);
    if (known === undefined) counts.set(key, { event: place.event, name, count: 1 });
    else known.count++;
  }
  return [...counts.values()].sort((left, right) => right.count - left.count);
}

function figuresOf(left: SessionSummary, right: SessionSummary): RunDiff["figures"] {
  const values = (summary: SessionSummary): Record<string, number | null> => ({
    events: summary.events,
    errors: summary.errors,
    tool_calls: summary.tool_calls,
    tool_errors: summary.tool_errors,
    model_calls: summary.model_calls,
    input_tokens: summary.tokens.input,
    cache_read_tokens: summary.tokens.cache_read,
    cache_write_tokens: summary.tokens.cache_write,
    output_tokens: summary.tokens.output,
    cost_usd: summary.cost_usd,
    active_ms: summary.active_ms,
  });
  const other = values(right);
  return Object.entries(values(left))
    .map(([name, value]): RunDiff["figures"][number] => ({ name, values: [value, other[name] ?? null] }))
    .filter(({ values: [one, two] }) => one !== two);
}
