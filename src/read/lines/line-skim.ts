// A line that is not as our writer makes it, read without making anything of it: what its type, severity, time, number and
// agent are, whatever their order, from the places that a kernel found them at (line-members.ts). Wherever there is a doubt
// (escapes in a value that is asked for, a number of sixteen digits) it says nothing, and the line is parsed: what is damaged
// is only seen to be so there.

import { SEVERITIES, severityOfType, severityRank } from "../../event/index.ts";
import { instantOf } from "../../summary/index.ts";
import { foreignTime, instantOfNumber, UNTYPED } from "./foreign.ts";
import type { LineMembers } from "./line-members.ts";
import { isSame, LineTimes, readCount } from "./line-values.ts";

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
  readonly #members: LineMembers;
  readonly #types: (SkimmedType | undefined)[] = Array.from({ length: TYPE_SLOTS });
  #isForeign = false;
  readonly #times = new LineTimes();

  /** @param members of the names {@link SKIMMED} */
  constructor(members: LineMembers) {
    this.#members = members;
  }

  /**
   * Reads the line whose members are told. False when it has to be parsed to be told what it is.
   *
   * @param isForeign whether records that our writer did not make may lack what ours have (see `foreignEvent`)
   */
  read(isForeign: boolean): boolean {
    this.#isForeign = isForeign;
    const type = isForeign ? this.#foreignType() : this.#typeAt(EVENT);
    if (type === undefined || this.isEscaped(SEVERITY) || this.isEscaped(AGENT)) return false;
    this.type = type.name;
    this.rank = this.#rank() ?? type.rank;
    if (isForeign) return this.#readForeignTime();
    this.timeMs = this.#timeMs();
    this.seq = this.#seq();
    return this.isText(SESSION) && this.seq >= 0 && !Number.isNaN(this.timeMs);
  }

  /** The agent of the line that was read last; undefined when there is none. */
  agent(): string | undefined {
    return this.isText(AGENT) ? this.text(AGENT) : this.#isForeign ? "" : undefined;
  }

  /** Whether it has a member, and that is a text, or a number. */
  isText(member: number): boolean {
    return this.#has(member) && this.#buffer[this.#members.from(member)] === QUOTE;
  }

  isNumber(member: number): boolean {
    if (!this.#has(member)) return false;
    const first = this.#buffer[this.#members.from(member)] ?? 0;
    // A minus or a digit begins a number and nothing else.
    return first <= NINE && first !== QUOTE;
  }

  /** What stands there: a text without its quotes. */
  text(member: number): string {
    const quote = this.isText(member) ? 1 : 0;
    const { from, to } = this.#placeOf(member);
    return this.#buffer.toString("utf8", from + quote, to - quote);
  }

  /** Whether something in a text stands escaped. */
  isEscaped(member: number): boolean {
    return this.isText(member) && (this.#members.escaped & (1 << member)) !== 0;
  }

  // --- internal ---

  get #buffer(): Buffer {
    return this.#members.chunk;
  }

  #has(member: number): boolean {
    return (this.#members.present & (1 << member)) !== 0;
  }

  #placeOf(member: number): { from: number; to: number } {
    return { from: this.#members.from(member), to: this.#members.to(member) };
  }

  #rank(): number | undefined {
    if (!this.isText(SEVERITY)) return undefined;
    const { from, to } = this.#placeOf(SEVERITY);
    const rank = SEVERITY_BYTES.findIndex(
      (bytes) => bytes.length === to - from - 2 && isSame(bytes, this.#buffer, from + 1),
    );
    return rank < 0 ? undefined : rank;
  }

  #foreignType(): SkimmedType | undefined {
    for (const member of TYPE_MEMBERS) {
      if (!this.isText(member)) continue;
      if (this.isEscaped(member)) return undefined;
      const { from, to } = this.#placeOf(member);
      if (to - from > 2) return this.#typeAt(member);
    }
    return UNTYPED_TYPE;
  }

  /** Few types take turns in a log; making a text of each would take longer than finding it. */
  #typeAt(member: number): SkimmedType | undefined {
    if (!this.isText(member) || this.isEscaped(member)) return undefined;
    const buffer = this.#buffer;
    const [from, to] = [this.#members.from(member) + 1, this.#members.to(member) - 1];
    if (from === to) return undefined;
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
    if (!this.isText(TIMESTAMP) || this.isEscaped(TIMESTAMP)) return NaN;
    const { from, to } = this.#placeOf(TIMESTAMP);
    return this.#times.read(this.#buffer, from + 1, to - 1);
  }

  /** False when one of the values that may be its time has escapes in it. */
  #readForeignTime(): boolean {
    this.timeMs = this.#timeMs();
    if (!Number.isNaN(this.timeMs)) return true;
    for (const member of TIME_MEMBERS) {
      if (this.isEscaped(member)) return false;
      if (this.isNumber(member)) {
        this.timeMs = instantOfNumber(Number(this.text(member)));
        // What lies before 1970 may be before the year 0, of which no text tells.
        if (this.timeMs < 0) return false;
      } else if (this.isText(member)) this.timeMs = instantOf(foreignTime(this.text(member)) ?? "");
      if (!Number.isNaN(this.timeMs)) return true;
    }
    return true;
  }

  /** -1 when it is none. */
  #seq(): number {
    if (!this.isNumber(SEQ)) return -1;
    const { from, to } = this.#placeOf(SEQ);
    return readCount(this.#buffer, from, to);
  }
}

// --- internal ---

const QUOTE = 0x22;
const NINE = 0x39;
const TYPE_SLOTS = 64;
const SEVERITY_BYTES = SEVERITIES.map((severity) => Buffer.from(severity));
const UNTYPED_TYPE: SkimmedType = {
  bytes: Buffer.alloc(0),
  name: UNTYPED,
  rank: severityRank(severityOfType(UNTYPED)),
};

/** Names of members, and their numbers. Of those that may be a type, or a time, the first that is one counts. */
export const SKIMMED: readonly string[] =
  "event timestamp severity seq session_id agent_id event_type type @timestamp time ts".split(" ");
export const EVENT = 0;
export const TIMESTAMP = 1;
export const SEVERITY = 2;
export const SEQ = 3;
export const SESSION = 4;
export const AGENT = 5;
export const TYPE_MEMBERS: readonly number[] = [EVENT, 6, 7];
export const TIME_MEMBERS: readonly number[] = [TIMESTAMP, 8, 9, 10];
