// Goes over one JSON object without making anything of it, to the letter of RFC 8259: about a nanosecond a byte. Of the
// members of the object itself, not of what is nested in it, those that are asked for are noted by their places.

/** What the value of a member is. */
export const ABSENT = 0;
export const TEXT = 1;
/** A text in which something stands escaped. */
export const ESCAPED = 2;
export const NUMBER = 3;
export const OTHER = 4;

export class JsonScanner {
  /** Of the object that was scanned last, by the place of their names among those asked for; texts without their quotes. */
  readonly kinds: Uint8Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** Whether there is no byte in it that is part of a longer character; those are not looked at any further. */
  isAscii = true;
  /** The names, each with its number, by their length. */
  readonly #names: { bytes: Buffer; field: number }[][] = [];
  /** What each array or object that is open ends with. */
  readonly #closers: Uint8Array = new Uint8Array(MAX_DEPTH + 1);
  #buffer: Buffer = NO_BYTES;
  #kind = ABSENT;

  constructor(names: readonly string[]) {
    this.kinds = new Uint8Array(names.length);
    this.starts = new Int32Array(names.length);
    this.ends = new Int32Array(names.length);
    for (const [field, name] of names.entries())
      (this.#names[name.length] ??= []).push({ bytes: Buffer.from(name), field });
  }

  /**
   * Whether the bytes from `start` to `end`, at which a newline has to stand, are one object that can be told about: not
   * when a name has escapes, or one that is asked for stands there twice, or too much is nested in it.
   */
  scan(buffer: Buffer, start: number, end: number): boolean {
    if (buffer[start] !== OPEN || buffer[end] !== NEWLINE) return false;
    this.#buffer = buffer;
    this.isAscii = true;
    this.kinds.fill(ABSENT);
    let at = this.#blank(start + 1);
    if (buffer[at] === CLOSE) return this.#blank(at + 1) === end;
    for (;;) {
      const from = at + 1;
      const to = buffer[at] === QUOTE ? this.#text(from) : -1;
      if (to < 0 || this.#kind === ESCAPED) return false;
      const field = this.#fieldAt(from, to);
      at = this.#blank(to + 1);
      if (buffer[at] !== COLON) return false;
      const value = this.#blank(at + 1);
      at = this.#value(value);
      if (at < 0 || !this.#note(field, value, at)) return false;
      at = this.#blank(at);
      const byte = buffer[at];
      at = this.#blank(at + 1);
      if (byte === CLOSE) return at === end;
      if (byte !== COMMA) return false;
    }
  }

  // --- internal ---

  #note(field: number, from: number, to: number): boolean {
    if (field < 0) return true;
    if (this.kinds[field] !== ABSENT) return false;
    const kind = this.#kind;
    const quote = kind === TEXT || kind === ESCAPED ? 1 : 0;
    this.kinds[field] = kind;
    this.starts[field] = from + quote;
    this.ends[field] = to - quote;
    return true;
  }

  #fieldAt(from: number, to: number): number {
    const names = this.#names[to - from];
    if (names === undefined) return -1;
    for (const { bytes, field } of names) if (isSame(bytes, this.#buffer, from)) return field;
    return -1;
  }

  /** Behind the value that begins at `at`, and what it is; -1 when it is none. A newline is no part of any. */
  #value(start: number): number {
    const buffer = this.#buffer;
    const closers = this.#closers;
    let depth = 0;
    for (let at = start; ;) {
      const byte = buffer[at];
      if (byte === OPEN || byte === OPEN_LIST) {
        if (depth === MAX_DEPTH) return -1;
        const closer = byte === OPEN ? CLOSE : CLOSE_LIST;
        closers[++depth] = closer;
        at = this.#blank(at + 1);
        if (buffer[at] === closer) {
          at++;
          depth--;
          this.#kind = OTHER;
        } else {
          if (closer === CLOSE) at = this.#name(at);
          if (at < 0) return -1;
          continue;
        }
      } else {
        at = byte === QUOTE ? this.#text(at + 1) + 1 : this.#numberOrWord(at);
        if (at <= 0) return -1;
      }
      // Behind a value: as many ends as there are, or the next one.
      for (;;) {
        if (depth === 0) return at;
        at = this.#blank(at);
        const next = buffer[at++];
        if (next === closers[depth]) {
          depth--;
          this.#kind = OTHER;
          continue;
        }
        if (next !== COMMA) return -1;
        at = this.#blank(at);
        if (closers[depth] === CLOSE) at = this.#name(at);
        if (at < 0) return -1;
        break;
      }
    }
  }

  /** Behind a name and its colon. */
  #name(at: number): number {
    const end = this.#buffer[at] === QUOTE ? this.#text(at + 1) : -1;
    if (end < 0) return -1;
    const colon = this.#blank(end + 1);
    return this.#buffer[colon] === COLON ? this.#blank(colon + 1) : -1;
  }

  /** Where the quote stands that ends a text. */
  #text(from: number): number {
    const buffer = this.#buffer;
    this.#kind = TEXT;
    for (let at = from; ;) {
      const byte = buffer[at] ?? 0;
      if (IS_PLAIN[byte] === 1) at++;
      else if (byte === QUOTE) return at;
      else if (byte === BACKSLASH) {
        this.#kind = ESCAPED;
        const escape = buffer[at + 1] ?? 0;
        if (IS_ESCAPE[escape] !== 1) return -1;
        at += 2;
        if (escape !== UNICODE) continue;
        for (const end = at + 4; at < end; at++) if (IS_HEX[buffer[at] ?? 0] !== 1) return -1;
      } else if (byte >= 0x80) {
        this.isAscii = false;
        at++;
      } else return -1;
    }
  }

