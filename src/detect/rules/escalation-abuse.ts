import { defineRule } from "../rule.ts";
import type { Rule } from "../rule.ts";

/** Fewer tasks make no share worth speaking of. */
const MIN_TASKS = 4;

/** Sentinel's RULE-008. A task was escalated when its RETURN has the status `escalated`. */
export const escalationAbuse: Rule = defineRule({
  id: "ESCALATION_ABUSE",
  severity: "MEDIUM",
  about: "most of the work handed out is handed back up instead of done",
  options: {
    share: {
      about: `of all tasks, when there are at least ${MIN_TASKS}`,
      default: 0.5,
      min: 0.3,
      max: 0.7,
      fraction: true,
    },
    consecutive: { about: "escalations in a row", default: 3, min: 2, max: 10 },
  },
  watch: ({ share, consecutive }) => {
    let tasks = 0;
    let escalated = 0;
    let inRow = 0;
    let tooMany = false;
    return ({ event, returned }) => {
      if (returned === undefined) return undefined;
      tasks++;
      const isEscalated = event["status"] === "escalated";
      inRow = isEscalated ? inRow + 1 : 0;
      if (isEscalated) escalated++;
      const wasTooMany = tooMany;
      tooMany = tasks >= MIN_TASKS && escalated / tasks > share;
      if (inRow === consecutive) {
        return { message: `${inRow} tasks in a row were escalated`, threshold: consecutive, actual: inRow };
      }
      if (!tooMany || wasTooMany) return undefined;
      const message = `${escalated} of ${tasks} tasks were escalated`;
      return { message, threshold: share, actual: Math.round((1000 * escalated) / tasks) / 1000 };
    };
  },
});
