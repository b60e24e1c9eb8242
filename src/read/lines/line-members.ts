// Members of the JSON objects on lines, each told by the place of its value: the lines are read into the memory of a kernel
// that goes over them (member-kernel.ts).

import { isUtf8 } from "node:buffer";

import { createMemory } from "../../base/wasm.ts";
import type { WasmMemory } from "../../base/wasm.ts";
import type { LineCursor } from "../../store/reading/line-reader.ts";
import { instantiateMemberKernel } from "./member-kernel.ts";
import type { ScanMembers } from "./member-kernel.ts";
// prettier-ignore
import { ENTRIES_AT, ENTRY, ESCAPED_AT, LEFT_AT, LINES_AT, NEXT_AT, PRESENT_AT, writeNames } from "./member-memory.ts";

/** What a cursor has read, and a number that is another whenever that is. */
type ReadBytes = Pick<LineCursor, "buffer" | "filled" | "fills">;

export class LineMembers {
  /** Where lines are to be read into. */
  chunk: Buffer;
  readonly #words: Int32Array;
  readonly #scan: ScanMembers;
  /** The cursor's fill of which it was asked last whether it is UTF-8, up to its last newline, and whether it is. */
  #fill = -1;
  #isUtf8 = false;

  /**
   * @param names of members, at most 31; what stands under other names is passed over
   * @param memory where lines are read into from `LINES_AT` on; default: its own
   * @throws where WebAssembly, or its vectors, are not to be had
   */
  constructor(
    names: readonly string[],
    memory: WasmMemory = createMemory(LINES_AT + CHUNK_BYTES + MORE_BYTES),
  ) {
    this.#words = new Int32Array(memory.buffer);
    this.#scan = instantiateMemberKernel(memory);
    writeNames(Buffer.from(memory.buffer), names);
    this.#words[LEFT_AT / 4] = 1;
    this.chunk = Buffer.from(memory.buffer, LINES_AT, CHUNK_BYTES);
  }

  /**
   * Reads the line at `start`, where one of the cursor's begins. Returns where the next one does if it is an object that can
   * be told about: not when it has a member twice, or a name with escapes; else 0.
   */
  read(lines: ReadBytes, start: number): number {
    if (lines.buffer !== this.chunk) return 0;
    this.pass(start, lines.filled);
    const { next } = this;
    return next > 0 && (this.isUtf8(lines, start) || isUtf8(this.chunk.subarray(start, next))) ? next : 0;
  }

  /** Passes over lines of known kinds, of which there are none unless somebody wrote them; returns where it stopped. */
  pass(at: number, end: number): number {
    return this.#scan(LINES_AT + at, LINES_AT + end) - LINES_AT;
  }

  /** Where the line ends at which it stopped, if its members are told; else 0. What it tells of texts holds if they are UTF-8. */
  get next(): number {
    return Math.max(0, (this.#words[NEXT_AT / 4] ?? 0) - LINES_AT);
  }

  /** Whether all lines are UTF-8 that were read into the buffer from `start` on, where one of them begins. */
  isUtf8({ fills, filled }: Omit<ReadBytes, "buffer">, start: number): boolean {
    if (fills !== this.#fill) {
      this.#fill = fills;
      this.#isUtf8 = isUtf8(this.chunk.subarray(start, this.chunk.lastIndexOf(NEWLINE, filled - 1) + 1));
    }
    return this.#isUtf8;
  }

  /** Which members the object has, a bit each. */
  get present(): number {
    return this.#words[PRESENT_AT / 4] ?? 0;
  }

  /** Whether there are escapes in its text, or in what is nested in it. */
  get escaped(): number {
    return this.#words[ESCAPED_AT / 4] ?? 0;
  }

  /** Where the value of a member that is there begins in the chunk, the quote of a text included, and where it ends. */
  from(member: number): number {
    return (this.#words[(ENTRIES_AT + member * ENTRY.bytes + ENTRY.from) / 4] ?? 0) - LINES_AT;
  }

  to(member: number): number {
    return (this.#words[(ENTRIES_AT + member * ENTRY.bytes + ENTRY.to) / 4] ?? 0) - LINES_AT;
  }

  lengthOf(member: number): number {
    return this.to(member) - this.from(member);
  }

  /** The value as it stands there, its beginning if it is longer: a character for each byte. */
  json(member: number, maxBytes: number): string {
    const from = this.from(member);
    return this.chunk.toString("latin1", from, Math.min(this.to(member), from + maxBytes));
  }
}

// --- internal ---

const NEWLINE = 0x0a;
const CHUNK_BYTES = 256 * 1024;
/** Some more than is used: looks go sixteen bytes ahead, and find nothing there. */
const MORE_BYTES = 64;
