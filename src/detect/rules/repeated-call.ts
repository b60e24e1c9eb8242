import { defineRule } from "../rule.ts";
import type { Rule } from "../rule.ts";

export const repeatedCall: Rule = defineRule({
  id: "REPEATED_CALL",
  severity: "HIGH",
  about: "the same call is made again and again, and answered alike each time",
  options: { calls: { about: "identical calls in a row", default: 4, min: 2, max: 1000 } },
  watch: ({ calls }) => {
    let last: number | undefined;
    let inRow = 0;
    let evidence: string[] = [];
    return ({ event, outcome }) => {
      // Whoever asks for the same again may get it again.
      if (event.event === "USER_MESSAGE") last = undefined;
      if (outcome === undefined) return undefined;
      // Another answer is news: waiting for something to change is no loop.
      const isSame = outcome.exchange !== undefined && outcome.exchange === last;
      last = outcome.exchange;
      if (!isSame) {
        inRow = 0;
        evidence = [];
      }
      inRow++;
      if (evidence.length < calls) evidence.push(outcome.call?.eventId ?? event.id);
      if (inRow !== calls || !isSame) return undefined;
      const tool = outcome.call?.tool ?? "a tool";
      const message = `${tool} was called ${calls} times in a row with the same arguments and the same result`;
      return { message, evidence, threshold: calls, actual: inRow };
    };
  },
});
