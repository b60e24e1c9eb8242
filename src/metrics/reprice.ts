// What recorded model calls cost by a price table of today. The log is not touched.

import type { Event } from "../event/index.ts";
import type { PriceTable } from "../pricing/index.ts";
import { instantOf, OpenCalls, textOf, usageOf } from "../summary/index.ts";

/** Calls that further responses may continue. */
const MAX_CALLS = 10_000;

interface CallSoFar {
  input: number;
  cacheRead: number;
  cacheWrite: number;
  cacheWrite1h: number;
  output: number;
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
    const usage = usageOf(event.event, event);
    const model = textOf(event["model"]);
    if (usage === undefined || model === undefined) return undefined;
    const key = `${event.session_id}\n${event.call_id ?? event.id}\n${String(metadataOf(event)["request_id"])}`;
    const before = event["continues"] === true ? this.#calls.take(key) : undefined;
    const { tokens } = usage;
    const oneHour = event["cache_write_1h_tokens"];
    const call: CallSoFar = {
      input: tokens.input + (before?.input ?? 0),
      cacheRead: tokens.cache_read + (before?.cacheRead ?? 0),
      cacheWrite: tokens.cache_write + (before?.cacheWrite ?? 0),
      cacheWrite1h: (typeof oneHour === "number" ? oneHour : 0) + (before?.cacheWrite1h ?? 0),
      output: tokens.output + (before?.output ?? 0),
      usd: before?.usd ?? 0,
    };
    const price = isPriceable(event)
      ? this.#prices.price(
          {
            provider: textOf(event["provider"]),
            model,
            input_tokens: call.input,
            cache_read_tokens: call.cacheRead,
            cache_write_tokens: call.cacheWrite,
            cache_write_1h_tokens: call.cacheWrite1h,
            output_tokens: call.output,
          },
          instantOf(event.timestamp),
        )
      : undefined;
    call.usd = price?.cost_usd ?? call.usd;
    if (event.call_id !== undefined) this.#calls.remember(key, call);
    return price === undefined ? undefined : Math.max(0, price.cost_usd - (before?.usd ?? 0));
  }
}

// --- internal ---

/** Prices change over time, so a call without a time has none. The fast mode's surcharge is in no price list. */
function isPriceable(event: Event): boolean {
  return event.time_inferred !== true && metadataOf(event)["speed"] !== "fast";
}

function metadataOf(event: Event): Readonly<Record<string, unknown>> {
  const metadata = event["metadata"];
  return typeof metadata === "object" && metadata !== null ? (metadata as Record<string, unknown>) : {};
}
