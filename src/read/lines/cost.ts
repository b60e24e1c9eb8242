// What events cost, added up so that the order does not matter: in whole millionths of a millionth of a dollar. Prices are
// decimals, of which doubles are only the nearest; so the sum is the one that the decimals have.

import type { Event } from "../../event/index.ts";
import { usageOf } from "../../summary/index.ts";
import type { ReadReport } from "./report.ts";

/** What `reader.cost` gives. */
export interface EventCost {
  /** In US dollars, to a billionth; null when no event has a price. */
  cost_usd: number | null;
  /** How many events have one. */
  priced: number;
  report: ReadReport;
}

/** Without it in a line, its event has no price. */
export const PRICED_FIELD = "cost_usd";

/** What an event adds, in trillionths of a dollar; undefined when it has no price, or is a copy of what is counted elsewhere. */
export function costOf(event: Event): bigint | undefined {
  if (event.copy_of !== undefined) return undefined;
  const usd = usageOf(event.event, event)?.cost_usd ?? undefined;
  if (usd === undefined) return undefined;
  const dollars = Math.trunc(usd);
  return BigInt(dollars) * BigInt(PICO_PER_USD) + BigInt(Math.round((usd - dollars) * PICO_PER_USD));
}

export class CostSum {
  priced = 0;
  #picoUsd = 0n;

  add(picoUsd: bigint | undefined, priced = 1): void {
    if (picoUsd === undefined) return;
    this.#picoUsd += picoUsd;
    this.priced += priced;
  }

  /** Null when nothing was added. */
  get usd(): number | null {
    if (this.priced === 0) return null;
    const nanoUsd = (this.#picoUsd + PICO_PER_NANO / 2n) / PICO_PER_NANO;
    return Number(`${nanoUsd}e-9`);
  }
}

// --- internal ---

const PICO_PER_USD = 1e12;
const PICO_PER_NANO = 1000n;
