// Kinds of lines that our writer did not make: what the values of the few members that decide are like, as far as that
// settles what becomes of a line, wherever in it they stand. The first line of each kind is judged (line-skim.ts); those like
// it are passed over and counted by the kernel, which has found them to be whole objects.

import { isUtf8 } from "node:buffer";

import type { WasmMemory } from "../../base/wasm.ts";
import type { LineCursor, LinePasser } from "../../store/reading/line-reader.ts";
import type { EventCounter } from "./event-counter.ts";
import { LineMembers } from "./line-members.ts";
import { AGENT, EVENT, LineSkim, SEQ, SESSION, SEVERITY, SKIMMED, TIMESTAMP } from "./line-skim.ts";
import { TIME_MEMBERS, TYPE_MEMBERS } from "./line-skim.ts";
import type { LineTest } from "./line-test.ts";
// prettier-ignore
import {
  DECISIVE_AT, forgetSteps, FREE_STEP_AT, HEAP_AT, KIND, KIND_BYTES, KINDS_AT, kindSlot, LEFT_AT, LENGTHS, LINES_AT, VALUE, VALUES_AT,
} from "./member-memory.ts";
import type { ReadReport } from "./report.ts";
import { beginningLike, exactly, noTimesLike, timesAround, withAnyDigits } from "./value-forms.ts";
import type { ValueForm } from "./value-forms.ts";

export class LineKinds implements LinePasser {
  /** Of the line that was judged last. */
  readonly skim: LineSkim;
  readonly #members: LineMembers;
  readonly #memory: Buffer;
  #test: LineTest | undefined;
  #isForeign = false;
  /** The fill of the cursor in which the kernel has looked last: with the next one, other bytes are where it did. */
  #fills = -1;
  #free = HEAP_AT;
  #learned = 0;
  #passed = 0;
  /** What the values of a member are one of, by its name and what that means. */
  readonly #codes = new Map<string, number>();
  /** Values that are known, by their form. */
  readonly #values = new Set<string>();
  readonly #kinds = new Map<string, Kind>();

