// Tests on the bytes of a line, before it is parsed: parsing costs about ten times as much. Our writer begins every
// line with `{"event":"TYPE","timestamp":"2026-01-06T22:00:00.000Z","severity":"INFO"`, so type, time and severity can
// be seen there. A line that begins in any other way is not judged here but parsed.
//
// A line judged here is not looked at any further, so damage behind its beginning is not noticed by that read.

import { formatTimestamp, MAX_TIME_MS, MIN_TIME_MS, SEVERITIES, severityRank } from "../event/index.ts";
import type { Severity } from "../event/index.ts";
import { encodeJson } from "../format/index.ts";

export interface LineTestOptions {
  /** The types wanted. */
  types?: readonly string[] | undefined;
  /** First and last instant wanted, in milliseconds since 1970. */
  sinceMs?: number | undefined;
  untilMs?: number | undefined;
  /** Types wanted whatever their time. */
  timelessTypes?: readonly string[] | undefined;
  /** The lowest severity wanted. */
  severity?: Severity | undefined;
  /** Text that must stand in a string value. */
  text?: string | undefined;
}

/** `unclear`: only the parsed event can tell. */
export type LineVerdict = "refused" | "wanted" | "unclear";

export class LineTest {
  readonly #types: readonly Uint8Array[] | undefined;
  readonly #timelessTypes: readonly Uint8Array[];
  readonly #since: Uint8Array | undefined;
  readonly #until: Uint8Array | undefined;
  readonly #minRank: number;
  readonly #needle: Buffer | undefined;
  readonly #needleHasSlash: boolean;

  constructor({ types, sinceMs, untilMs, timelessTypes, severity, text }: LineTestOptions) {
    this.#types = types?.map(bytesInJson);
    this.#timelessTypes = (timelessTypes ?? []).map(bytesInJson);
    this.#since = sinceMs === undefined ? undefined : timeBytes(sinceMs);
    this.#until = untilMs === undefined ? undefined : timeBytes(untilMs);
    this.#minRank = severity === undefined ? 0 : severityRank(severity);
    this.#needle = text === undefined || isWrittenInManyWays(text) ? undefined : bytesInJson(text);
    this.#needleHasSlash = text?.includes("/") ?? false;
  }

  /** Of a line that was judged without a doubt: where its type stands, and its number. */
  typeStart = 0;
  typeEnd = 0;
  seq = 0;

