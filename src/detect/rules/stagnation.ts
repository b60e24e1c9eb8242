import { defineRule } from "../rule.ts";
import type { Rule } from "../rule.ts";

/** Sentinel's RULE-005. Calls of tools may wait for a person; of them SILENT_CALL speaks. */
export const stagnation: Rule = defineRule({
  id: "STAGNATION",
  severity: "MEDIUM",
  about: "work handed to another agent takes too long",
  options: { taskMs: { about: "milliseconds of a task", default: 300_000, min: 60_000, max: 600_000 } },
  watch:
    ({ taskMs }) =>
    ({ event, returned, durationMs }) => {
      if (returned === undefined || durationMs === undefined || durationMs <= taskMs) return undefined;
      const evidence = returned.delegation === undefined ? [event.id] : [returned.delegation.id, event.id];
      const message = `a task took ${Math.round(durationMs / 1000)} s`;
      return { message, evidence, threshold: taskMs, actual: durationMs };
    },
});
