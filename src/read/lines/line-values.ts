// Values that stand in lines, read from their bytes without making what the last line had already.

import { parseTimestamp } from "../../event/index.ts";
import { instantOf } from "../../summary/index.ts";

/** Times as texts. Neighbours share their minute, so most take a look at the rest. */
export class LineTimes {
  /** The minute of the time that was read last, as its text is written, and as an instant. */
  readonly #minute: Buffer = Buffer.alloc(MINUTE_BYTES);
  #minuteMs = NaN;
  #minuteText = "";
  /** The text that was read last; empty when it is no time. */
  text = "";

  /**
   * The instant that stands between two places: as our writer writes it, and otherwise as any reader reads it; NaN when it is
   * none.
   */
  read(buffer: Buffer, from: number, to: number): number {
    const isWritten = to - from === TIME_BYTES && buffer[to - 1] === ZULU && buffer[to - 5] === DOT;
    if (isWritten && isSame(this.#minute, buffer, from)) {
      const at = from + MINUTE_BYTES;
      const [tens, ones] = [digit(buffer[at + 1]), digit(buffer[at + 2])];
      const [a, b, c] = [digit(buffer[at + 4]), digit(buffer[at + 5]), digit(buffer[at + 6])];
      if (buffer[at] === COLON && tens < 6 && Math.max(ones, a, b, c) < 10) {
        const seconds = tens * 10 + ones;
        const milliseconds = a * 100 + b * 10 + c;
        // Put together in a third of the time that it takes to make it of the bytes.
        this.text = this.#minuteText + SECONDS[seconds] + MILLISECONDS[milliseconds];
        return this.#minuteMs + seconds * 1000 + milliseconds;
      }
    }
    const text = buffer.toString("utf8", from, to);
    this.text = "";
    if (parseTimestamp(text) === undefined) return NaN;
    this.text = text;
    const timeMs = instantOf(text);
    // The sixtieth second would be one of the next minute.
    if (isWritten && digit(buffer[from + MINUTE_BYTES + 1]) < 6) {
      buffer.copy(this.#minute, 0, from, from + MINUTE_BYTES);
      this.#minuteMs = Math.floor(timeMs / 60_000) * 60_000;
      this.#minuteText = text.slice(0, MINUTE_BYTES);
    }
    return timeMs;
  }
}

/** Texts of which few take turns in a log, like names of tools: making one each time would take longer than finding it. */
export class LineTexts {
  readonly #seen: ({ bytes: Buffer; text: string } | undefined)[] = Array.from({ length: SLOTS });

  read(buffer: Buffer, from: number, to: number): string {
    const length = to - from;
    if (length === 0 || length > MAX_TEXT_BYTES) return buffer.toString("utf8", from, to);
    const slot = slotOf(length, buffer[from] ?? 0, buffer[from + (length >> 1)] ?? 0, buffer[to - 1] ?? 0);
    const known = this.#seen[slot];
    if (known !== undefined && known.bytes.length === length && isSame(known.bytes, buffer, from))
      return known.text;
    const text = buffer.toString("utf8", from, to);
    this.#seen[slot] = { bytes: Buffer.from(buffer.subarray(from, to)), text };
    return text;
  }
}

/** The whole number from 0 that stands between two places, of at most fifteen digits; -1 when it is none. */
export function readCount(buffer: Buffer, from: number, to: number): number {
  if (to - from > MAX_DIGITS) return -1;
  let value = 0;
  for (let at = from; at < to; at++) {
    const next = digit(buffer[at]);
    if (next > 9) return -1;
    value = value * 10 + next;
  }
  return value;
}

/**
 * The number that stands between two places of JSON text. One of few digits is a whole number and a power of ten, of which
 * both are doubles, so that dividing them gives the double that is nearest to it, which is what a parser gives.
 */
export function readNumber(buffer: Buffer, from: number, to: number): number {
  if (to - from > MAX_DIGITS) return Number(buffer.toString("latin1", from, to));
  let value = 0;
  let point = -1;
  for (let at = from; at < to; at++) {
    const next = digit(buffer[at]);
    if (next <= 9) value = value * 10 + next;
    else if (buffer[at] === DOT) point = at;
    else return Number(buffer.toString("latin1", from, to));
  }
  return point < 0 ? value : value / (POWERS[to - point - 1] ?? NaN);
}

/** Whether a text stands in a buffer from `from` on. */
export function isSame(bytes: Buffer, buffer: Buffer, from: number): boolean {
  for (let at = 0; at < bytes.length; at++) if (bytes[at] !== buffer[from + at]) return false;
  return true;
}

// --- internal ---

const DOT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const ZULU = 0x5a;
/** `2026-01-06T22:00`, and `2026-01-06T22:00:00.000Z`. */
const MINUTE_BYTES = 16;
const TIME_BYTES = 24;
const SECONDS = Array.from({ length: 60 }, (_, seconds) => `:${String(seconds).padStart(2, "0")}.`);
const MILLISECONDS = Array.from({ length: 1000 }, (_, each) => `${String(each).padStart(3, "0")}Z`);
/** Two texts that take turns in one slot would be made each time: there are many more than texts. */
const SLOT_BITS = 12;
const SLOTS: number = 2 ** SLOT_BITS;
const MAX_TEXT_BYTES = 128;
/** With one digit less than the largest safe integer, a number is safe. */
const MAX_DIGITS = 15;
const POWERS = Array.from({ length: MAX_DIGITS + 1 }, (_, power) => 10 ** power);

/** Of a text's length, and of three of its bytes. */
function slotOf(length: number, first: number, middle: number, last: number): number {
  return Math.imul((length << 24) ^ (first << 16) ^ (middle << 8) ^ last, 0x9e3779b1) >>> (32 - SLOT_BITS);
}

function digit(byte: number | undefined): number {
  return ((byte ?? 0) - ZERO) >>> 0;
}
