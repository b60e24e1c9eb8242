// The beginning of a canonical line, read by position:
//
//   {"event":"TYPE","timestamp":"2026-01-06T22:00:00.000Z","severity":"INFO","seq":17,"id":"…","session_id":"…","agent_id":"…"
//
// About 40 ns. Eight bytes are compared at a time, as the floating point number that they are: two of those are equal
// only when their bytes are, but for zeros and NaN, and no text in a head is either. What the lines before it had is
// tried first: few types, agents and hours take turns in a log. Lines like one that was read already need not be read
// themselves, where many have to be passed over (line-patterns.ts).

import { SEVERITIES } from "../../event/index.ts";

/** A type that was seen. */
export interface SeenType {
  name: string;
  /** Its number among those seen; -1 when they are too many to be kept. */
  index: number;
}

/** Who was seen: from behind the id to the quote behind the agent, and the agent that it names. */
export interface SeenAgent {
  literal: Literal;
  agent: string;
  /** For whoever asks: whether the agent is wanted. */
  isWanted: boolean | undefined;
}

export class LineHead {
  /** Of the line that was read last. */
  type: SeenType = { name: "", index: -1 };
  /** Where it, its time and its number begin in `buffer`, and where that ends. */
  lineStart = 0;
  timeStart = 0;
  seqStart = 0;
  seqEnd = 0;
  /** Rank of the severity. */
  rank = 0;
  seq = 0;
  buffer: Buffer = NO_BYTES;
  view: DataView = new DataView(new ArrayBuffer(0));
  /** By the first eight bytes behind the quote before the type. */
  readonly #types: (TypeHead | undefined)[] = Array.from({ length: TYPE_SLOTS });
  #typesSeen = 0;
  #agents: SeenAgent[] = [];
  /** The minute that was seen to be one last, as two numbers. */
  #date = NaN;
  #minute = NaN;

  /**
   * Reads the beginning of the line from `start` to `end`, its `\n` included. False when it is not as our writer writes
   * it to the letter, or when the type has escapes in it, which can be written in several ways.
   */
  read(buffer: Buffer, start: number, end: number): boolean {
    if (buffer[end - 1] !== NEWLINE || buffer[end - 2] !== BRACE || end - start < MIN_BYTES) return false;
    if (buffer !== this.buffer) {
      this.buffer = buffer;
      this.view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    }
    const { view } = this;
    const head = this.#typeHead(start, end);
    if (head === undefined) return false;
    const time = start + head.literal.length;
    const date = view.getFloat64(time, true);
    const minute = view.getFloat64(time + 8, true);
    if (date !== this.#date || minute !== this.#minute) {
      if (!hasTimeForm(view, time, 0, 4)) return false;
      this.#date = date;
      this.#minute = minute;
    }
    if (!hasTimeForm(view, time, 4, 6)) return false;
    const severity = time + TIME_BYTES;
    const rank = RANKS[buffer[severity + SEVERITY_LETTER] ?? 0] ?? NO_RANK;
    const tail = SEVERITY_TAILS[rank];
    if (tail === undefined || !tail.isAt(view, severity)) return false;
    const first = severity + tail.length;
    let at = first;
    let seq = 0;
    for (const last = at + MAX_DIGITS; at < last; at++) {
      const digit = (buffer[at] ?? 0) - ZERO;
      if (digit < 0 || digit > 9) break;
      seq = seq * 10 + digit;
    }
    if (at === first || buffer[at] !== COMMA || (buffer[first] === ZERO && at > first + 1)) return false;
    this.type = head.type;
    this.timeStart = time;
    this.rank = rank;
    this.seq = seq;
    this.lineStart = start;
    this.seqStart = first;
    this.seqEnd = at;
    return true;
  }

  /** The time of the line that was read last. */
  timeOf(buffer: Buffer): string {
    return buffer.toString("latin1", this.timeStart, this.timeStart + TIME_BYTES);
  }

  /** The agent of the line that was read last; undefined when it has to be parsed to be told. */
  agent(end: number): SeenAgent | undefined {
    const { view } = this;
    const idHead = this.seqEnd;
    const from = idHead + ID_HEAD_BYTES + ID_BYTES;
    if (end - from < MIN_BYTES_OF_IDENTITY) return undefined;
    if (view.getInt32(idHead, true) !== ID_HEAD_FIRST || view.getInt32(idHead + 3, true) !== ID_HEAD_LAST)
      return undefined;
    for (const seen of this.#agents) {
      if (from + seen.literal.length <= end && seen.literal.isAt(view, from)) return seen;
    }
    return this.#newAgent(from, end);
  }

  // --- internal ---

