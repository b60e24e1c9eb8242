import { Burst } from "../burst.ts";
import { defineRule } from "../rule.ts";
import type { Rule } from "../rule.ts";

/** Failed calls that are remembered. */
const MAX_FAILED = 32;

/** Sentinel's RULE-010. A retry is the same call again after it failed. */
export const retryStorm: Rule = defineRule({
  id: "RETRY_STORM",
  severity: "HIGH",
  about: "the same call is tried again and again although it fails",
  options: {
    retries: { about: "retries of one call", default: 5, min: 3, max: 10 },
    windowMs: { about: "within so many milliseconds", default: 60_000, min: 1000, max: 3_600_000 },
  },
  watch: ({ retries, windowMs }) => {
    const failed = new Map<number, Burst>();
    return ({ event, timeMs, call, outcome }) => {
      const again = call?.signature === undefined ? undefined : failed.get(call.signature);
      const evidence = again?.add(event.id, timeMs);
      const ended = outcome?.call?.signature;
      if (ended !== undefined && outcome !== undefined) {
        if (!outcome.failed) failed.delete(ended);
        else if (!failed.has(ended)) {
          if (failed.size >= MAX_FAILED) failed.delete(failed.keys().next().value ?? 0);
          failed.set(ended, new Burst(retries, windowMs));
        }
      }
      if (evidence === undefined) return undefined;
      const message = `${call?.tool ?? "a call"} was retried ${retries} times within ${windowMs / 1000} s and kept failing`;
      return { message, evidence, threshold: retries, actual: evidence.length };
    };
  },
});
