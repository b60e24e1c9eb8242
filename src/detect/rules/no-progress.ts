import { OpenCalls } from "../../summary/index.ts";
import { defineRule } from "../rule.ts";
import type { Rule } from "../rule.ts";

/** Calls that are remembered with their answers. */
const MAX_SEEN = 1000;

export const noProgress: Rule = defineRule({
  id: "NO_PROGRESS",
  severity: "MEDIUM",
  about: "call after call has been made before, with the same answer",
  options: { calls: { about: "calls in a row with nothing new", default: 5, min: 3, max: 1000 } },
  watch: ({ calls }) => {
    const seen = new OpenCalls<true, number>(MAX_SEEN);
    let evidence: string[] = [];
    let inRow = 0;
    return ({ event, outcome }) => {
      if (event.event === "USER_MESSAGE") inRow = 0;
      const exchange = outcome?.exchange;
      if (exchange === undefined) return undefined;
      const isOld = seen.take(exchange) === true;
      seen.remember(exchange, true);
      if (!isOld) {
        inRow = 0;
        return undefined;
      }
      if (inRow++ === 0) evidence = [];
      if (evidence.length < calls) evidence.push(event.id);
      if (inRow !== calls) return undefined;
      const message = `${calls} calls in a row brought nothing that earlier ones had not`;
      return { message, evidence, threshold: calls, actual: inRow };
    };
  },
});
