import { defineRule } from "../rule.ts";
import type { Rule } from "../rule.ts";

export const repeatedCall: Rule = defineRule({
  id: "REPEATED_CALL",
  severity: "HIGH",
  about: "the same call is made again and again, and answered alike each time",
  options: { calls: { about: "identical calls in a row", default: 5, min: 2, max: 1000 } },
  watch: ({ calls }) => {
    let signature: number | undefined;
    let answer: number | undefined;
    let inRow = 0;
    let evidence: string[] = [];
    const begin = (next: number | undefined): void => {
      signature = next;
      answer = undefined;
      inRow = 0;
      evidence = [];
    };
    return ({ event, call, outcome }) => {
      // Whoever asks for the same again may get it again.
      if (event.event === "USER_MESSAGE") begin(undefined);
      if (call !== undefined) {
        if (call.signature !== signature) begin(call.signature);
        if (signature === undefined) return undefined;
        inRow++;
        if (evidence.length < calls) evidence.push(event.id);
      }
      if (outcome?.answer !== undefined && outcome.call?.signature === signature && signature !== undefined) {
        // Another answer is news: waiting for something to change is no loop.
        if (answer !== undefined && answer !== outcome.answer) begin(signature);
        answer = outcome.answer;
      }
      if (call === undefined || inRow !== calls) return undefined;
      const message = `${call.tool} was called ${calls} times in a row with the same arguments`;
      return { message, evidence, threshold: calls, actual: inRow };
    };
  },
});
