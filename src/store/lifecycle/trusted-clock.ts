// Whether the clock may be trusted with deleting. A machine whose clock says 2035 for ten minutes after it was switched
// on would delete everything; so what the ledger recorded lately must lead up to the present without a leap.

import * as fs from "node:fs";

import { formatTimestamp } from "../../event/index.ts";
import { decodeLine } from "../../format/index.ts";
import { readLinesBackwards } from "../reading/line-reader.ts";
import { DAY_MS } from "./plan.ts";

/** How long after a run that deleted nothing the next one may. */
export const DEFERRED_MS: number = 3_600_000;
const MONTH_MS: number = 31 * DAY_MS;

/** An entry of a log that witnesses the time, and when it was made. */
export interface Witness {
  type: string;
  timeMs: number;
}

/** Why nothing is to be deleted now. */
export interface ClockDoubt {
  reason: string;
  /** A run has said so within the last hour, which it takes to see whether the clock goes back. */
  isWatched: boolean;
}

/**
 * Why nothing is to be deleted now; undefined when the clock can be trusted.
 *
 * A leap of more than a day cannot be told from a store that nobody used for so long. Either way one run deletes nothing;
 * the one after it does, from an hour to a month later, unless the clock has gone back meanwhile.
 *
 * @param entries from the last to the first, as far as they are asked for
 * @param newestEventMs time of the newest event that may go; asked for when the entries do not reach back far enough
 */
export function whyClockIsDoubtful(
  entries: Iterable<Witness>,
  nowMs: number,
  newestEventMs: number,
): ClockDoubt | undefined {
  let laterMs = nowMs;
  let leap: ClockDoubt | undefined;
  for (const { type, timeMs } of entries) {
    if (timeMs - laterMs > DAY_MS) return leapBetween(timeMs, laterMs);
    if (laterMs - timeMs > DAY_MS) leap ??= leapBetween(timeMs, laterMs);
    if (type === "RETENTION_DEFERRED") {
      const passedMs = nowMs - timeMs;
      if (passedMs >= DEFERRED_MS) return passedMs <= MONTH_MS ? undefined : leap;
      const reason = `the clock is watched for an hour first, from ${formatTimestamp(timeMs)} on`;
      return { reason, isWatched: true };
    }
    if (type === "RETENTION_RUN") return leap;
    if (leap === undefined && nowMs - timeMs >= DAY_MS) return undefined;
    laterMs = timeMs;
  }
  if (leap !== undefined || laterMs - newestEventMs <= DAY_MS) return leap;
  return leapBetween(newestEventMs, laterMs);
}

/** When the policy was last enforced or changed, by the clock of then; undefined when never. */
export function lastRunMs(ledger: string): number | undefined {
  for (const { type, timeMs } of entriesBackwards(ledger)) {
    if (type === "RETENTION_RUN" || type === "RETENTION_DEFERRED") return timeMs;
    // A new policy is enforced at once.
    if (type === "SETTINGS_CHANGED") return undefined;
  }
  return undefined;
}

/** The entries of a ledger, the last one first. */
export function* entriesBackwards(ledger: string): Generator<Witness, void, undefined> {
  if (!fs.existsSync(ledger)) return;
  for (const line of readLinesBackwards(ledger)) {
    const decoded = "bytes" in line ? decodeLine(line.bytes) : undefined;
    if (decoded?.kind !== "event") continue;
    const timeMs = Date.parse(decoded.event.timestamp);
    if (!Number.isNaN(timeMs)) yield { type: decoded.event.event, timeMs };
  }
}

// --- internal ---

function leapBetween(fromMs: number, toMs: number): ClockDoubt {
  const [from, to] = [formatTimestamp(fromMs), formatTimestamp(toMs)];
  return {
    reason: `the clock leapt from ${from} to ${to}, or nothing was recorded in between`,
    isWatched: false,
  };
}
