// The memory that the lines of a long log are read into, and what passes over them there: our writer's lines by their
// beginnings (line-patterns.ts), those of others by their members (line-kinds.ts).

import { createMemory } from "../../base/wasm.ts";
import type { WasmMemory } from "../../base/wasm.ts";
import type { EventCounter } from "./event-counter.ts";
import { LineKinds } from "./line-kinds.ts";
import { LinePatterns } from "./line-patterns.ts";
import type { LineTest } from "./line-test.ts";
import { LINES_AT } from "./member-memory.ts";
import type { ReadReport } from "./report.ts";

/** What is read into it. */
export interface ScannedLines {
  /** What is asked of them. */
  test: LineTest;
  /** Whether our writer made them (format 1). */
  isCanonical: boolean;
  /** Whether they may lack what ours have. */
  isForeign: boolean;
  /** Whether they are read ahead, for which there is more room. */
  isAhead: boolean;
}

export class ScanMemory {
  /** Where lines are to be read into. */
  chunk: Buffer = NO_BYTES;
  readonly #memory: WasmMemory = createMemory(MEMORY_BYTES);
  readonly #bytes: Buffer = Buffer.from(this.#memory.buffer);
  #patterns: LinePatterns | undefined;
  #kinds: LineKinds | undefined;
  #lines: ScannedLines | undefined;

  /** @throws where WebAssembly, or its vectors, are not to be had */
  begin(lines: ScannedLines): void {
    this.chunk = this.#bytes.subarray(LINES_AT, LINES_AT + (lines.isAhead ? AHEAD_BYTES : CHUNK_BYTES));
    this.#lines = lines;
    if (lines.isCanonical) this.#patterns ??= new LinePatterns(this.#memory);
    else this.#kinds ??= new LineKinds(this.#memory);
    if (this.#patterns !== undefined) this.#patterns.chunk = this.chunk;
    this.#kinds?.begin(lines.test, lines.isForeign, this.chunk);
  }

  /** Of lines that our writer made only. */
  get patterns(): LinePatterns | undefined {
    return this.#lines?.isCanonical === true ? this.#patterns : undefined;
  }

  /** Made for the first line of others, which most logs of ours do not have: that takes some milliseconds. */
  get kinds(): LineKinds {
    if (this.#kinds === undefined) {
      this.#kinds = new LineKinds(this.#memory);
      if (this.#lines !== undefined) this.#kinds.begin(this.#lines.test, this.#lines.isForeign, this.chunk);
    }
    return this.#kinds;
  }

  /** Counts what was passed over. */
  finish(counter: EventCounter | undefined, report: ReadReport): void {
    this.#patterns?.finish(counter);
    this.#kinds?.finish(counter, report);
  }
}

/** Undefined where WebAssembly is not to be had, and lines are judged one by one. */
export function takeScanMemory(lines: ScannedLines): ScanMemory | undefined {
  if (isMissing) return undefined;
  try {
    const memory = spare.pop() ?? new ScanMemory();
    memory.begin(lines);
    return memory;
  } catch {
    // Switched off, or there is no address space for it; trying takes long.
    isMissing = true;
    return undefined;
  }
}

/** Keeps it for the next read. */
export function returnScanMemory(memory: ScanMemory): void {
  if (spare.length === 0) spare.push(memory);
}

// --- internal ---

/** That of the last scan: a store may have thousands of logs. */
const spare: ScanMemory[] = [];
let isMissing = false;

const NO_BYTES: Buffer = Buffer.alloc(0);
const CHUNK_BYTES = 256 * 1024;
/** Memory that nothing was read into takes none. */
const AHEAD_BYTES: number = 8 * 1024 * 1024;
/** Some more than is used: a pattern may be longer than what is left of the chunk. */
const MEMORY_BYTES: number = LINES_AT + AHEAD_BYTES + 64 * 1024;
