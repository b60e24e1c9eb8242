// How well Vivarium's navigation and gate did, from events of the types that say so. Pure folds.

import type { Event } from "../event/index.ts";
import { textOf } from "../summary/index.ts";

export interface AccuracyMetrics {
  totalNav: number;
  validationFailCount: number;
  /** Navigations that were not found wrong, in percent, from 0 to 100 with two decimals; 100 without any. */
  accuracyPct: number;
}

export interface GateMetrics {
  passCount: number;
  escalateCount: number;
  total: number;
  /** With one decimal; 0 without any. */
  passRatePct: number;
  escalateRatePct: number;
  /** Mean confidence of those that tell one, from 0 to 1 with two decimals; null without any. */
  avgConfidence: number | null;
  /** The last ones, oldest first. */
  lastQueries: { outcome: "pass" | "escalate"; reason: string | null }[];
}

export class AccuracyFold {
  readonly #navTypes: readonly string[];
  #nav = 0;
  #fails = 0;

  constructor(navTypes: readonly string[]) {
    this.#navTypes = navTypes;
  }

  /** @param event a navigation, or else one that was found wrong */
  add({ event }: Event): void {
    if (this.#navTypes.includes(event)) this.#nav++;
    else this.#fails++;
  }

  get metrics(): AccuracyMetrics {
    // More may have been found wrong than navigated: since when one looks is anybody's choice.
    const right = Math.max(0, this.#nav - this.#fails);
    return {
      totalNav: this.#nav,
      validationFailCount: this.#fails,
      accuracyPct: this.#nav === 0 ? 100 : round((100 * right) / this.#nav, 2),
    };
  }
}

export class GateFold {
  readonly #passTypes: readonly string[];
  readonly #lastCount: number;
  #passes = 0;
  #escalations = 0;
  #confidence = 0;
  #confident = 0;
  readonly #last: GateMetrics["lastQueries"] = [];

  constructor(passTypes: readonly string[], lastCount: number) {
    this.#passTypes = passTypes;
    this.#lastCount = lastCount;
  }

  /** @param event a query that passed the gate, or else one that was escalated */
  add(event: Event): void {
    const passed = this.#passTypes.includes(event.event);
    if (passed) this.#passes++;
    else this.#escalations++;
    const confidence = event["confidence"];
    if (typeof confidence === "number") {
      this.#confidence += confidence;
      this.#confident++;
    }
    this.#last.push({ outcome: passed ? "pass" : "escalate", reason: textOf(event["reason"]) ?? null });
    if (this.#last.length > this.#lastCount) this.#last.shift();
  }

  get metrics(): GateMetrics {
    const total = this.#passes + this.#escalations;
    const percent = (count: number): number => (total === 0 ? 0 : round((100 * count) / total, 1));
    return {
      passCount: this.#passes,
      escalateCount: this.#escalations,
      total,
      passRatePct: percent(this.#passes),
      escalateRatePct: percent(this.#escalations),
      avgConfidence: this.#confident === 0 ? null : round(this.#confidence / this.#confident / 100, 2),
      lastQueries: [...this.#last],
    };
  }
}

// --- internal ---

function round(value: number, decimals: number): number {
  return Math.round(value * 10 ** decimals) / 10 ** decimals;
}
