import { Burst } from "../burst.ts";
import { defineRule } from "../rule.ts";
import type { Rule } from "../rule.ts";
import { isDenial } from "../steps.ts";

const ANSWERS: ReadonlySet<string> = new Set(["HUMAN_APPROVAL", "POLICY_CHECK"]);

export const denialBurst: Rule = defineRule({
  id: "DENIAL_BURST",
  severity: "MEDIUM",
  about: "an agent is told no again and again and goes on asking",
  options: {
    denials: { about: "denials by people, policies or the host", default: 3, min: 2, max: 1000 },
    windowMs: { about: "within so many milliseconds", default: 600_000, min: 1000, max: 86_400_000 },
  },
  watch: ({ denials, windowMs }) => {
    const burst = new Burst(denials, windowMs);
    return ({ event, timeMs, outcome }) => {
      if (outcome?.denied !== true && !(ANSWERS.has(event.event) && isDenial(event))) return undefined;
      const evidence = burst.add(event.id, timeMs);
      if (evidence === undefined) return undefined;
      const message = `${denials} denials within ${windowMs / 1000} s`;
      return { message, evidence, threshold: denials, actual: evidence.length };
    };
  },
});
