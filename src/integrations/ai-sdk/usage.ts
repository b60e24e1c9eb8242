// The SDK's account of tokens as ours, whose kinds are disjoint.

import type { ModelUsage } from "../../record/index.ts";

/** Its input tokens include those read from and written to a cache; a provider that does not tell them apart tells the total. */
export function tokensOf(usage: unknown): ModelUsage {
  const input = objectIn(usage, "inputTokens");
  const output = objectIn(usage, "outputTokens");
  const cacheRead = countIn(input, "cacheRead");
  const cacheWrite = countIn(input, "cacheWrite");
  const total = countIn(input, "total");
  const uncached =
    countIn(input, "noCache") ??
    (total === undefined ? undefined : Math.max(0, total - (cacheRead ?? 0) - (cacheWrite ?? 0)));
  const tokens = {
    input_tokens: uncached,
    cache_read_tokens: cacheRead,
    cache_write_tokens: cacheWrite,
    output_tokens: countIn(output, "total"),
    reasoning_tokens: countIn(output, "reasoning"),
  };
  return Object.fromEntries(Object.entries(tokens).filter(([, count]) => count !== undefined));
}

// --- internal ---

function objectIn(value: unknown, name: string): object | undefined {
  const part: unknown = typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
  return typeof part === "object" && part !== null ? part : undefined;
}

function countIn(object: object | undefined, name: string): number | undefined {
  const count: unknown = object === undefined ? undefined : Reflect.get(object, name);
  return typeof count === "number" && count >= 0 ? count : undefined;
}
