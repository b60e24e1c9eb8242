// Points in time as people give them: an instant, or how long ago.

import { describe } from "../../base/options.ts";
import { MAX_TIME_MS, MIN_TIME_MS, parseTimestamp } from "../../event/index.ts";

/** A Date, RFC 3339 text with an offset, or a duration before now such as "90s", "30m", "2h", "7d" or "1h30m". */
export type Moment = string | Date;

/**
 * The instant of a moment, in milliseconds since 1970.
 *
 * @param name what it is called, for the error
 * @throws TypeError, RangeError for anything that names no instant
 */
export function parseMoment(name: string, moment: Moment, nowMs: number): number {
  if (moment instanceof Date) {
    const timeMs = moment.getTime();
    if (Number.isNaN(timeMs)) throw new RangeError(`${name} is an invalid Date`);
    return timeMs;
  }
  if (typeof moment !== "string") {
    throw new TypeError(`${name} must be text or a Date, got ${describe(moment)}`);
  }
  const agoMs = parseDuration(moment);
  if (agoMs !== undefined) return Math.min(Math.max(nowMs - agoMs, MIN_TIME_MS), MAX_TIME_MS);
  const timeMs = parseTimestamp(moment);
  if (timeMs !== undefined) return timeMs;
  const hint =
    parseTimestamp(`${moment}Z`) === undefined
      ? 'it takes an instant such as "2026-01-06T22:00:00Z", or how long ago, such as "30m", "2h" or "7d"'
      : 'its offset from UTC is missing, e.g. "Z" or "+01:00"';
  throw new RangeError(`${name} ${describe(moment)} names no instant: ${hint}`);
}

/**
 * Milliseconds of a duration: whole numbers of `w`, `d`, `h`, `m` and `s`, each at most once, longest first; undefined
 * for any other text.
 *
 * @example parseDuration("1h30m") // 5400000
 */
export function parseDuration(text: string): number | undefined {
  const parts = DURATION.exec(text);
  if (parts === null || text === "") return undefined;
  const [, weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = parts;
  const allDays = Number(weeks) * 7 + Number(days);
  return ((allDays * 24 + Number(hours)) * 60 + Number(minutes)) * 60_000 + Number(seconds) * 1000;
}

// --- internal ---

const DURATION = /^(?:(\d{1,9})w)?(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?$/;
