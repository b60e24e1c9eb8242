import { Burst } from "../burst.ts";
import { defineRule } from "../rule.ts";
import type { Rule } from "../rule.ts";

/** Named in Sentinel's index example ("15 tool calls in 60 seconds") and defined nowhere there. */
export const toolStorm: Rule = defineRule({
  id: "TOOL_STORM",
  severity: "MEDIUM",
  about: "one agent calls tools faster than anybody can follow",
  options: {
    calls: { about: "calls of tools", default: 15, min: 2, max: 10_000 },
    windowMs: { about: "within so many milliseconds", default: 60_000, min: 1000, max: 3_600_000 },
  },
  watch: ({ calls, windowMs }) => {
    const burst = new Burst(calls, windowMs);
    return ({ event, timeMs, call }) => {
      const evidence = call === undefined ? undefined : burst.add(event.id, timeMs);
      if (evidence === undefined) return undefined;
      const message = `${calls} tool calls in ${windowMs / 1000} seconds`;
      return { message, evidence, threshold: calls, actual: evidence.length };
    };
  },
});
