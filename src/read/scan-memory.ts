// The memory that the lines of a long log are read into, and what passes over them there: our writer's lines by their
// beginnings (line-patterns.ts), those of others by their members (line-kinds.ts).

import { createMemory } from "../base/wasm.ts";
import type { EventCounter } from "./event-counter.ts";
import { LineKinds } from "./line-kinds.ts";
import { LinePatterns } from "./line-patterns.ts";
import type { LineTest } from "./line-test.ts";
import { LINES_AT } from "./member-memory.ts";
import type { ReadReport } from "./report.ts";

export class ScanMemory {
  readonly patterns: LinePatterns;
  readonly kinds: LineKinds;
  readonly #bytes: Buffer;

  /** @throws where WebAssembly, or its vectors, are not to be had */
  constructor() {
    const memory = createMemory(MEMORY_BYTES);
    this.#bytes = Buffer.from(memory.buffer);
    this.patterns = new LinePatterns(memory);
    this.kinds = new LineKinds(memory);
  }

  /** Where lines are to be read into. */
  get chunk(): Buffer {
    return this.kinds.chunk;
  }

  /** @param isAhead whether they are read ahead, for which there is more room */
  begin(test: LineTest, isForeign: boolean, isAhead: boolean): void {
    const chunk = this.#bytes.subarray(LINES_AT, LINES_AT + (isAhead ? AHEAD_BYTES : CHUNK_BYTES));
    this.patterns.chunk = this.kinds.chunk = chunk;
    this.kinds.begin(test, isForeign);
  }

  /** Counts what was passed over. */
  finish(counter: EventCounter | undefined, report: ReadReport): void {
    this.patterns.finish(counter);
    this.kinds.finish(counter, report);
  }
}

/** Undefined where WebAssembly is not to be had, and lines are judged one by one. */
export function takeScanMemory(): ScanMemory | undefined {
  if (isMissing) return undefined;
  try {
    return spare.pop() ?? new ScanMemory();
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

const CHUNK_BYTES = 256 * 1024;
/** Memory that nothing was read into takes none. */
const AHEAD_BYTES: number = 8 * 1024 * 1024;
/** Some more than is used: a pattern may be longer than what is left of the chunk. */
const MEMORY_BYTES: number = LINES_AT + AHEAD_BYTES + 64 * 1024;
