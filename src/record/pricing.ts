// What model calls cost, said when they are recorded: list prices change, and what was paid does not.

import { TracekeepError } from "../base/errors.ts";
import { describe } from "../base/options.ts";
import type { JsonObject } from "../event/index.ts";
import { callUsageOf, loadPrices, loadPricesNow } from "../pricing/index.ts";
import type { PriceTable } from "../pricing/index.ts";
import type { OnFault } from "../sinks/fault.ts";

/** What prices events that tell of tokens and of no cost. */
export interface PricingOptions {
  /**
   * Prices for model calls that do not say what they cost. Default: the built-in list of `loadPrices()`, which is loaded
   * with the first such call (about 30 ms, once in a process). `false`: they are recorded as they are.
   */
  prices?: PriceTable | false | undefined;
}

/** @throws TypeError */
export function checkPrices(owner: string, prices: PricingOptions["prices"]): PricingOptions["prices"] {
  if (prices === undefined || prices === false) return prices;
  if (typeof prices === "object" && prices !== null && typeof prices.price === "function") return prices;
  throw new TypeError(
    `${owner}: prices must be a price table of tracekeep/pricing, or false, got ${describe(prices)}`,
  );
}

export class Pricing {
  #table: PriceTable | false | undefined;
  readonly #onFault: OnFault;

  constructor({ prices }: PricingOptions, onFault: OnFault) {
    this.#table = prices;
    this.#onFault = onFault;
  }

  /**
   * An event's fields with `cost_usd` and `cost_source`, where they tell what a call used and not what that cost, and
   * the price is known; else the same object. A cost that is given stays as it is, and counts as reported: to say so in a
   * copy of its event would make every other event dearer, too (docs/adr/0025). More of a call that another event began (`continues`) has no price of its own. Never throws.
   */
  addTo(type: string, body: JsonObject, atMs: number): JsonObject {
    if (body["model"] === undefined || body["cost_usd"] !== undefined || this.#table === false) return body;
    if (body["continues"] === true) return body;
    const usage = callUsageOf(type, body);
    if (usage === undefined) return body;
    try {
      const price = this.#prices()?.price(usage, atMs);
      return price === undefined ? body : { ...body, ...price };
    } catch (cause) {
      this.#giveUp("the price table threw", cause);
      return body;
    }
  }

  // --- internal ---

  #prices(): PriceTable | undefined {
    if (this.#table !== undefined) return this.#table === false ? undefined : this.#table;
    try {
      return (this.#table = loadPricesNow());
    } catch {
      // A program that was put into a bundle has the list in there, and has to wait for it.
      this.#table = false;
      loadPrices().then(
        (table) => (this.#table = table),
        (cause: unknown) => this.#giveUp("there is no price list", cause),
      );
      return undefined;
    }
  }

  /** Once: what does not work now does not work later. */
  #giveUp(reason: string, cause: unknown): void {
    this.#table = false;
    this.#onFault(
      new TracekeepError("BAD_PRICES", `model calls are recorded without what they cost: ${reason}`, {
        cause,
        hint: "give another table, or false for none, as the option prices",
      }),
    );
  }
}
