// Times without an offset mean a different instant in every place, so whoever imports them says which place was meant.

import { TracekeepError } from "../base/errors.ts";
import { MAX_TIME_MS, MIN_TIME_MS, parseTimestamp } from "../event/index.ts";

const NAIVE = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d{1,9})?)$/;

/** Whether a text is a time without an offset. */
export function isNaiveTime(text: string): boolean {
  return NAIVE.test(text);
}

/**
 * What a time without an offset means in a zone: a function from the text to milliseconds since 1970, or undefined for
 * what is no such time. A time that the clock showed twice is taken for the first of the two.
 *
 * @param zone `local` (this machine's), an offset such as `+09:00`, `UTC`, or an IANA name such as `Asia/Seoul`
 * @throws RangeError for any other zone
 * @example readerOfZone("+09:00")("2025-06-10T14:03:22.123456") // 1749531802123
 */
export function readerOfZone(zone: string): (text: string) => number | undefined {
  if (zone === "UTC" || /^[+-]\d\d:\d\d$/.test(zone)) {
    const offset = zone === "UTC" ? "Z" : zone;
    if (parseTimestamp(`2000-01-01T00:00:00${offset}`) === undefined) throw noZone(zone);
    return (text) => (isNaiveTime(text) ? parseTimestamp(text + offset) : undefined);
  }
  const clock = clockOf(zone === "local" ? undefined : zone);
  return (text) => {
    const utcMs = isNaiveTime(text) ? parseTimestamp(`${text}Z`) : undefined;
    if (utcMs === undefined) return undefined;
    // The zone's offset is that of the instant, which is what is looked for: the offsets a day before and after are the
    // two it can be.
    const offsets = [utcMs - DAY_MS, utcMs + DAY_MS].map((ms) => clock(ms) - ms);
    const candidates = offsets.map((offsetMs) => utcMs - offsetMs);
    const timeMs = candidates.find((ms) => clock(ms) === utcMs) ?? candidates[0] ?? NaN;
    // At the ends of what can be written, the zone's offset may lead beyond them.
    return timeMs >= MIN_TIME_MS && timeMs <= MAX_TIME_MS ? timeMs : undefined;
  };
}

/**
 * Reads the times of a file whose writer leaves the offset out, as far as it does.
 *
 * @param source the importer's name
 * @param readNaive from {@link readerOfZone}; undefined when no zone was named
 * @returns milliseconds since 1970, or undefined for what is no time; throws TracekeepError for a time that only a zone
 *   would tell
 */
export function readerOfTimes(
  source: string,
  path: string,
  readNaive: ((text: string) => number | undefined) | undefined,
): (text: string) => number | undefined {
  return (text) => {
    const timeMs = parseTimestamp(text);
    if (timeMs !== undefined || !isNaiveTime(text)) return timeMs;
    if (readNaive !== undefined) return readNaive(text);
    throw new TracekeepError(
      "BAD_EVENT",
      `its times have no offset; name the zone they were written in: import ${source} --zone local`,
      { path },
    );
  };
}

// --- internal ---

const DAY_MS = 86_400_000;

/** What a clock in that zone shows at an instant, as if it were UTC. @throws RangeError */
function clockOf(timeZone: string | undefined): (ms: number) => number {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone,
      calendar: "iso8601",
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    });
  } catch {
    throw noZone(timeZone ?? "local");
  }
  return (ms) => {
    const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
    const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
    const shown = new Date(0);
    // `Date.UTC` takes the years of the first century for those of the twentieth.
    shown.setUTCFullYear(part("year"), part("month") - 1, part("day"));
    shown.setUTCHours(part("hour"), part("minute"), part("second"));
    return shown.getTime() + (((ms % 1000) + 1000) % 1000);
  };
}

function noZone(zone: string): RangeError {
  return new RangeError(
    `a zone is local, UTC, an offset like +09:00, or a name like Asia/Seoul; got "${zone}"`,
  );
}
