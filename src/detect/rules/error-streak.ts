import { defineRule } from "../rule.ts";
import type { Rule } from "../rule.ts";

export const errorStreak: Rule = defineRule({
  id: "ERROR_STREAK",
  severity: "MEDIUM",
  about: "tool calls fail one after the other",
  options: { errors: { about: "failed calls in a row", default: 4, min: 2, max: 1000 } },
  watch: ({ errors }) => {
    let evidence: string[] = [];
    let inRow = 0;
    return ({ event, outcome }) => {
      if (outcome === undefined) return undefined;
      if (!outcome.failed) {
        inRow = 0;
        return undefined;
      }
      if (inRow++ === 0) evidence = [];
      if (evidence.length < errors) evidence.push(event.id);
      if (inRow !== errors) return undefined;
      return { message: `${errors} tool calls in a row failed`, evidence, threshold: errors, actual: inRow };
    };
  },
});