  /**
   * @param memory from `MEMBERS_AT` on
   * @throws where WebAssembly, or its vectors, are not to be had
   */
  constructor(memory: WasmMemory) {
    this.#memory = Buffer.from(memory.buffer);
    this.#members = new LineMembers(SKIMMED, memory);
    this.skim = new LineSkim(this.#members);
  }

  /**
   * Lines of the next log. What is known of those before holds as long as the same is asked; not of logs of ours, of which
   * a later segment may hold some lines again.
   *
   * @param isForeign whether they may lack what ours have
   * @param chunk where they are read into
   */
  begin(test: LineTest, isForeign: boolean, chunk: Buffer): void {
    this.#members.chunk = chunk;
    if (test === this.#test && isForeign && this.#isForeign) return;
    this.#forget();
    this.#test = test;
    this.#isForeign = isForeign;
    const names = isForeign ? [...TYPE_MEMBERS, ...TIME_MEMBERS] : [EVENT, TIMESTAMP, SEQ, SESSION];
    if (test.asksForSeverity) names.push(SEVERITY);
    if (test.asksForAgent) names.push(AGENT);
    this.#memory.writeInt32LE(bitsOf(names), DECISIVE_AT);
  }

  /** Where lines are read into. */
  get chunk(): Buffer {
    return this.#members.chunk;
  }

  pass(at: number, end: number, limit: number, fills: number): number {
    if (!this.#members.isUtf8({ fills, filled: end }, at)) {
      this.#memory.writeInt32LE(limit, LEFT_AT);
      return at;
    }
    return this.#run(at, end, limit, fills);
  }

  /** How much of the limit the last call left. */
  get left(): number {
    return this.#memory.readInt32LE(LEFT_AT);
  }

  /** What the line is that the cursor stands on: `passed` when it is of a known kind, undefined when it has to be parsed. */
  judge(lines: LineCursor): "wanted" | "refused" | "passed" | undefined {
    if (this.#test === undefined || lines.buffer !== this.chunk) return undefined;
    const members = this.#members;
    const { start, end, fills } = lines;
    if (!members.isUtf8(lines, start) && !isUtf8(lines.bytes)) return undefined;
    const isTold = members.next === end && this.#fills === fills;
    if (!isTold && this.#run(start, end, 1, fills) === end) return "passed";
    if (members.next !== end || !this.skim.read(this.#isForeign)) return undefined;
    const verdict = this.#test.judgeSkim(this.skim);
    // Whether it is told of as one without a time depends on the texts in it.
    return verdict === "refused" && Number.isNaN(this.skim.timeMs) ? undefined : verdict;
  }

  /**
   * Has lines passed over from now on that are like the one that was judged last.
   *
   * @param type what they are counted as, if they are
   */
  learn(type: string | undefined): void {
    // It has to have spared more by then.
    if (++this.#learned > FIRST_LEARNED + this.#passed / LINES_TO_SPARE) return;
    if (this.#free > LINES_AT - ROOM_FOR_ONE) return;
    const kind = this.#kindOfLine();
    if (kind === undefined || this.#kinds.has(kind.toString("latin1"))) return;
    const memory = this.#memory;
    const at = this.#take(KIND.bytes);
    kind.copy(memory, at + KIND.values);
    this.#link(at, KINDS_AT + 4 * kindSlot(kind));
    this.#kinds.set(kind.toString("latin1"), { at, type, isTimeless: Number.isNaN(this.skim.timeMs) });
  }

  /** Counts what was passed over. */
  finish(counter: EventCounter | undefined, report: ReadReport): void {
    for (const { at, type, isTimeless } of this.#kinds.values()) {
      const count = this.#memory.readUInt32LE(at + KIND.count);
      if (count === 0) continue;
      if (type !== undefined) counter?.add(type, count);
      if (isTimeless) report.timeless += count;
      this.#memory.writeUInt32LE(0, at + KIND.count);
    }
    if (this.#free > LINES_AT - ROOM_FOR_ONE) this.#test = undefined;
  }

  // --- internal ---

  #run(at: number, end: number, limit: number, fills: number): number {
    this.#fills = fills;
    this.#memory.writeInt32LE(limit, LEFT_AT);
    const to = this.#members.pass(at, end);
    this.#passed += limit - this.left;
    return to;
  }

  /** What each of its values that decide is one of; undefined when that cannot be told of others by their bytes. */
  #kindOfLine(): Buffer | undefined {
    const { present, escaped } = this.#members;
    const kind = Buffer.alloc(KIND_BYTES);
    let left = present & this.#memory.readInt32LE(DECISIVE_AT);
    for (let member = 0; left !== 0; member++) {
      const bit = 1 << member;
      if ((left & bit) === 0) continue;
      const value = (escaped & bit) === 0 ? this.#valueOf(member) : undefined;
      if (value === undefined) return undefined;
      const code = this.#codeOf(member, value.meaning);
      if (code > MAX_CODE) return undefined;
      kind[member] = code;
      left &= ~(bit | value.settles);
      this.#know(member, value, code);
    }
    return kind;
  }

  #valueOf(member: number): Value | undefined {
    const value = this.#members.json(member, MAX_VALUE_BYTES);
    const isText = value.startsWith('"');
    if (member === SESSION) return { form: beginningLike(value), meaning: "text", settles: 0 };
    if (isText && value.length === MAX_VALUE_BYTES) return undefined;
    if (member === SEQ) return { form: withAnyDigits(value), meaning: "number", settles: 0 };
    if (TIME_MEMBERS.includes(member)) return this.#timeOf(value);
    if (!isText) return { form: beginningLike(value), meaning: "none", settles: 0 };
    const isType = TYPE_MEMBERS.includes(member) && value !== NO_TEXT;
    return { form: exactly(value), meaning: value, settles: isType ? TYPES : 0 };
  }

  #timeOf(value: string): Value | undefined {
    const sideOf = (timeMs: number): number => this.#test?.sideOf(timeMs) ?? 0;
    const around = timesAround(value, sideOf);
    if (around !== undefined) {
      const meaning = sideOf(this.skim.timeMs) === 0 ? "inside" : "outside";
      return { form: around, meaning, settles: TIMES };
    }
    const form = noTimesLike(value);
    return form && { form, meaning: "none", settles: 0 };
  }

  #codeOf(member: number, meaning: string): number {
    const key = `${member} ${meaning}`;
    const code = this.#codes.get(key) ?? this.#codes.size + 1;
    if (code <= MAX_CODE) this.#codes.set(key, code);
    return code;
  }

  #know(member: number, { form: { length, least, greatest }, settles }: Value, code: number): void {
    const list = member * LENGTHS + (this.#members.lengthOf(member) % LENGTHS);
    const key = `${list} ${length} ${least} ${greatest}`;
    if (this.#values.has(key)) return;
    this.#values.add(key);
    const memory = this.#memory;
    const pairs = Math.ceil(least.length / 16);
    const at = this.#take(VALUE.vectors + pairs * 32);
    memory.writeInt32LE(length, at + VALUE.length);
    memory.writeInt32LE(pairs * 32, at + VALUE.bytes);
    memory.writeInt32LE(code, at + VALUE.code);
    memory.writeInt32LE(~((1 << member) | settles), at + VALUE.leaves);
    for (let pair = 0; pair < pairs; pair++) {
      const from = at + VALUE.vectors + pair * 32;
      memory.fill(0, from, from + 16).fill(0xff, from + 16, from + 32);
      for (let byte = 0; byte < 16 && pair * 16 + byte < least.length; byte++) {
        const low = least.charCodeAt(pair * 16 + byte);
        memory[from + byte] = low;
        memory[from + 16 + byte] = greatest.charCodeAt(pair * 16 + byte) - low;
      }
    }
    this.#link(at, VALUES_AT + 4 * list);
  }

  #take(bytes: number): number {
    const at = this.#free;
    this.#free += Math.ceil(bytes / 16) * 16;
    this.#memory.fill(0, at, this.#free);
    return at;
  }

  /** Puts a value or a kind in front of the list that begins at `head`. */
  #link(at: number, head: number): void {
    this.#memory.writeInt32LE(this.#memory.readInt32LE(head), at);
    this.#memory.writeInt32LE(at, head);
  }

  #forget(): void {
    this.#memory.fill(0, VALUES_AT, FREE_STEP_AT);
    forgetSteps(this.#memory);
    this.#free = HEAP_AT;
    this.#learned = this.#passed = 0;
    this.#codes.clear();
    this.#values.clear();
    this.#kinds.clear();
  }
}

// --- internal ---

/** Lines of a kind that were passed over: how often, what they are counted as, and whether they have no time. */
interface Kind {
  at: number;
  type: string | undefined;
  isTimeless: boolean;
}

/** What a value is like, what all that are like it mean, and the members that no longer matter where it does. */
interface Value {
  form: ValueForm;
  meaning: string;
  settles: number;
}

/** Learning takes some ten times as long as judging: kinds that are met less often than that are not worth it. */
const LINES_TO_SPARE = 16;
const FIRST_LEARNED = 1000;
const MAX_CODE = 255;
const MAX_VALUE_BYTES = 128;
/** A kind of as many values as there may be takes no more. */
const ROOM_FOR_ONE: number = SKIMMED.length * (VALUE.vectors + 2 * MAX_VALUE_BYTES) + KIND.bytes;
const NO_TEXT = '""';

const TYPES = bitsOf(TYPE_MEMBERS);
const TIMES = bitsOf(TIME_MEMBERS);

function bitsOf(members: readonly number[]): number {
  return members.reduce((bits, member) => bits | (1 << member), 0);
}
