// Tokens of Codex's model calls. A `token_count` event carries the running total of the session, and since about 0.42
// each is written twice; a call is therefore a change of the total, never an event.

import type { JsonObject } from "../../event/index.ts";
import { objectIn } from "../json.ts";

/** Tokens of one call in the disjoint kinds of the event line. */
export interface CallTokens {
  input_tokens: number;
  cache_read_tokens: number;
  cache_write_tokens: number;
  output_tokens: number;
  reasoning_tokens: number;
}

/** Follows the running total through a rollout. */
export class RunningTotal {
  #total: Counts | undefined;

  /** The total as text: the same in a fork's replay as in the parent's own rollout. */
  get fingerprint(): string {
    return (this.#total ?? []).join("-");
  }

  /**
   * What was used since the last count, or undefined when nothing was. A total that falls, or that is no more than the
   * latest call, was started anew: the call then stands in `last_token_usage`. So it does in the first count of a fork
   * that counts on from its parent's total without replaying the parent's calls: those tokens are not this session's
   * (steipete/CodexBar#3524 shows such files).
   */
  advance(info: JsonObject, isFork: boolean): CallTokens | undefined {
    const total = countsOf(objectIn(info, "total_token_usage"));
    if (total === undefined) return undefined;
    const last = countsOf(objectIn(info, "last_token_usage"));
    const before = this.#total;
    this.#total = total;
    if (before === undefined) return disjoint(isFork ? (last ?? total) : total);
    const growth = total.map((count, kind) => count - (before[kind] ?? 0));
    if (growth.every((count) => count === 0)) return undefined;
    const isNew = growth.some((count) => count < 0) || total.every((count, kind) => count === last?.[kind]);
    return disjoint(isNew ? total.map((count, kind) => Math.min(count, last?.[kind] ?? count)) : growth);
  }
}

// --- internal ---

type Counts = readonly number[];

/** In this order everywhere. The second and third are part of the first, the last is part of the one before it. */
const KINDS = [
  "input_tokens",
  "cached_input_tokens",
  "cache_write_input_tokens",
  "output_tokens",
  "reasoning_output_tokens",
] as const;

/** The counts under the names that Codex uses, or undefined when none of them is there. */
function countsOf(usage: JsonObject | undefined): Counts | undefined {
  if (usage === undefined || !KINDS.some((kind) => kind in usage)) return undefined;
  return KINDS.map((kind) => {
    const count = usage[kind];
    return typeof count === "number" && Number.isSafeInteger(count) && count > 0 ? count : 0;
  });
}

function disjoint(counts: Counts): CallTokens | undefined {
  const [prompt = 0, cached = 0, written = 0, output = 0, reasoning = 0] = counts;
  if (prompt === 0 && output === 0) return undefined;
  const read = Math.min(cached, prompt);
  const write = Math.min(written, prompt - read);
  return {
    input_tokens: prompt - read - write,
    cache_read_tokens: read,
    cache_write_tokens: write,
    output_tokens: output,
    reasoning_tokens: Math.min(reasoning, output),
  };
}
