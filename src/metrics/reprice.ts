// What recorded model calls cost by a price table of today. The log is not touched.

import type { Event } from "../event/index.ts";
import { callUsageOf } from "../pricing/index.ts";
import type { CallUsage, PriceTable } from "../pricing/index.ts";
import { instantOf, OpenCalls } from "../summary/index.ts";

/** Calls that further responses may continue. */
const MAX_CALLS = 10_000;

interface CallSoFar {
  usage: CallUsage;
  usd: number;
}

/** Prices events in the order in which they were recorded. */
export class Repricer {
  readonly #prices: PriceTable;
  readonly #calls = new OpenCalls<CallSoFar>(MAX_CALLS);

  constructor(prices: PriceTable) {
    this.#prices = prices;
  }

  /**
   * The list price of what an event used, in US dollars; undefined for what has none. A response that continues another
   * costs what the whole call now costs more, because tiers are chosen by the whole call.
   */
  price(event: Event): number | undefined {
    const used = callUsageOf(event.event, event);
    if (used === undefined) return undefined;
    const key = `${event.session_id}\n${event.call_id ?? event.id}\n${String(requestIdOf(event))}`;
    const before = event["continues"] === true ? this.#calls.take(key) : undefined;
    const usage = before === undefined ? used : sumOf(before.usage, used);
    // Prices change over time, so a call without a time has none.
    const price =
      event.time_inferred === true ? undefined : this.#prices.price(usage, instantOf(event.timestamp));
    const usdBefore = before?.usd ?? 0;
    if (event.call_id !== undefined) this.#calls.remember(key, { usage, usd: price?.cost_usd ?? usdBefore });
    return price === undefined ? undefined : Math.max(0, price.cost_usd - usdBefore);
  }
}

// --- internal ---

function sumOf(before: CallUsage, more: CallUsage): CallUsage {
  const sum = (name: TokenKind): number => (before[name] ?? 0) + (more[name] ?? 0);
  return {
    ...more,
    input_tokens: sum("input_tokens"),
    cache_read_tokens: sum("cache_read_tokens"),
    cache_write_tokens: sum("cache_write_tokens"),
    cache_write_1h_tokens: sum("cache_write_1h_tokens"),
    output_tokens: sum("output_tokens"),
  };
}

type TokenKind = Exclude<keyof CallUsage, "provider" | "model">;

function requestIdOf({ metadata }: Event): unknown {
  return typeof metadata === "object" && metadata !== null && "request_id" in metadata
    ? metadata.request_id
    : undefined;
}
