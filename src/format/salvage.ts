// What can still be read of a line that is not one JSON object: records glued together (a writer that resumed after a
// last line without a newline), a record cut off by a crash and followed by the next one, one record written into the
// middle of another, runs of NUL bytes left by a power failure. Works on bytes, in one pass.

import type { JsonObject } from "../event/index.ts";
import { parseJson, parseObject } from "./parse.ts";

/** A part of a line, as byte positions in it. */
export type Piece =
  | { kind: "record"; record: JsonObject; from: number; to: number }
  | { kind: "damage"; reason: string; from: number; to: number }
  /** The end of a line that has no newline yet: more may come. */
  | { kind: "unfinished"; from: number; to: number };

export interface SalvageOptions {
  /** The line has its newline. */
  terminated: boolean;
  /** Whether an object behind damage, at that position of the line, is a record and not a piece of one. */
  isRecord: (object: JsonObject, at: number) => boolean;
  /** What stands between the elements of an array is as good as a blank. Default: false. */
  inArray?: boolean;
}

/**
 * Takes a line apart. Every byte that is not white space is in exactly one piece; pieces come in order.
 *
 * Records that follow one another from the beginning are taken as they are. Behind damage, where a piece of a torn
 * record can look whole, only an object that is `isRecord` is taken.
 *
 * Of a line without a newline, nothing is called damage that more bytes could still complete; so reading a file in
 * two goes finds the same pieces as reading it once.
 */
export function salvageLine(
  bytes: Buffer,
  { terminated, isRecord, inArray = false }: SalvageOptions,
): Piece[] {
  const pieces: Piece[] = [];
  let damageFrom = -1;
  let damaged = false;
  let unclosed = 0;
  let at = 0;
  const flushDamage = (to: number): void => {
    if (damageFrom >= 0) pieces.push(damagePiece(bytes, damageFrom, to));
    damageFrom = -1;
  };
  while ((at = damageFrom < 0 ? skipBlank(bytes, at, inArray) : nextObject(bytes, at)) < bytes.length) {
    const to = bytes[at] === OPEN && unclosed < MAX_UNCLOSED ? endOfObject(bytes, at) : -1;
    if (bytes[at] === OPEN && to < 0) {
      unclosed++;
      if (!terminated) break;
    }
    const record = to < 0 ? undefined : parseObject(bytes, at, to);
    if (record !== undefined && (!damaged || isRecord(record, at))) {
      flushDamage(at);
      pieces.push({ kind: "record", record, from: at, to });
      at = to;
    } else {
      if (damageFrom < 0) damageFrom = at;
      damaged = true;
      // A whole object that is no record is a piece of a torn one, and so is everything in it.
      at = record === undefined ? at + 1 : to;
    }
  }
  const rest = damageFrom < 0 ? at : damageFrom;
  if (!terminated && rest < bytes.length) pieces.push({ kind: "unfinished", from: rest, to: bytes.length });
  else flushDamage(bytes.length);
  return pieces;
}

// --- internal ---

const OPEN = 0x7b;
const CLOSE = 0x7d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
/** Objects that never close make salvage read to the end of the line; after this many, what is left is damage. */
const MAX_UNCLOSED = 16;

/** The position after the blanks at `at`: JSON's white space (several lines may come as one), and byte order marks. */
function skipBlank(bytes: Buffer, at: number, inArray: boolean): number {
  for (;;) {
    const byte = bytes[at];
    if (isBlank(byte)) at++;
    else if (byte === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf) at += 3;
    else if (inArray && (byte === COMMA || byte === OPEN_ARRAY || byte === CLOSE_ARRAY)) at++;
    else return at;
  }
}

/** The next `{"` at or after `at`. Inside a string it would be `{\"`, so this is where an object begins. */
function nextObject(bytes: Buffer, at: number): number {
  const found = bytes.indexOf('{"', at, "latin1");
  return found < 0 ? bytes.length : found;
}

/** The position after the brace that closes the object at `from`, or -1. */
function endOfObject(bytes: Buffer, from: number): number {
  let depth = 0;
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === OPEN) depth++;
    else if (byte === CLOSE) {
      if (--depth === 0) return at + 1;
    } else if (byte === QUOTE) {
      at++;
      while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
    }
  }
  return -1;
}

function damagePiece(bytes: Buffer, from: number, to: number): Piece {
  // Blanks before the next record belong to neither.
  while (to > from && isBlank(bytes[to - 1])) to--;
  return { kind: "damage", reason: reasonOf(bytes.subarray(from, to)), from, to };
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === 0x0a;
}

function reasonOf(bytes: Buffer): string {
  if (bytes.every((byte) => byte === 0)) return "NUL bytes";
  const isJson = parseJson(bytes.toString("utf8")) !== undefined;
  return isJson ? "JSON, but not an object" : "not JSON: cut off or overwritten";
}
