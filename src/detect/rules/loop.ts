import { chainOf } from "../delegations.ts";
import type { Delegation } from "../delegations.ts";
import { defineRule } from "../rule.ts";
import type { Rule } from "../rule.ts";

/** Tasks that came back and are compared with new ones. */
const MAX_TASKS = 20;
const MAX_CHARACTERS = 4000;

/** Sentinel's RULE-001. */
export const loop: Rule = defineRule({
  id: "LOOP",
  severity: "HIGH",
  about: "a task that came back is handed out again, or an agent is handed work that it is in the middle of",
  options: {
    similarity: {
      about: "share of words that two tasks have in common",
      default: 0.85,
      min: 0.7,
      max: 0.95,
      fraction: true,
    },
  },
  watch: ({ similarity }) => {
    const done: { delegation: Delegation; words: Set<string> }[] = [];
    return ({ event, delegation, returned }) => {
      if (returned?.delegation !== undefined) {
        done.push({ delegation: returned.delegation, words: wordsOf(returned.delegation.task) });
        if (done.length > MAX_TASKS) done.shift();
      }
      if (delegation === undefined) return undefined;
      const { to } = delegation;
      const inChain = chainOf(delegation).find((outer) => to !== undefined && outer.to === to);
      if (inChain !== undefined) {
        const message = `${to ?? ""} was handed work although it is in the chain that hands it out`;
        return { message, evidence: [inChain.id, event.id], threshold: 0, actual: 1 };
      }
      const words = wordsOf(delegation.task);
      for (const earlier of done) {
        if (earlier.delegation.to !== to) continue;
        const shared = sharedPart(words, earlier.words);
        if (!(shared > similarity)) continue;
        const message = `a task that ${to ?? "an agent"} had returned was handed out again`;
        return {
          message,
          evidence: [earlier.delegation.id, event.id],
          threshold: similarity,
          actual: shared,
        };
      }
      return undefined;
    };
  },
});

// --- internal ---

function wordsOf(task: string): Set<string> {
  return new Set(
    task
      .slice(0, MAX_CHARACTERS)
      .toLowerCase()
      .match(/[\p{L}\p{N}_./-]+/gu),
  );
}

/** Jaccard similarity: words in both, of words in either. */
function sharedPart(left: ReadonlySet<string>, right: ReadonlySet<string>): number {
  let both = 0;
  for (const word of left) if (right.has(word)) both++;
  const either = left.size + right.size - both;
  return either === 0 ? 0 : Math.round((1000 * both) / either) / 1000;
}
