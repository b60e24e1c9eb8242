import { defineRule } from "../rule.ts";
import type { Rule } from "../rule.ts";

export const alternation: Rule = defineRule({
  id: "ALTERNATION",
  severity: "HIGH",
  about: "two calls take turns (A-B-A-B), and each is answered alike every time",
  options: { rounds: { about: "rounds of two calls", default: 4, min: 2, max: 1000 } },
  watch: ({ rounds }) => {
    const calls = 2 * rounds;
    // The two calls, the one that is due next first, and what each was answered.
    let due: { signature: number | undefined; answer: number | undefined };
    let last: typeof due;
    let inRow = 0;
    let evidence: string[] = [];
    const begin = (): void => {
      due = { signature: undefined, answer: undefined };
      last = { signature: undefined, answer: undefined };
      inRow = 0;
      evidence = [];
    };
    begin();
    return ({ event, call, outcome }) => {
      if (event.event === "USER_MESSAGE") begin();
      if (outcome?.answer !== undefined && outcome.call !== undefined && outcome.call !== call) {
        for (const each of [due, last]) {
          if (each.signature === undefined || each.signature !== outcome.call.signature) continue;
          if (each.answer !== undefined && each.answer !== outcome.answer) {
            inRow = 0;
            evidence = [];
          }
          each.answer = outcome.answer;
        }
      }
      if (call === undefined) return undefined;
      const { signature } = call;
      if (signature === undefined) {
        begin();
        return undefined;
      }
      if (signature === due.signature && signature !== last.signature) [due, last] = [last, due];
      else {
        // At best the first round: this call and the one before it.
        inRow = last.signature === undefined || last.signature === signature ? 0 : 1;
        evidence = evidence.slice(-inRow);
        due = last;
        last = { signature, answer: undefined };
      }
      inRow++;
      if (evidence.length < calls) evidence.push(event.id);
      if (inRow !== calls) return undefined;
      const message = `two calls took turns ${rounds} times, with nothing new; the latest was ${call.tool}`;
      return { message, evidence, threshold: rounds, actual: inRow / 2 };
    };
  },
});
