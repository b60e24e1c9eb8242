import { defineRule } from "../rule.ts";
import type { Rule } from "../rule.ts";

/** Open calls that are watched; further ones are not. */
const MAX_OPEN = 256;

export const silentCall: Rule = defineRule({
  id: "SILENT_CALL",
  severity: "LOW",
  about: "nothing at all happened for a long time while a call was open: it hung, or waited for a person",
  options: { silenceMs: { about: "milliseconds", default: 600_000, min: 10_000, max: 86_400_000 } },
  watch: ({ silenceMs }) => {
    const open = new Map<string, string>();
    let lastMs = NaN;
    let lastId = "";
    return ({ event, timeMs, call, outcome }) => {
      const gapMs = timeMs - lastMs;
      const waiting = gapMs > silenceMs ? [...open.values()] : [];
      if (!Number.isNaN(timeMs)) {
        lastMs = timeMs;
        lastId = event.id;
      }
      if (call?.callId !== undefined && outcome === undefined && open.size < MAX_OPEN)
        open.set(call.callId, event.id);
      else if (outcome !== undefined && event.call_id !== undefined) open.delete(event.call_id);
      // Whoever goes on has given up on what is still open.
      if (event.event === "USER_MESSAGE") open.clear();
      if (waiting.length === 0) return undefined;
      const message = `nothing happened for ${Math.round(gapMs / 60_000)} minutes while a call was open`;
      return {
        message,
        evidence: [...new Set([...waiting.slice(-18), lastId])],
        threshold: silenceMs,
        actual: gapMs,
      };
    };
  },
});
