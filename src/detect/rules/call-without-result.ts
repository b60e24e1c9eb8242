import { defineRule } from "../rule.ts";
import type { Rule } from "../rule.ts";

/** Calls without a result that are watched; further ones are not. */
const MAX_OPEN = 256;

export const callWithoutResult: Rule = defineRule({
  id: "CALL_WITHOUT_RESULT",
  severity: "LOW",
  about:
    "a call was never answered although the session went on: it crashed, was cut off or was not recorded",
  options: { results: { about: "results of other calls since", default: 5, min: 1, max: 10_000 } },
  watch: ({ results }) => {
    const open = new Map<string, { eventId: string; tool: string; since: number }>();
    let answered = 0;
    return ({ call, outcome, event, delegation }) => {
      // Another agent may work for a long time, and its calls may stand in the same session.
      const mayWait = delegation !== undefined || open.size >= MAX_OPEN;
      if (call?.callId !== undefined && outcome === undefined && !mayWait) {
        open.set(call.callId, { eventId: event.id, tool: call.tool, since: answered });
      }
      if (outcome === undefined || call !== undefined) return undefined;
      answered++;
      if (event.call_id !== undefined) open.delete(event.call_id);
      const [oldest] = open.values();
      if (oldest === undefined || answered - oldest.since < results) return undefined;
      // What made one lose its answer mostly made others lose theirs: one finding speaks of all.
      const lost = [...open].filter(([, { since }]) => since < answered);
      for (const [callId] of lost) open.delete(callId);
      const message =
        `${oldest.tool} was never answered, while ${answered - oldest.since} other calls were` +
        (lost.length > 1 ? `; nor were ${lost.length - 1} calls after it` : "");
      const evidence = [...lost.map(([, { eventId }]) => eventId), event.id];
      return { message, evidence, threshold: results, actual: answered - oldest.since };
    };
  },
});
