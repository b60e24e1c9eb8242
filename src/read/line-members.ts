// Members of the JSON objects on lines, each told by the place of its value: the lines are read into the memory of a kernel
// that goes over them (member-kernel.ts).

import { createMemory } from "../base/wasm.ts";
import { ENTRIES_AT, ENTRY, ESCAPED_AT, instantiateMemberKernel, PRESENT_AT } from "./member-kernel.ts";
import type { ScanMembers } from "./member-kernel.ts";

export class LineMembers {
  /** Where lines are to be read into. */
  readonly chunk: Buffer;
  readonly #words: Int32Array;
  readonly #scan: ScanMembers;

  /**
   * @param names of members, at most 31; what stands under other names is passed over
   * @throws where WebAssembly, or its vectors, are not to be had
   */
  constructor(names: readonly string[]) {
    const memory = createMemory(MEMORY_BYTES);
    this.#words = new Int32Array(memory.buffer);
    this.#scan = instantiateMemberKernel(memory, names);
    this.chunk = Buffer.from(memory.buffer, CHUNK_AT, CHUNK_BYTES);
  }

  /**
   * Where the next line begins, if the one at `start` is an object that can be told about: not when it has blanks between
   * its parts, a member twice, or a name with escapes. Else 0. What it tells of texts holds if they are UTF-8.
   */
  scan(start: number): number {
    const next = this.#scan(CHUNK_AT + start);
    return next === 0 ? 0 : next - CHUNK_AT;
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
    return (this.#words[(ENTRIES_AT + member * ENTRY.bytes + ENTRY.from) / 4] ?? 0) - CHUNK_AT;
  }

  to(member: number): number {
    return (this.#words[(ENTRIES_AT + member * ENTRY.bytes + ENTRY.to) / 4] ?? 0) - CHUNK_AT;
  }
}

// --- internal ---

const CHUNK_BYTES = 256 * 1024;
const CHUNK_AT = 4096;
/** Some more than is used: looks go sixteen bytes ahead, and find nothing there. */
const MEMORY_BYTES: number = CHUNK_AT + CHUNK_BYTES + 64;
