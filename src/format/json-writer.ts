// Plain JSON straight into a buffer: the bytes of `encodeJson` for about half its price. A text by JSON.stringify is put
// together piece by piece, joined, looked through for unsafe characters, copied and thrown away. Most texts of events are
// ASCII in which little has to be escaped, and need none of it; the others go that way.

import type { JsonObject, JsonValue } from "../event/index.ts";
import { escapeInPlace, NOT_HERE } from "./line-memory.ts";
import { escapeUnsafe } from "./safe-json.ts";
import { AS_IT_IS, FORMS, OTHER, OVERRUN_BYTES } from "./text-kernel.ts";

/** Returned in place of where it ends by whatever does not fit. What is in the buffer from `at` on is of no meaning then. */
export const NO_ROOM = -1;

/**
 * Writes the fields of a plain object (see `toPlain`), a comma before each of them.
 *
 * @param skipped name of a field that is left out
 * @param end where the room ends
 * @returns where they end, or {@link NO_ROOM}
 */
export function writeFields(
  object: JsonObject,
  skipped: string | undefined,
  into: Buffer,
  at: number,
  end: number,
): number {
  let to = at;
  for (const name in object) {
    const value = object[name];
    if (value === undefined || name === skipped || !Object.hasOwn(object, name)) continue;
    const field = fieldOf(name);
    const valueAt = to + field.length;
    if (valueAt > end) return NO_ROOM;
    for (let index = 0; index < field.length; index++) into[to + index] = field[index] ?? 0;
    to = writeValue(value, into, valueAt, end);
    if (to === NO_ROOM) return NO_ROOM;
  }
  return to;
}

// --- internal ---

const COMMA = 0x2c;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function writeValue(value: JsonValue, into: Buffer, at: number, end: number): number {
  switch (typeof value) {
    case "string":
      return writeText(value, into, at, end);
    case "number":
      return writeNumber(value, into, at, end);
    case "object":
      if (value === null) break;
      return Array.isArray(value) ? writeArray(value, into, at, end) : writeObject(value, into, at, end);
    case "boolean":
      return writeAscii(value ? "true" : "false", into, at, end);
  }
  return writeAscii("null", into, at, end);
}

function writeObject(object: JsonObject, into: Buffer, at: number, end: number): number {
  const to = writeFields(object, undefined, into, at, end);
  if (to === at) return writeAscii("{}", into, at, end);
  if (to === NO_ROOM || to >= end) return NO_ROOM;
  // In place of the first comma.
  into[at] = 0x7b;
  into[to] = 0x7d;
  return to + 1;
}

function writeArray(values: readonly JsonValue[], into: Buffer, at: number, end: number): number {
  let to = at;
  for (const value of values) {
    if (to >= end) return NO_ROOM;
    into[to] = COMMA;
    to = writeValue(value, into, to + 1, end);
    if (to === NO_ROOM) return NO_ROOM;
  }
  if (to === at) return writeAscii("[]", into, at, end);
  if (to >= end) return NO_ROOM;
  into[at] = 0x5b;
  into[to] = 0x5d;
  return to + 1;
}

function writeNumber(value: number, into: Buffer, at: number, end: number): number {
  // Also a getter that gives another value each time it is asked must not spoil the line.
  if (!Number.isFinite(value)) return writeAscii("null", into, at, end);
  if (value < 0 || value >= 1e9 || !Number.isInteger(value)) return writeAscii(String(value), into, at, end);
  const to = at + digitsOf(value);
  if (to > end) return NO_ROOM;
  writeDigits(value, into, to);
  return to;
}

function writeAscii(text: string, into: Buffer, at: number, end: number): number {
  const to = at + text.length;
  if (to > end) return NO_ROOM;
  for (let index = 0; index < text.length; index++) into[at + index] = text.charCodeAt(index);
  return to;
}

/** How many digits a whole number from 0 has. */
export function digitsOf(value: number): number {
  if (value >= 1e9) return String(value).length;
  let digits = 1;
  for (let limit = 10; value >= limit; limit *= 10) digits++;
  return digits;
}

/** Writes a whole number from 0 so that it ends before `end`. */
export function writeDigits(value: number, into: Buffer, end: number): void {
  let rest = value;
  let at = end;
  do {
    const tenth = Math.floor(rest / 10);
    into[--at] = 0x30 + (rest - tenth * 10);
    rest = tenth;
  } while (rest > 0);
}

/** Characters of a text are dearer to get at than bytes of a buffer; a call to have them there costs as much as so many. */
const SHORT_TEXT = 100;

function writeText(text: string, into: Buffer, at: number, end: number): number {
  const { length } = text;
  // Where twice as much room is missing, what the text takes is looked up and not estimated.
  if (at + 2 * (length + 1 + OVERRUN_BYTES) > end) return writeAnyText(text, into, at, end);
  if (length > SHORT_TEXT) return writeLongText(text, into, at, end);
  let to = at;
  into[to++] = QUOTE;
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    const form = code < 0x80 ? (FORMS[code] ?? OTHER) : OTHER;
    if (form === AS_IT_IS) {
      into[to++] = code;
      continue;
    }
    if (form === OTHER) return writeAnyText(text, into, at, end);
    into[to++] = BACKSLASH;
    into[to++] = form;
  }
  into[to++] = QUOTE;
  return to;
}

/** The same by way of its bytes, which are put so far behind that what is written never reaches those still to be read. */
function writeLongText(text: string, into: Buffer, at: number, end: number): number {
  const { length } = text;
  const bytesAt = at + length + 2 + OVERRUN_BYTES;
  // Other than ASCII takes more bytes than it has characters.
  if (into.write(text, bytesAt, end - bytesAt) !== length) return writeAnyText(text, into, at, end);
  into[at] = QUOTE;
  const to = escapeInPlace(into, bytesAt, bytesAt + length, at + 1);
  if (to === NOT_HERE) return writeAnyText(text, into, at, end);
  into[to] = QUOTE;
  return to + 1;
}

function writeAnyText(text: string, into: Buffer, at: number, end: number): number {
  const json = escapeUnsafe(JSON.stringify(text));
  // No character takes more than three bytes in UTF-8 for each of its UTF-16 units.
  if (json.length * 3 > end - at && Buffer.byteLength(json) > end - at) return NO_ROOM;
  return at + into.write(json, at);
}

/** `,"name":` by name. Bounded, because names come from outside. */
const fields = new Map<string, Uint8Array>();
const MAX_FIELDS = 4096;
const MAX_NAME_LENGTH = 64;

function fieldOf(name: string): Uint8Array {
  const known = fields.get(name);
  if (known !== undefined) return known;
  const field = new Uint8Array(Buffer.from(escapeUnsafe(`,${JSON.stringify(name)}:`)));
  if (fields.size < MAX_FIELDS && name.length <= MAX_NAME_LENGTH) fields.set(name, field);
  return field;
}
