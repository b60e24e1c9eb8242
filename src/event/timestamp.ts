// RFC 3339 timestamps. Written in one form only (UTC, milliseconds, "Z"), read in any, as long as an offset is given:
// a time without one means a different instant on every machine, so it is refused.

const WRITTEN = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const READABLE =
  /^(\d{4}-\d\d-\d\d)[Tt ]([01]\d|2[0-3]):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):?(\d\d))$/;

/** First and last instants that RFC 3339 can write: its years have four digits. */
export const MIN_TIME_MS: number = Date.parse("0000-01-01T00:00:00.000Z");
export const MAX_TIME_MS: number = Date.parse("9999-12-31T23:59:59.999Z");

/**
 * Milliseconds since 1970 as `2026-01-06T22:00:00.000Z`.
 *
 * @throws RangeError outside the years 0000 to 9999
 */
export function formatTimestamp(timeMs: number): string {
  if (!(timeMs >= MIN_TIME_MS && timeMs <= MAX_TIME_MS)) {
    throw new RangeError(`a timestamp needs a year from 0000 to 9999, got ${timeMs} ms`);
  }
  return new Date(timeMs).toISOString();
}

/**
 * The instant that an RFC 3339 text names, in milliseconds since 1970 (finer digits are cut off), or undefined when it
 * is not one, has no offset, or names a day or an hour that does not exist.
 *
 * @example parseTimestamp("2026-01-06T23:00:00+01:00") // 1767736800000
 */
export function parseTimestamp(text: string): number | undefined {
  // The form that our writer writes is the one that is read by the million.
  if (text.length === 24 && WRITTEN.test(text)) {
    const day = text.slice(0, 10);
    if (day !== knownDay.text) {
      const timeMs = Date.parse(`${day}T00:00:00.000Z`);
      // V8 reads 30 February as 2 March; the day must come back as it was given.
      const isDay = new Date(timeMs).getUTCDate() === Number(text.slice(8, 10));
      knownDay = { text: day, timeMs: isDay ? timeMs : NaN };
    }
    const [hour, minute, second] = [twoDigits(text, 11), twoDigits(text, 14), twoDigits(text, 17)];
    const milliseconds = twoDigits(text, 20) * 10 + text.charCodeAt(22) - ZERO;
    const timeMs = knownDay.timeMs + ((hour * 60 + minute) * 60 + second) * 1000 + milliseconds;
    if (hour < 24 && minute < 60 && second < 60 && !Number.isNaN(timeMs)) return timeMs;
  }
  const parts = READABLE.exec(text);
  if (parts === null) return undefined;
  const [
    ,
    date = "",
    hour = "",
    minute = "",
    second = "",
    fraction = "",
    sign,
    offsetHour = "0",
    offsetMinute = "0",
  ] = parts;
  if (Number(offsetHour) > 23 || Number(offsetMinute) > 59) return undefined;
  // A leap second has no place in milliseconds since 1970; it becomes the last millisecond before it.
  const clock = second === "60" ? "59.999" : `${second}.${fraction.padEnd(3, "0").slice(0, 3)}`;
  const localMs = Date.parse(`${date}T${hour}:${minute}:${clock}Z`);
  // V8 reads 30 February as 2 March, so the day must come back as it was given; NaN never does.
  if (!(new Date(localMs).getUTCDate() === Number(date.slice(8)))) return undefined;
  const offsetMs = (Number(offsetHour) * 60 + Number(offsetMinute)) * 60_000;
  const timeMs = sign === "-" ? localMs + offsetMs : localMs - offsetMs;
  return timeMs >= MIN_TIME_MS && timeMs <= MAX_TIME_MS ? timeMs : undefined;
}

/** A timestamp as {@link formatTimestamp} writes it; a text that is none stays as it is. */
export function inUtc(timestamp: string): string {
  if (WRITTEN.test(timestamp)) return timestamp;
  const timeMs = parseTimestamp(timestamp);
  return timeMs === undefined ? timestamp : formatTimestamp(timeMs);
}

/** Whether a text is a timestamp exactly as {@link formatTimestamp} writes it. */
export function isWrittenTimestamp(text: string): boolean {
  return WRITTEN.test(text) && parseTimestamp(text) !== undefined;
}

// --- internal ---

const ZERO = 0x30;

/** The day that was read last, which mostly is the next one's too. */
let knownDay = { text: "", timeMs: NaN };

function twoDigits(text: string, at: number): number {
  return text.charCodeAt(at) * 10 + text.charCodeAt(at + 1) - ZERO * 11;
}
