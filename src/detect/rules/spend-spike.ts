import { IDLE_MS, SlidingSum, usageOf } from "../../summary/index.ts";
import { defineRule } from "../rule.ts";
import type { Rule } from "../rule.ts";

/** Before so many windows of work there is nothing usual to compare with. */
const MIN_WINDOWS = 2;

export const spendSpike: Rule = defineRule({
  id: "SPEND_SPIKE",
  severity: "MEDIUM",
  about: "the session suddenly costs many times what it did before",
  options: {
    factor: { about: "times the usual cost of a window", default: 3, min: 1.5, max: 1000, fraction: true },
    windowMs: { about: "length of the window", default: 600_000, min: 60_000, max: 86_400_000 },
    minUsd: { about: "a window that costs less is no spike", default: 2, min: 0, max: 1e9, fraction: true },
  },
  watch: ({ factor, windowMs, minUsd }) => {
    const recent = new SlidingSum(windowMs);
    let total = 0;
    let activeMs = 0;
    let lastMs = NaN;
    let isSpike = false;
    return ({ event, timeMs }) => {
      if (Number.isNaN(timeMs)) return undefined;
      const gapMs = timeMs - lastMs;
      if (gapMs > 0 && gapMs <= IDLE_MS) activeMs += gapMs;
      lastMs = timeMs;
      const cost = usageOf(event.event, event)?.cost_usd ?? 0;
      if (cost === 0) return undefined;
      total += cost;
      recent.add(timeMs, cost);
      const now = recent.at(timeMs);
      const windowsBefore = (activeMs - windowMs) / windowMs;
      const usual = (total - now) / Math.max(windowsBefore, 1);
      const wasSpike = isSpike;
      isSpike = windowsBefore >= MIN_WINDOWS && now >= minUsd && now > factor * usual;
      if (!isSpike || wasSpike) return undefined;
      const message = `$${now.toFixed(2)} in ${windowMs / 60_000} minutes, usually $${usual.toFixed(2)}`;
      return { message, threshold: Math.max(minUsd, factor * usual), actual: now };
    };
  },
});
