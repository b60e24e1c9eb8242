// What lines begin like, as far as that settles what becomes of them: that they are refused, or that they are counted.
// The first line of each kind is judged as any line is (line-test.ts); those like it are passed over by the kernel. Logs
// have few kinds of lines, so most of them are.

import type { WasmMemory } from "../../base/wasm.ts";
import type { LinePasser } from "../../store/reading/line-reader.ts";
import type { EventCounter } from "./event-counter.ts";
import type { LineHead, SeenAgent } from "./line-head.ts";
import { instantiateKernel, KEY_AT, LEFT_AT, PATTERN, PATTERNS_AT, slotOf } from "./line-kernel.ts";
import type { PassLines } from "./line-kernel.ts";
import { LINES_AT, MEMBERS_AT } from "./member-memory.ts";

/** What of a line has to be as it is for another to be judged the same. */
export interface Likeness {
  /** How many bytes of its time; the rest may be any digits. */
  timeBytes: number;
  /** The same of its number. */
  seqDigits: number;
  /** The agent, and the session that stands before it; undefined when they do not matter. */
  agent: SeenAgent | undefined;
}

export class LinePatterns implements LinePasser {
  /** Where lines are to be read into. */
  chunk: Buffer = NO_BYTES;
  readonly #memory: Buffer;
  readonly #view: DataView;
  readonly #run: PassLines;
  readonly #known = new Set<string>();
  /** Where each pattern stands, and the type that it counts, if it does. */
  readonly #patterns: { at: number; type: string | undefined }[] = [];
  #free = PATTERNS_AT;
  /** How often a line that is known was not passed over: at the end of every chunk of lines, but no more. */
  #learnedAgain = 0;

  /**
   * @param memory its first bytes, and the chunk
   * @throws where WebAssembly, or its vectors, are not to be had
   */
  constructor(memory: WasmMemory) {
    this.#memory = Buffer.from(memory.buffer);
    this.#view = new DataView(memory.buffer);
    this.#run = instantiateKernel(memory);
  }

  pass(at: number, end: number, limit: number): number {
    if (this.#patterns.length === 0) return at;
    this.#view.setInt32(LEFT_AT, limit, true);
    return this.#run(LINES_AT + at, LINES_AT + end) - LINES_AT;
  }

  get left(): number {
    return this.#view.getInt32(LEFT_AT, true);
  }

  /**
   * Has lines passed over from now on that begin like the one that the head has read last.
   *
   * @param type what they are counted as, if they are
   */
  learn(head: LineHead, { timeBytes, seqDigits, agent }: Likeness, type: string | undefined): void {
    const { buffer, lineStart, timeStart, seqStart, seqEnd } = head;
    const idStart = seqEnd + ID_HEAD_BYTES;
    // With the comma behind the number: it ends there.
    const end = agent === undefined ? seqEnd + 1 : idStart + ID_BYTES + agent.literal.length;
    const length = end - lineStart;
    const pairs = Math.max(PATTERN.minVectors, Math.ceil(length / 16));
    const at = this.#free;
    if (at + PATTERN.vectors + pairs * 32 > MEMBERS_AT || this.#learnedAgain > MAX_LEARNED_AGAIN) return;
    const low = Buffer.alloc(pairs * 16);
    const span = Buffer.alloc(pairs * 16, 0xff).fill(0, 0, length);
    buffer.copy(low, 0, lineStart, lineStart + length);
    const allow = (from: number, to: number, [first, more]: readonly [number, number]): void => {
      low.fill(first, from - lineStart, to - lineStart);
      span.fill(more, from - lineStart, to - lineStart);
    };
    for (let place = timeStart + timeBytes; place < timeStart + TIME_BYTES; place++) {
      if (isDigit(buffer[place])) allow(place, place + 1, DIGIT);
    }
    allow(seqStart + seqDigits, seqEnd, DIGIT);
    if (seqDigits === 0 && seqEnd - seqStart > 1) allow(seqStart, seqStart + 1, DIGIT_BUT_ZERO);
    if (agent !== undefined) allow(idStart, idStart + ID_BYTES, ID_BYTE);
    const key = `${low.toString("latin1")}${span.toString("latin1")}`;
    if (this.#known.has(key)) {
      this.#learnedAgain++;
      return;
    }
    this.#known.add(key);
    this.#patterns.push({ at, type });
    this.#free += PATTERN.vectors + pairs * 32;
    for (let pair = 0; pair < pairs; pair++) {
      low.copy(this.#memory, at + PATTERN.vectors + pair * 32, pair * 16, pair * 16 + 16);
      span.copy(this.#memory, at + PATTERN.vectors + pair * 32 + 16, pair * 16, pair * 16 + 16);
    }
    const slot = 4 * slotOf(low.readInt32LE(KEY_AT), low.readInt32LE(KEY_AT + 4));
    this.#view.setInt32(at + PATTERN.next, this.#view.getInt32(slot, true), true);
    this.#view.setInt32(at + PATTERN.bytes, (pairs - 1) * 32, true);
    this.#view.setInt32(at + PATTERN.length, length, true);
    this.#view.setInt32(slot, at, true);
  }

  /** Counts what was passed over, and forgets the patterns. */
  finish(counter: EventCounter | undefined): void {
    for (const { at, type } of this.#patterns) {
      if (type !== undefined) counter?.add(type, this.#view.getUint32(at + PATTERN.count, true));
    }
    this.#patterns.length = 0;
    this.#known.clear();
    this.#learnedAgain = 0;
    this.#memory.fill(0, 0, this.#free);
    this.#free = PATTERNS_AT;
  }
}

// --- internal ---

const NO_BYTES: Buffer = Buffer.alloc(0);
/** Learning takes 3 µs, which must not be spent on every line of a log that is odd in a way not thought of here. */
const MAX_LEARNED_AGAIN = 10_000;

const TIME_BYTES = 24;
/** `,"id":"` */
const ID_HEAD_BYTES = 7;
const ID_BYTES = 36;
/** The lowest byte that may stand in a place, and how many more. */
const DIGIT = [0x30, 9] as const;
const DIGIT_BUT_ZERO = [0x31, 8] as const;
/** From `-` to `f`: no quote and no newline is among them. */
const ID_BYTE = [0x2d, 0x39] as const;

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}
