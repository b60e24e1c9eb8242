// The beginning of a canonical line, read by position:
//
//   {"event":"TYPE","timestamp":"2026-01-06T22:00:00.000Z","severity":"INFO","seq":17,"id":"…","session_id":"…","agent_id":"…"
//
// Four bytes are compared at a time, which is what counting a line comes down to.

import { SEVERITIES } from "../event/index.ts";

export class LineHead {
  /** Where the type and the time stand. */
  typeStart = 0;
  typeEnd = 0;
  timeStart = 0;
  /** Rank of the severity. */
  rank = 0;
  seq = 0;
  /** Behind the number. */
  #end = 0;
  #buffer: Buffer = Buffer.alloc(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  /** Who was seen already: few sessions and agents take turns in a file. */
  #identities: Identity[] = [];

  /**
   * Reads the beginning of the line from `start` to `end`, its `\n` included. False when it is not as our writer writes
   * it to the letter, or when the type has escapes in it, which can be written in several ways.
   */
  read(buffer: Buffer, start: number, end: number): boolean {
    // Nothing below looks further than this without a newline, which no part of a head holds, in between.
    if (buffer[end - 1] !== NEWLINE || buffer[end - 2] !== BRACE || end - start < MIN_BYTES) return false;
    if (buffer !== this.#buffer) {
      this.#buffer = buffer;
      this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    }
    const view = this.#view;
    if (!TYPE_HEAD.isAt(view, start)) return false;
    const typeStart = start + TYPE_HEAD.length;
    let typeEnd = typeStart;
    const lastEnd = end - MIN_BYTES_BEHIND_TYPE;
    for (let byte = buffer[typeEnd]; byte !== QUOTE; byte = buffer[++typeEnd]) {
      if (byte === BACKSLASH || typeEnd >= lastEnd) return false;
    }
    const time = typeEnd + TIME_HEAD.length;
    const severity = time + TIME_BYTES;
    if (typeEnd > lastEnd || !TIME_HEAD.isAt(view, typeEnd) || !isTime(view, time)) return false;
    const rank = RANKS[buffer[severity + SEVERITY_LETTER] ?? 0] ?? NO_RANK;
    const tail = SEVERITY_TAILS[rank];
    if (tail === undefined || !tail.isAt(view, severity)) return false;
    let at = severity + tail.length;
    let seq = 0;
    for (const digits = at + MAX_DIGITS; at < digits; at++) {
      const digit = (buffer[at] ?? 0) - ZERO;
      if (digit < 0 || digit > 9) break;
      seq = seq * 10 + digit;
    }
    const first = severity + tail.length;
    if (at === first || buffer[at] !== COMMA || (buffer[first] === ZERO && at > first + 1)) return false;
    this.typeStart = typeStart;
    this.typeEnd = typeEnd;
    this.timeStart = time;
    this.rank = rank;
    this.seq = seq;
    this.#end = at;
    return typeEnd > typeStart;
  }

