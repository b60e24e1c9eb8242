import { defineRule } from "../rule.ts";
import type { Rule } from "../rule.ts";

export const alternation: Rule = defineRule({
  id: "ALTERNATION",
  severity: "HIGH",
  about: "two calls take turns (A-B-A-B), and each is answered alike every time",
  options: { rounds: { about: "rounds of two calls", default: 4, min: 2, max: 1000 } },
  watch: ({ rounds }) => {
    const calls = 2 * rounds;
    let last: number | undefined;
    let beforeLast: number | undefined;
    let inRow = 0;
    let evidence: string[] = [];
    return ({ event, outcome }) => {
      if (event.event === "USER_MESSAGE") last = beforeLast = undefined;
      if (outcome === undefined) return undefined;
      const { exchange } = outcome;
      const goesOn = exchange !== undefined && exchange === beforeLast && exchange !== last;
      if (!goesOn) {
        // At best this call and the one before it are the first round.
        inRow = last === undefined || exchange === undefined || last === exchange ? 0 : 1;
        evidence = inRow === 0 ? [] : evidence.slice(-1);
      }
      beforeLast = last;
      last = exchange;
      inRow++;
      evidence.push(outcome.call?.eventId ?? event.id);
      if (evidence.length > calls) evidence.shift();
      if (inRow !== calls) return undefined;
      const tool = outcome.call?.tool ?? "a tool";
      const message = `two calls took turns ${rounds} times, with nothing new; the latest was ${tool}`;
      return { message, evidence: [...evidence], threshold: rounds, actual: inRow / 2 };
    };
  },
});
