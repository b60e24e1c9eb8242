// What values of a member may be like, byte by byte, for all of them to mean the same: to be the same text, to be a time on
// the same side of those that are asked for, or to be none.

import { instantOf } from "../../summary/index.ts";
import { foreignTime } from "./foreign.ts";

/** Of each byte, the least and the greatest that it may be; the bytes behind those may be any. */
export interface ValueForm {
  /** Of the whole value; 0 for any. */
  length: number;
  least: string;
  greatest: string;
}

/** One value only. */
export function exactly(value: string): ValueForm {
  return { length: value.length, least: value, greatest: value };
}

/** Whatever begins like it. */
export function beginningLike(value: string): ValueForm {
  return { length: 0, least: value.charAt(0), greatest: value.charAt(0) };
}

/** All values that have digits where this one has some. */
export function withAnyDigits(value: string): ValueForm {
  return { length: value.length, least: value.replace(/\d/g, "0"), greatest: value.replace(/\d/g, "9") };
}

/**
 * The values around a time that are times on the same side of what is asked for, as far as they begin like it; undefined when
 * it is none, or is written as few are.
 *
 * @param value as JSON: a text, or a number
 * @param sideOf tells an instant that is too early, one that is wanted and one that is too late by three numbers
 */
export function timesAround(value: string, sideOf: (timeMs: number) => number): ValueForm | undefined {
  const isText = value.startsWith('"');
  if (!(isText ? TEXT : NUMBER).test(value)) return undefined;
  for (const prefix of isText ? TEXT_PREFIXES : NUMBER_PREFIXES) {
    const form = isText ? timesLike(value, prefix) : numbersLike(value, prefix);
    const [first, last] = [instantAt(form.least), instantAt(form.greatest)];
    const isSame = !Number.isNaN(first) && !Number.isNaN(last) && sideOf(first) === sideOf(last);
    // The sixtieth second of a minute, or a 29th, is out of what others may be.
    if (isSame && holds(form, value)) return form;
  }
  return undefined;
}

/** All values like this one, which is no time, that are none whatever their digits; undefined when some may be. */
export function noTimesLike(value: string): ValueForm | undefined {
  if (!value.startsWith('"')) return NUMBER_BEGIN.test(value) ? undefined : beginningLike(value);
  if (value.length > MAX_TIME_BYTES) return { ...beginningLike(value), length: value.length };
  // Bytes of longer characters are digits of nothing, but there are more of them than characters.
  return TEXT.test(value) || !ASCII.test(value) ? undefined : withAnyDigits(value);
}

// --- internal ---

/** What `parseTimestamp` reads, whatever the digits. */
const TEXT = /^"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:?\d\d)"$/;
const NUMBER = /^[1-9]\d{0,15}(?:\.\d{1,9})?$/;
const NUMBER_BEGIN = /^[-\d]/;
const ASCII = /^[\x20-\x7e]*$/;
const MAX_TIME_BYTES = 40;

/** With the quote: all but the days behind the tens, the times of half a day, the minutes, the seconds, parts of one. */
const TEXT_PREFIXES = [10, 12, 14, 17, 20];
const NUMBER_PREFIXES = [1, 4, 7, 10, 13];

function timesLike(value: string, prefix: number): ValueForm {
  // The zone is as it is.
  const end = /[Zz+-]/.exec(value.slice(CLOCK_AT))?.index ?? 0;
  return varied(value, prefix, CLOCK_AT + end, (at) => rangeAt(value, at));
}

const CLOCK_AT = 12;

/** Digits, such that all times are there: from 1 to 28 in any month, from 0 to 23 and from 0 to 59. */
function rangeAt(value: string, at: number): string {
  switch (at) {
    case 10:
      return ({ 0: "19", 1: "09", 2: "08" } as Record<string, string>)[value.charAt(9)] ?? "00";
    case 12:
      return value.charAt(12) === "2" ? "22" : "01";
    case 13:
      return value.charAt(12) === "2" ? "03" : "09";
    case 15:
    case 18:
      return "05";
    default:
      return "09";
  }
}

function numbersLike(value: string, prefix: number): ValueForm {
  return varied(value, prefix, value.length, () => "09");
}

function varied(value: string, from: number, to: number, range: (at: number) => string): ValueForm {
  const digits = (side: 0 | 1): string =>
    value.replace(/\d/g, (digit, at: number) => (at >= from && at < to ? range(at).charAt(side) : digit));
  return { length: value.length, least: digits(0), greatest: digits(1) };
}

function instantAt(value: string): number {
  return instantOf(foreignTime(JSON.parse(value)) ?? "");
}

function holds({ least, greatest }: ValueForm, value: string): boolean {
  for (let at = 0; at < value.length; at++)
    if (value.charAt(at) < least.charAt(at) || value.charAt(at) > greatest.charAt(at)) return false;
  return true;
}