  /** The agent of the line that was read last; undefined when it has to be parsed to be told. */
  agent(end: number): string | undefined {
    const buffer = this.#buffer;
    const from = this.#end + ID_HEAD.length + ID_BYTES;
    if (end - from < MIN_BYTES_OF_IDENTITY || !ID_HEAD.isAt(this.#view, this.#end)) return undefined;
    for (const { literal, agent } of this.#identities) {
      if (from + literal.length <= end && literal.isAt(this.#view, from)) return agent;
    }
    const sessionEnd = SESSION_HEAD.isAt(this.#view, from)
      ? endOfText(buffer, from + SESSION_HEAD.length, end)
      : -1;
    if (sessionEnd < 0 || end - sessionEnd < MIN_BYTES_OF_AGENT || !AGENT_HEAD.isAt(this.#view, sessionEnd))
      return undefined;
    const agentStart = sessionEnd + AGENT_HEAD.length;
    const agentEnd = endOfText(buffer, agentStart, end);
    if (agentEnd < 0) return undefined;
    const agent = buffer.toString("utf8", agentStart, agentEnd);
    const literal = new Literal(buffer.subarray(from, agentEnd + 1));
    this.#identities = [{ literal, agent }, ...this.#identities.slice(0, MAX_IDENTITIES - 1)];
    return agent;
  }
}

// --- internal ---

const NEWLINE = 0x0a;
const QUOTE = 0x22;
const COMMA = 0x2c;
const ZERO = 0x30;
const BACKSLASH = 0x5c;
const BRACE = 0x7d;
/** With one digit less than the largest safe integer, a number is safe. */
const MAX_DIGITS = 15;
const TIME_BYTES = 24;
const ID_BYTES = 36;

/** Bytes to compare with, four at a time; the last four may overlap those before. */
class Literal {
  readonly length: number;
  readonly #words: Int32Array;
  readonly #last: number;

  constructor(text: string | Buffer) {
    const bytes = Buffer.from(text);
    this.length = bytes.length;
    this.#words = Int32Array.from({ length: (bytes.length - 1) >> 2 }, (_, word) =>
      bytes.readInt32LE(word * 4),
    );
    this.#last = bytes.readInt32LE(bytes.length - 4);
  }

  isAt(view: DataView, at: number): boolean {
    const words = this.#words;
    for (let word = 0; word < words.length; word++) {
      if (view.getInt32(at + word * 4, true) !== words[word]) return false;
    }
    return view.getInt32(at + this.length - 4, true) === this.#last;
  }
}

/** From behind the id to the quote behind the agent, and the agent that it names. */
interface Identity {
  literal: Literal;
  agent: string;
}

const MAX_IDENTITIES = 8;

const TYPE_HEAD = new Literal('{"event":"');
const TIME_HEAD = new Literal('","timestamp":"');
const ID_HEAD = new Literal(',"id":"');
const SESSION_HEAD = new Literal('","session_id":"');
const AGENT_HEAD = new Literal('","agent_id":"');
const SEVERITY_TAILS: readonly Literal[] = SEVERITIES.map(
  (severity) => new Literal(`","severity":"${severity}","seq":`),
);
/** Where the first letter of the severity stands behind the time; no two severities share it. */
const SEVERITY_LETTER = '","severity":"'.length;
const NO_RANK = 255;
const RANKS: Uint8Array = new Uint8Array(256).fill(NO_RANK);
for (const [rank, severity] of SEVERITIES.entries()) RANKS[severity.charCodeAt(0)] = rank;

/** A head with an empty type, and all that has to stand behind a type. */
const MIN_BYTES = 96;
const MIN_BYTES_BEHIND_TYPE = 84;
/** Behind the id, and behind the session, a line goes on for at least so much. */
const MIN_BYTES_OF_IDENTITY = 32;
const MIN_BYTES_OF_AGENT = 16;

/** Masks for `dddd-dd-ddTdd:dd:dd.dddZ`: the high half of digits, all of what stands between them. */
const TIME_FORM = Buffer.from("0000-00-00T00:00:00.000Z");
const TIME_WORDS: readonly (readonly [mask: number, form: number, add: number])[] = Array.from(
  { length: TIME_BYTES / 4 },
  (_, word) => {
    const form = TIME_FORM.subarray(word * 4, word * 4 + 4);
    const mask = Buffer.from(form.map((byte) => (byte === ZERO ? 0xf0 : 0xff)));
    // Six more takes every digit beyond 9 out of the sixteen that begin like one.
    const add = Buffer.from(form.map((byte) => (byte === ZERO ? 6 : 0)));
    return [mask.readInt32LE(0), form.readInt32LE(0), add.readInt32LE(0)];
  },
);

function isTime(view: DataView, at: number): boolean {
  for (let word = 0; word < TIME_WORDS.length; word++) {
    const [mask, form, add] = TIME_WORDS[word] ?? [0, 1, 0];
    const bytes = view.getInt32(at + word * 4, true);
    if ((bytes & mask) !== form || ((bytes + add) & mask) !== form) return false;
  }
  return true;
}

/** Where the quote stands that ends a text without escapes; -1 when it has some, or does not end. */
function endOfText(buffer: Buffer, from: number, end: number): number {
  for (let at = from; at < end; at++) {
    const byte = buffer[at];
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH) return -1;
  }
  return -1;
}
