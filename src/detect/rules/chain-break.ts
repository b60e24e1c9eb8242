import { defineRule } from "../rule.ts";
import type { Rule } from "../rule.ts";

/** Sentinel's RULE-007. A RETURN that names nothing passes, as there. */
export const chainBreak: Rule = defineRule({
  id: "CHAIN_BREAK",
  severity: "MEDIUM",
  about: "work comes back that nobody handed out, or to somebody who did not",
  options: {},
  watch:
    () =>
    ({ event, returned }) => {
      if (returned === undefined || returned.delegation !== undefined || !returned.names) return undefined;
      return { message: "a RETURN answers no open DELEGATE", evidence: [event.id], threshold: 0, actual: 1 };
    },
});
