import { chainOf } from "../delegations.ts";
import { defineRule } from "../rule.ts";
import type { Rule } from "../rule.ts";

/** Sentinel's RULE-002. */
export const depth: Rule = defineRule({
  id: "DEPTH",
  severity: "HIGH",
  about: "work is handed on too many times in a row",
  options: { levels: { about: "delegations inside one another", default: 3, min: 2, max: 5 } },
  watch:
    ({ levels }) =>
    ({ event, delegation }) => {
      if (delegation === undefined || delegation.depth <= levels) return undefined;
      const evidence = [...chainOf(delegation).map(({ id }) => id), event.id];
      const message = `work was handed on ${delegation.depth} times in a row`;
      return { message, evidence, threshold: levels, actual: delegation.depth };
    },
});
