// What a model call used, as Claude Code tells it. One API response stands on several transcript lines (one for each
// block of its content), and each repeats `usage`; the first under-counts the output, which was still streaming.

import type { JsonObject, JsonValue } from "../../event/index.ts";
import { objectIn } from "../json.ts";

/** Tokens of one call in the disjoint kinds of the event line. */
export interface Usage {
  input_tokens: number;
  cache_read_tokens: number;
  cache_write_tokens: number;
  /** Those of `cache_write_tokens` that are kept for an hour. */
  cache_write_1h_tokens: number;
  output_tokens: number;
  /** Those of `output_tokens` spent on reasoning. */
  reasoning_tokens: number;
}

/** Reads the `usage` of an API message. Its `input_tokens` leave out what was cached, so its kinds are disjoint too. */
export function readUsage(usage: JsonObject | undefined): Usage {
  const lifetimes = objectIn(usage, "cache_creation");
  const oneHour = count(lifetimes?.["ephemeral_1h_input_tokens"]);
  const written = count(usage?.["cache_creation_input_tokens"]);
  return {
    input_tokens: count(usage?.["input_tokens"]),
    cache_read_tokens: count(usage?.["cache_read_input_tokens"]),
    cache_write_tokens: Math.max(written, oneHour + count(lifetimes?.["ephemeral_5m_input_tokens"])),
    cache_write_1h_tokens: oneHour,
    output_tokens: count(usage?.["output_tokens"]),
    reasoning_tokens: count(objectIn(usage, "output_tokens_details")?.["thinking_tokens"]),
  };
}

/** What `now` has more than `before`, only the kinds that grew; undefined when none did. */
export function addedUsage(now: Usage, before: Usage): Partial<Usage> | undefined {
  const grown = KINDS.filter((kind) => now[kind] > before[kind]);
  if (grown.length === 0) return undefined;
  return Object.fromEntries(grown.map((kind) => [kind, now[kind] - before[kind]]));
}

/** The larger of two in each kind. Tokens once told of are never taken back. */
export function largerUsage(left: Usage, right: Usage): Usage {
  const larger = { ...left };
  for (const kind of KINDS) larger[kind] = Math.max(left[kind], right[kind]);
  return larger;
}

/** The fields of an event: kinds that are mostly zero are left out when they are. */
export function usageFields(usage: Usage): Partial<Usage> {
  const { cache_write_1h_tokens: oneHour, reasoning_tokens: reasoning, ...always } = usage;
  return {
    ...always,
    ...(oneHour > 0 ? { cache_write_1h_tokens: oneHour } : {}),
    ...(reasoning > 0 ? { reasoning_tokens: reasoning } : {}),
  };
}

// --- internal ---

const KINDS = [
  "input_tokens",
  "cache_read_tokens",
  "cache_write_tokens",
  "cache_write_1h_tokens",
  "output_tokens",
  "reasoning_tokens",
] as const satisfies readonly (keyof Usage)[];

function count(value: JsonValue | undefined): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : 0;
}
