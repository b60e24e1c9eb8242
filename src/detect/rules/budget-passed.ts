import { SlidingSum, usageOf } from "../../summary/index.ts";
import { defineRule } from "../rule.ts";
import type { Rule } from "../rule.ts";

const HOUR_MS = 3_600_000;

export const budgetPassed: Rule = defineRule({
  id: "BUDGET_PASSED",
  severity: "HIGH",
  about: "the session cost more than it may; off until a budget is set",
  options: {
    sessionUsd: { about: "US dollars of a session", default: Infinity, min: 0, max: 1e9, fraction: true },
    hourUsd: { about: "US dollars of any 60 minutes", default: Infinity, min: 0, max: 1e9, fraction: true },
  },
  watch: ({ sessionUsd, hourUsd }) => {
    const hour = new SlidingSum(HOUR_MS);
    let total = 0;
    let overSession = false;
    let overHour = false;
    if (sessionUsd === Infinity && hourUsd === Infinity) return () => undefined;
    return ({ event, timeMs }) => {
      const cost = usageOf(event.event, event)?.cost_usd ?? 0;
      if (cost === 0) return undefined;
      total += cost;
      if (!Number.isNaN(timeMs)) hour.add(timeMs, cost);
      const lastHour = Number.isNaN(timeMs) ? 0 : hour.at(timeMs);
      const wasOverHour = overHour;
      overHour = lastHour > hourUsd;
      if (total > sessionUsd && !overSession) {
        overSession = true;
        return { message: `the session has cost ${usd(total)}`, threshold: sessionUsd, actual: cents(total) };
      }
      if (!overHour || wasOverHour) return undefined;
      const message = `the last 60 minutes of the session cost ${usd(lastHour)}`;
      return { message, threshold: hourUsd, actual: cents(lastHour) };
    };
  },
});

// --- internal ---

function usd(amount: number): string {
  return `$${amount.toFixed(2)}`;
}

/** To a hundredth of a cent: more digits are noise of adding. */
function cents(amount: number): number {
  return Math.round(amount * 1e4) / 1e4;
}