  /**
   * What the bytes from `start` to `end`, a line with its `\n`, show already of whether its event is wanted. Wanted it is
   * only as far as types, times and severity go, and when no text is looked for.
   *
   * @param isCanonical whether the log says that our writer made it (format 1); else only the text is looked for
   */
  judge(buffer: Buffer, start: number, end: number, isCanonical: boolean): LineVerdict {
    const verdict = isCanonical ? this.#judgeHead(buffer, start, end) : "unclear";
    if (verdict === "refused" || this.#needle === undefined) return verdict;
    return this.#refusesText(this.#needle, buffer.subarray(start, end)) ? "refused" : "unclear";
  }

  #judgeHead(buffer: Buffer, start: number, end: number): LineVerdict {
    if (buffer[end - 1] !== NEWLINE || buffer[end - 2] !== BRACE || !has(buffer, start, TYPE_HEAD))
      return "unclear";
    const type = start + TYPE_HEAD.length;
    let typeEnd = type;
    // A type with escapes in it can be written in several ways.
    while (typeEnd < end && buffer[typeEnd] !== QUOTE) if (buffer[typeEnd++] === BACKSLASH) return "unclear";
    const time = typeEnd + TIME_HEAD.length;
    const severity = time + TIME_BYTES + SEVERITY_HEAD.length;
    if (!has(buffer, typeEnd, TIME_HEAD) || !has(buffer, time + TIME_BYTES, SEVERITY_HEAD)) return "unclear";
    const rank = rankAt(buffer, severity);
    if (rank < 0 || !isWrittenTime(buffer, time)) return "unclear";
    const isType = (wanted: Uint8Array): boolean =>
      wanted.length === typeEnd - type && has(buffer, type, wanted);
    if (
      rank < this.#minRank ||
      (this.#types !== undefined && !this.#types.some(isType)) ||
      (this.#refusesTime(buffer, time) && !this.#timelessTypes.some(isType))
    )
      return "refused";
    const seq = severity + (SEVERITY_BYTES[rank]?.length ?? 0);
    if (!has(buffer, seq, SEQ_HEAD)) return "unclear";
    this.typeStart = type;
    this.typeEnd = typeEnd;
    this.seq = numberAt(buffer, seq + SEQ_HEAD.length);
    return this.seq < 0 || type === typeEnd ? "unclear" : "wanted";
  }

  /** Times as our writer writes them are in order as texts. */
  #refusesTime(buffer: Buffer, at: number): boolean {
    return (
      (this.#since !== undefined && compare(buffer, at, this.#since) < 0) ||
      (this.#until !== undefined && compare(buffer, at, this.#until) > 0)
    );
  }

  /** A text that is not there as our writer would write it may still be there with other escapes, if there are any. */
  #refusesText(needle: Buffer, line: Buffer): boolean {
    if (line.includes(needle) || line.includes(UNICODE_ESCAPE)) return false;
    return !(this.#needleHasSlash && line.includes(SLASH_ESCAPE));
  }
}

// --- internal ---

const TYPE_HEAD: Uint8Array = Buffer.from('{"event":"');
const TIME_HEAD: Uint8Array = Buffer.from('","timestamp":"');
const TIME_BYTES = "2026-01-06T22:00:00.000Z".length;
const SEVERITY_HEAD: Uint8Array = Buffer.from('","severity":"');
const SEVERITY_BYTES: readonly Uint8Array[] = SEVERITIES.map((severity) => Buffer.from(`${severity}"`));
const SEQ_HEAD: Uint8Array = Buffer.from(',"seq":');
const UNICODE_ESCAPE: Buffer = Buffer.from("\\u");
const SLASH_ESCAPE: Buffer = Buffer.from("\\/");
const NEWLINE = 0x0a;
const BRACE = 0x7d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
/** With one digit less than the largest safe integer, a number is safe. */
const MAX_DIGITS = 16;

/** The bytes that stand for a text between the quotes of a JSON string, as our writer writes them. */
function bytesInJson(text: string): Buffer {
  return Buffer.from(encodeJson(text).slice(1, -1));
}

/**
 * Whether the bytes of a text may differ even without `\u` escapes: where our writer escapes what others need not, and
 * for half of a surrogate pair, which is found in the pair once that is decoded, but not in its bytes.
 */
function isWrittenInManyWays(text: string): boolean {
  return encodeJson(text) !== JSON.stringify(text) || /\p{Surrogate}/u.test(text);
}

function timeBytes(timeMs: number): Uint8Array {
  return Buffer.from(formatTimestamp(Math.min(Math.max(timeMs, MIN_TIME_MS), MAX_TIME_MS)));
}

function has(buffer: Buffer, at: number, wanted: Uint8Array): boolean {
  for (let index = 0; index < wanted.length; index++) {
    if (buffer[at + index] !== wanted[index]) return false;
  }
  return true;
}

/** The severity there, by its first letter, which no two share; -1 for anything else. */
function rankAt(buffer: Buffer, at: number): number {
  const letter = buffer[at];
  for (let rank = 0; rank < SEVERITY_BYTES.length; rank++) {
    const name = SEVERITY_BYTES[rank];
    if (name !== undefined && name[0] === letter) return has(buffer, at, name) ? rank : -1;
  }
  return -1;
}

/** The whole number there, up to its comma; -1 for anything else. */
function numberAt(buffer: Buffer, at: number): number {
  let value = 0;
  for (let index = at; index < at + MAX_DIGITS; index++) {
    const byte = buffer[index] ?? 0;
    if (byte === COMMA) return index === at || (buffer[at] === DIGIT && index > at + 1) ? -1 : value;
    if (byte < DIGIT || byte > DIGIT + 9) return -1;
    value = value * 10 + byte - DIGIT;
  }
  return -1;
}

function compare(buffer: Buffer, at: number, other: Uint8Array): number {
  for (let index = 0; index < other.length; index++) {
    const difference = (buffer[at + index] ?? 0) - (other[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Whether `dddd-dd-ddTdd:dd:dd.dddZ` stands there. */
function isWrittenTime(buffer: Buffer, at: number): boolean {
  for (let index = 0; index < TIME_BYTES; index++) {
    const byte = buffer[at + index] ?? 0;
    const mark = TIME_MARKS[index];
    if (mark === DIGIT ? byte < 0x30 || byte > 0x39 : byte !== mark) return false;
  }
  return true;
}

const DIGIT = 0x30;
const TIME_MARKS: Uint8Array = Buffer.from("0000-00-00T00:00:00.000Z");
