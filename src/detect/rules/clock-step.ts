import { instantOf, textOf } from "../../summary/index.ts";
import { defineRule } from "../rule.ts";
import type { Rule } from "../rule.ts";

export const clockStep: Rule = defineRule({
  id: "CLOCK_STEP",
  severity: "LOW",
  about: "the wall clock was set back while the session was recorded",
  options: {
    minMs: { about: "milliseconds; smaller steps are no news", default: 1000, min: 1, max: 86_400_000 },
  },
  watch:
    ({ minMs }) =>
    ({ event }) => {
      if (event.event !== "CLOCK_STEP") return undefined;
      const backMs = instantOf(textOf(event["expected"]) ?? "") - instantOf(textOf(event["actual"]) ?? "");
      if (!(backMs >= minMs)) return undefined;
      return { message: `the clock was set back by ${backMs} ms`, threshold: minMs, actual: backMs };
    },
});
