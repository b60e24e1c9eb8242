// Tokens of Codex's model calls. A `token_count` event carries the running total of the session, and since about 0.42
// each is written twice; a call is therefore a change of the total, never an event.

import type { JsonObject } from "../event/index.ts";
import { objectIn } from "./json.ts";

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
   * What was used since the last count, or undefined when nothing was. A total that falls was started anew; what the
   * call used then stands in `last_token_usage`. The same holds for the first count of a fork whose total is the
   * parent's, without the parent's calls being replayed: those tokens are not this session's.
   */
  advance(info: JsonObject, isFork: boolean): CallTokens | undefined {
    const total = countsOf(objectIn(info, "total_token_usage"));
    if (total === undefined) return undefined;
    const last = countsOf(objectIn(info, "last_token_usage")) ?? total;
    const before = this.#total;
    this.#total = total;
    if (before === undefined) return disjoint(isFork ? last : total);
    const growth = total.map((count, kind) => count - (before[kind] ?? 0));
    return disjoint(
      growth.some((count) => count < 0)
        ? last.map((count, kind) => Math.min(count, total[kind] ?? 0))
        : growth,
    );
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