  #typeHead(start: number, end: number): TypeHead | undefined {
    const { view } = this;
    const at = start + TYPE_HEAD.length;
    const slot = slotOf(view.getInt32(at, true), view.getInt32(at + 4, true));
    let collisions = 0;
    for (let head = this.#types[slot]; head !== undefined; head = head.next) {
      if (head.literal.length + MIN_BYTES_BEHIND_HEAD <= end - start && head.literal.isAt(view, start))
        return head;
      collisions++;
    }
    const head = this.#newTypeHead(start, end);
    // Custom types come from outside and may be any number.
    if (head === undefined || collisions === MAX_COLLISIONS) return head;
    head.type.index = this.#typesSeen++;
    head.next = this.#types[slot];
    this.#types[slot] = head;
    return head;
  }

  #newTypeHead(start: number, end: number): TypeHead | undefined {
    const [buffer, { view }] = [this.buffer, this];
    if (!TYPE_HEAD.isAt(view, start)) return undefined;
    const from = start + TYPE_HEAD.length;
    const to = endOfText(buffer, from, end - MIN_BYTES_BEHIND_TYPE);
    if (to <= from || !TIME_HEAD.isAt(view, to)) return undefined;
    const literal = new Literal(buffer.subarray(start, to + TIME_HEAD.length));
    return { literal, type: { name: buffer.toString("utf8", from, to), index: -1 }, next: undefined };
  }

  #newAgent(from: number, end: number): SeenAgent | undefined {
    const [buffer, { view }] = [this.buffer, this];
    const sessionEnd = SESSION_HEAD.isAt(view, from)
      ? endOfText(buffer, from + SESSION_HEAD.length, end)
      : -1;
    if (sessionEnd < 0 || end - sessionEnd < MIN_BYTES_OF_AGENT || !AGENT_HEAD.isAt(view, sessionEnd))
      return undefined;
    const agentStart = sessionEnd + AGENT_HEAD.length;
    const agentEnd = endOfText(buffer, agentStart, end);
    if (agentEnd < 0) return undefined;
    const agent = buffer.toString("utf8", agentStart, agentEnd);
    const seen = { literal: new Literal(buffer.subarray(from, agentEnd + 1)), agent, isWanted: undefined };
    this.#agents = [seen, ...this.#agents.slice(0, MAX_AGENTS - 1)];
    return seen;
  }
}

// --- internal ---

const NO_BYTES: Buffer = Buffer.alloc(0);
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
const MAX_AGENTS = 8;
const TYPE_SLOTS = 256;
const MAX_COLLISIONS = 8;

/** A line up to its time, of one type; those that share a slot are a list. */
interface TypeHead {
  literal: Literal;
  type: SeenType;
  next: TypeHead | undefined;
}

/** Bytes to compare with, eight at a time; the last eight may overlap those before. */
class Literal {
  readonly length: number;
  readonly #numbers: Float64Array;
  readonly #last: number;

  /** @param text of eight bytes or more */
  constructor(text: string | Buffer) {
    const bytes = Buffer.from(text);
    this.length = bytes.length;
    this.#numbers = Float64Array.from({ length: (bytes.length - 1) >> 3 }, (_, index) =>
      bytes.readDoubleLE(index * 8),
    );
    this.#last = bytes.readDoubleLE(bytes.length - 8);
  }

  /** The end first: where literals differ, they differ there. All of its length must be there to be looked at. */
  isAt(view: DataView, at: number): boolean {
    if (view.getFloat64(at + this.length - 8, true) !== this.#last) return false;
    const numbers = this.#numbers;
    for (let index = 0; index < numbers.length; index++) {
      if (view.getFloat64(at + index * 8, true) !== numbers[index]) return false;
    }
    return true;
  }
}

const TYPE_HEAD = new Literal('{"event":"');
const TIME_HEAD = new Literal('","timestamp":"');
/** `,"id":"` is too short for a literal: the first four bytes and the last four, which share one. */
const ID_HEAD_BYTES = 7;
const ID_HEAD_FIRST = Buffer.from(',"id').readInt32LE(0);
const ID_HEAD_LAST = Buffer.from('d":"').readInt32LE(0);
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

/** A head with an empty type, and all that has to stand behind a type, and behind the quote before the time. */
const MIN_BYTES = 96;
const MIN_BYTES_BEHIND_TYPE = 84;
const MIN_BYTES_BEHIND_HEAD = 69;
/** Behind the id, and behind the session, a line goes on for at least so much. */
const MIN_BYTES_OF_IDENTITY = 32;
const MIN_BYTES_OF_AGENT = 16;

function slotOf(first: number, second: number): number {
  return Math.imul(first ^ Math.imul(second, 0x9e3779b1), 0x85ebca6b) >>> 24;
}

/** Of `dddd-dd-ddTdd:dd:dd.dddZ`, by four bytes: the high halves of digits, and all of what stands between them. */
const TIME_FORM = Buffer.from("0000-00-00T00:00:00.000Z");
const TIME_FORMS = wordsOf(TIME_FORM);
const TIME_MASKS = wordsOf(TIME_FORM.map((byte) => (byte === ZERO ? 0xf0 : 0xff)));
/** Six more takes every digit beyond 9 out of the sixteen that begin like one. */
const TIME_ADDENDS = wordsOf(TIME_FORM.map((byte) => (byte === ZERO ? 6 : 0)));

function wordsOf(bytes: Uint8Array): Int32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Int32Array.from({ length: bytes.length / 4 }, (_, word) => view.getInt32(word * 4, true));
}

/** Whether the words of a time from `first` on, four bytes each, up to `last` are as they should be. */
function hasTimeForm(view: DataView, at: number, first: number, last: number): boolean {
  for (let word = first; word < last; word++) {
    const bytes = view.getInt32(at + word * 4, true);
    const [form, mask] = [TIME_FORMS[word], TIME_MASKS[word] ?? 0];
    if ((bytes & mask) !== form || ((bytes + (TIME_ADDENDS[word] ?? 0)) & mask) !== form) return false;
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
