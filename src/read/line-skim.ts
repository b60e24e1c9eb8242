// A line that is not as our writer makes it, read without making anything of it: that it is one JSON object from its first
// byte to its last, and what its type, severity, time, number and agent are, whatever their order. That takes a fifth of
// what parsing it takes. Wherever there is a doubt (an escape in a name or in a value that is asked for, a name that
// stands there twice, a number of sixteen digits) it says nothing, and the line is parsed: what is damaged is only seen
// to be so there.

import { isUtf8 } from "node:buffer";

import { SEVERITIES, severityOfType, severityRank } from "../event/index.ts";
import { instantOf } from "../summary/index.ts";
import { foreignTime, UNTYPED } from "./foreign.ts";
import { ESCAPED, isSame, JsonScanner, NUMBER, TEXT } from "./json-scanner.ts";
import { LineTimes, readCount } from "./line-values.ts";

/** A type that was seen, and the rank that an event of it has by itself. */
interface SkimmedType {
  bytes: Buffer;
  name: string;
  rank: number;
}

export class LineSkim {
  /** Of the line that was read last. */
  type = "";
  rank = 0;
  /** NaN when a foreign record has none. */
  timeMs: number = NaN;
  /** Of a line in a log of ours. */
  seq = 0;
  readonly #scanner = new JsonScanner(FIELDS);
  readonly #types: (SkimmedType | undefined)[] = Array.from({ length: TYPE_SLOTS });
  #buffer: Buffer = NO_BYTES;
  #isForeign = false;
  readonly #times = new LineTimes();

  /**
   * Reads the line from `start` to `end`, its `\n` included. False when it has to be parsed to be told what it is.
   *
   * @param isForeign whether records that our writer did not make may lack what ours have (see `foreignEvent`)
   */
  read(buffer: Buffer, start: number, end: number, isForeign: boolean): boolean {
    const scanner = this.#scanner;
    if (buffer[end - 1] !== NEWLINE || !scanner.scan(buffer, start, end - 1)) return false;
    if (!scanner.isAscii && !isUtf8(buffer.subarray(start, end))) return false;
    this.#buffer = buffer;
    this.#isForeign = isForeign;
    const { kinds } = scanner;
    const type = isForeign ? this.#foreignType() : this.#typeAt(EVENT);
    if (type === undefined || kinds[SEVERITY] === ESCAPED || kinds[AGENT] === ESCAPED) return false;
    this.type = type.name;
    this.rank = this.#rank() ?? type.rank;
    if (isForeign) return this.#readForeignTime();
    this.timeMs = this.#timeMs();
    this.seq = this.#seq();
    const hasSession = kinds[SESSION] === TEXT || kinds[SESSION] === ESCAPED;
    return hasSession && this.seq >= 0 && !Number.isNaN(this.timeMs);
  }

  /** The agent of the line that was read last; undefined when there is none. */
  agent(): string | undefined {
    return this.#textAt(AGENT) ?? (this.#isForeign ? "" : undefined);
  }

  // --- internal ---

  #textAt(field: number): string | undefined {
    const { kinds, starts, ends } = this.#scanner;
    return kinds[field] === TEXT ? this.#buffer.toString("utf8", starts[field], ends[field]) : undefined;
  }

  #rank(): number | undefined {
    const { kinds, starts, ends } = this.#scanner;
    const [from = 0, to = 0] = [starts[SEVERITY], ends[SEVERITY]];
    if (kinds[SEVERITY] !== TEXT) return undefined;
    const rank = SEVERITY_BYTES.findIndex(
      (bytes) => bytes.length === to - from && isSame(bytes, this.#buffer, from),
    );
    return rank < 0 ? undefined : rank;
  }

  #foreignType(): SkimmedType | undefined {
    const { kinds, starts, ends } = this.#scanner;
    for (const field of [EVENT, EVENT_TYPE, TYPE]) {
      if (kinds[field] === ESCAPED) return undefined;
      if (kinds[field] === TEXT && starts[field] !== ends[field]) return this.#typeAt(field);
    }
    return UNTYPED_TYPE;
  }

  /** Few types take turns in a log; making a text of each would take longer than finding it. */
  #typeAt(field: number): SkimmedType | undefined {
    const { kinds, starts, ends } = this.#scanner;
    const [from = 0, to = 0] = [starts[field], ends[field]];
    if (kinds[field] !== TEXT || from === to) return undefined;
    const buffer = this.#buffer;
    const slot = ((to - from) * 31 + (buffer[from] ?? 0) * 7 + (buffer[to - 1] ?? 0)) % TYPE_SLOTS;
    const known = this.#types[slot];
    if (known !== undefined && known.bytes.length === to - from && isSame(known.bytes, buffer, from))
      return known;
    const name = buffer.toString("utf8", from, to);
    const bytes = Buffer.from(buffer.subarray(from, to));
    return (this.#types[slot] = { bytes, name, rank: severityRank(severityOfType(name)) });
  }

  /** NaN when it is none. */
  #timeMs(): number {
    const { kinds, starts, ends } = this.#scanner;
    if (kinds[TIMESTAMP] !== TEXT) return NaN;
    return this.#times.read(this.#buffer, starts[TIMESTAMP] ?? 0, ends[TIMESTAMP] ?? 0);
  }

  /** False when one of the values that may be its time has escapes in it. */
  #readForeignTime(): boolean {
    const { kinds, starts, ends } = this.#scanner;
    this.timeMs = this.#timeMs();
    if (!Number.isNaN(this.timeMs)) return true;
    for (const field of TIME_FIELDS) {
      if (kinds[field] === ESCAPED) return false;
      const text = this.#buffer.toString("latin1", starts[field], ends[field]);
      const time = kinds[field] === NUMBER ? foreignTime(Number(text)) : foreignTime(this.#textAt(field));
      if (time === undefined) continue;
      this.timeMs = instantOf(time);
      return true;
    }
    return true;
  }

  /** -1 when it is none. */
  #seq(): number {
    const { kinds, starts, ends } = this.#scanner;
    return kinds[SEQ] === NUMBER ? readCount(this.#buffer, starts[SEQ] ?? 0, ends[SEQ] ?? 0) : -1;
  }
}

// --- internal ---

const NO_BYTES: Buffer = Buffer.alloc(0);
const NEWLINE = 0x0a;
const TYPE_SLOTS = 64;
const SEVERITY_BYTES = SEVERITIES.map((severity) => Buffer.from(severity));
const UNTYPED_TYPE: SkimmedType = {
  bytes: NO_BYTES,
  name: UNTYPED,
  rank: severityRank(severityOfType(UNTYPED)),
};

/** Names of members, and their numbers. */
const FIELDS: readonly string[] =
  "event timestamp severity seq session_id agent_id event_type type @timestamp time ts".split(" ");
const EVENT = 0;
const TIMESTAMP = 1;
const SEVERITY = 2;
const SEQ = 3;
const SESSION = 4;
const AGENT = 5;
const EVENT_TYPE = 6;
const TYPE = 7;
const TIME_FIELDS = [TIMESTAMP, 8, 9, 10];
