import { defineRule } from "../rule.ts";
import type { Rule } from "../rule.ts";

/** Sentinel's RULE-004, for tasks; what single calls of tools do is the matter of ERROR_STREAK. */
export const errorCascade: Rule = defineRule({
  id: "ERROR_CASCADE",
  severity: "HIGH",
  about: "work handed to other agents keeps coming back failed",
  options: {
    consecutive: { about: "failures in a row", default: 2, min: 2, max: 10 },
    total: { about: "failures in the session", default: 3, min: 2, max: 100 },
  },
  watch: ({ consecutive, total }) => {
    const latest: string[] = [];
    let inRow = 0;
    let inAll = 0;
    return ({ event, failed, returned }) => {
      if (returned === undefined) return undefined;
      if (!failed) {
        inRow = 0;
        return undefined;
      }
      inRow++;
      inAll++;
      latest.push(event.id);
      if (latest.length > Math.max(consecutive, total)) latest.shift();
      if (inRow === consecutive) {
        const message = `${consecutive} tasks in a row came back failed`;
        return { message, evidence: latest.slice(-consecutive), threshold: consecutive, actual: inRow };
      }
      if (inAll !== total) return undefined;
      const message = `${total} tasks of this session came back failed`;
      return { message, evidence: latest.slice(-total), threshold: total, actual: inAll };
    };
  },
});
