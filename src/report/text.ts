// Numbers, times and texts as a terminal shows them. Text from a recording never reaches a terminal as it is: its
// control characters could move the cursor or change colours.

import { inUtc } from "../event/index.ts";

/** @example formatCount(1234567) // "1,234,567" */
export function formatCount(value: number): string {
  return grouped(value.toFixed(0));
}

/** @example plural(1, "session") // "1 session" */
export function plural(count: number, noun: string, nouns = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : nouns}`;
}

/** Large counts in three or four characters: `999`, `12.3k`, `4.56M`. */
export function formatShort(value: number): string {
  for (const [unit, suffix] of [
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const) {
    // 999,950 would round to 1000.0k, so the next unit begins where rounding reaches it.
    if (value >= unit * 0.99995) {
      const scaled = value / unit;
      return `${scaled.toFixed(scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2)}${suffix}`;
    }
  }
  return formatCount(value);
}

/** @example formatBytes(1536) // "1.5 KiB" */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return plural(bytes, "byte");
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1023.95 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(1)} ${units[unit] ?? ""}`;
}

/** The two largest units of a duration: `850 ms`, `4.2 s`, `3 m 05 s`, `1 h 02 m`, `2 d 03 h`. */
export function formatDuration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const two = (large: number, small: number, units: string): string =>
    `${formatCount(large)} ${units[0] ?? ""} ${String(small).padStart(2, "0")} ${units[1] ?? ""}`;
  if (seconds < 3600) return two(Math.floor(seconds / 60), seconds % 60, "ms");
  const minutes = Math.round(seconds / 60);
  if (minutes < 24 * 60) return two(Math.floor(minutes / 60), minutes % 60, "hm");
  const hours = Math.round(minutes / 60);
  return two(Math.floor(hours / 24), hours % 24, "dh");
}

/** Money to the cent; smaller amounts that are not nothing show as `<$0.01`. */
export function formatUsd(usd: number): string {
  if (usd > 0 && usd < 0.005) return "<$0.01";
  return usd < 0 ? `-$${grouped((-usd).toFixed(2))}` : `$${grouped(usd.toFixed(2))}`;
}

/** A share as a percentage with one decimal: `12.5 %`; `0 %` only for none at all. */
export function formatPercent(part: number, whole: number): string {
  if (whole === 0 || part === 0) return "0 %";
  return `${((100 * part) / whole).toFixed(1)} %`;
}

/** RFC 3339, of whatever offset, as UTC without the letters and to the minute: `2026-01-06 22:00`. */
export function formatMinute(timestamp: string): string {
  return formatSecond(timestamp).slice(0, 16);
}

/** The same to the second. */
export function formatSecond(timestamp: string): string {
  const utc = inUtc(timestamp);
  return `${utc.slice(0, 10)} ${utc.slice(11, 19)}`;
}

/**
 * Text on one line, safe to print: line ends and tabs become spaces; control characters, bidirectional controls,
 * invisible tag characters and lone surrogates become visible escapes.
 */
export function printable(text: string): string {
  if (ASCII.test(text)) return text;
  return text.replace(/[\t\n\r]+/g, " ").replace(UNPRINTABLE, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16);
    return `\\u{${code}}`;
  });
}

/** Columns that a printable text takes in a terminal: wide characters and emoji take two, combining marks none. */
export function textWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemesOf(text)) width += WIDE.test(segment) ? 2 : ZERO.test(segment) ? 0 : 1;
  return width;
}

/** The beginning of a printable text that fits, with `…` where something is missing. */
export function fitText(text: string, columns: number): string {
  if (columns <= 0) return "";
  // One more, which may belong to the character before it.
  if (PLAIN.test(text.slice(0, columns + 1)))
    return text.length <= columns ? text : `${text.slice(0, columns - 1)}…`;
  let fitted = "";
  let width = 0;
  let isFull = false;
  // Looks no further than the end of the line: what stands in a log may be megabytes long.
  for (const { segment } of graphemesOf(text)) {
    width += textWidth(segment);
    if (width > columns) return `${fitted}…`;
    isFull ||= width > columns - 1;
    if (!isFull) fitted += segment;
  }
  return text;
}

/** Filled up with spaces to a width, on the right or on the left. */
export function padText(text: string, columns: number, align: "left" | "right" = "left"): string {
  const padding = " ".repeat(Math.max(0, columns - textWidth(text)));
  return align === "left" ? text + padding : padding + text;
}

// --- internal ---

/** Digits in groups of three. (`Intl` takes 10 ms to load, which is a sixth of a short command.) */
function grouped(digits: string): string {
  if (digits.length <= 3) return digits;
  return digits.replace(/\B(?<!\.\d*)(?=(?:\d{3})+(?!\d))/g, ",");
}

let segmenter: Intl.Segmenter | undefined;

function graphemesOf(text: string): Intl.Segments {
  return (segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" })).segment(text);
}

// oxlint-disable-next-line no-control-regex -- control characters are what this is about
const ASCII = /^[\u0020-\u007e]*$/;
/** Each takes one column and joins with none of the others: also what tables of ours say themselves, `–` and `…`. */
const PLAIN = /^[\u0020-\u007e\u00a1-\u00ac\u00ae-\u017f\u2010-\u2015\u2018-\u201f\u2026]*$/;
const UNPRINTABLE =
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|\p{Surrogate}/gu;
// East Asian wide and fullwidth blocks (UAX #11) and what is shown as an emoji.
const WIDE =
  /^(?:[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]|[\u{17000}-\u{18cff}\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\p{Emoji}\ufe0f)/u;
const ZERO = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;