  #numberOrWord(at: number): number {
    const buffer = this.#buffer;
    this.#kind = OTHER;
    for (const word of WORDS)
      if (buffer[at] === word[0]) return isSame(word, buffer, at) ? at + word.length : -1;
    this.#kind = NUMBER;
    let end = buffer[at] === MINUS ? at + 1 : at;
    end = buffer[end] === ZERO ? end + 1 : this.#digits(end);
    if (end > 0 && buffer[end] === DOT) end = this.#digits(end + 1);
    if (end > 0 && ((buffer[end] ?? 0) | 0x20) === EXPONENT) {
      const sign = buffer[end + 1] === MINUS || buffer[end + 1] === PLUS ? 1 : 0;
      end = this.#digits(end + 1 + sign);
    }
    return end;
  }

  /** Behind one digit or more. */
  #digits(from: number): number {
    let at = from;
    while (((this.#buffer[at] ?? 0) - ZERO) >>> 0 < 10) at++;
    return at === from ? -1 : at;
  }

  #blank(from: number): number {
    const buffer = this.#buffer;
    let at = from;
    while (buffer[at] === SPACE || buffer[at] === TAB || buffer[at] === RETURN) at++;
    return at;
  }
}

/** Whether a text stands in a buffer from `from` on. */
export function isSame(bytes: Buffer, buffer: Buffer, from: number): boolean {
  for (let at = 0; at < bytes.length; at++) if (bytes[at] !== buffer[from + at]) return false;
  return true;
}

// --- internal ---

const NO_BYTES: Buffer = Buffer.alloc(0);
/** Of what is nested in one another; what is more is for a parser. */
const MAX_DEPTH = 64;
const TAB = 0x09;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const EXPONENT = 0x65;
const UNICODE = 0x75;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const WORDS = ["true", "false", "null"].map((word) => Buffer.from(word));

/** What stands for itself in a text; all but ASCII is looked at by others. */
const IS_PLAIN: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(byte >= 0x20 && byte < 0x80 && byte !== QUOTE && byte !== BACKSLASH),
);
const IS_ESCAPE = setOf('"\\/bfnrtu');
const IS_HEX = setOf("0123456789abcdefABCDEF");

function setOf(characters: string): Uint8Array {
  const set = new Uint8Array(256);
  for (const code of Buffer.from(characters)) set[code] = 1;
  return set;
}
