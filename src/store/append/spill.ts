// Lines that have their numbers and cannot be written just now, in order and in bounds: in memory, or, where there is a
// folder for it, in a private file, in which they outlive the process.

import path from "node:path";

import { checkOptionNames, integerOption, textOption } from "../../base/options.ts";
import type { Batch } from "./line-buffer.ts";
import { SpillFile } from "./spill-file.ts";

export interface SpillOptions {
  /**
   * Events held at most; further ones are refused. What one buffer held (128 KiB), or one longer line, may come on top.
   * Default 10,000; with a `directory` 1,000,000.
   */
  events?: number | undefined;
  /** Bytes of their lines, likewise. Default 8 MiB; with a `directory` 256 MiB, of which no more than 8 MiB in memory. */
  bytes?: number | undefined;
  /**
   * Folder for a private file that holds them in place of memory: then they outlive the process, and the next
   * `openStore` with this folder writes them where they belong. It is created, for its owner alone, when it is needed.
   * Best on another disk. Default: none.
   */
  directory?: string | undefined;
  /** First pause before the next try, in ms; each is twice as long as the one before, less up to half by chance. Default 100. */
  retryMinMs?: number | undefined;
  /** Longest pause, in ms. Default 30,000. */
  retryMaxMs?: number | undefined;
}

export interface CheckedSpillOptions {
  events: number;
  bytes: number;
  directory: string | undefined;
  retryMinMs: number;
  retryMaxMs: number;
}

/** Default of `bytes`; where there is a file for them, what it does not take is kept in memory up to here. */
export const MAX_MEMORY_BYTES: number = 8 * 1024 * 1024;

/** @throws TypeError, RangeError */
export function checkSpillOptions(
  owner: string,
  options: SpillOptions | false | undefined,
): CheckedSpillOptions | undefined {
  if (options === false) return undefined;
  const name = `${owner} spill`;
  checkOptionNames(name, options ?? {}, SPILL_OPTIONS);
  const { events, bytes, directory, retryMinMs, retryMaxMs } = options ?? {};
  const toFile = textOption(name, "directory", directory) !== undefined;
  const min = integerOption(name, "retryMinMs", retryMinMs, { min: 1, max: MAX_RETRY_MS, default: 100 });
  return {
    events: integerOption(name, "events", events, {
      min: 1,
      max: 100_000_000,
      default: toFile ? 1_000_000 : 10_000,
    }),
    bytes: integerOption(name, "bytes", bytes, {
      min: 4 * 1024,
      max: toFile ? Number.MAX_SAFE_INTEGER : MAX_MEMORY_BYTES * 128,
      default: toFile ? 256 * 1024 * 1024 : MAX_MEMORY_BYTES,
    }),
    directory: directory === undefined ? undefined : path.resolve(directory),
    retryMinMs: min,
    retryMaxMs: integerOption(name, "retryMaxMs", retryMaxMs, {
      min,
      max: MAX_RETRY_MS,
      default: Math.max(min, 30_000),
    }),
  };
}

const SPILL_OPTIONS = [
  "events",
  "bytes",
  "directory",
  "retryMinMs",
  "retryMaxMs",
] as const satisfies readonly (keyof SpillOptions)[];

const MAX_RETRY_MS = 3_600_000;

interface Piece extends Batch {
  /** Where it begins in the file, if it is there; `bytes` is empty then. */
  offset: number | undefined;
  length: number;
}

export class Spill {
  readonly options: CheckedSpillOptions;
  /** Lines held. */
  lines = 0;
  readonly #store: string;
  #pieces: Piece[] = [];
  /** How many of them are in the file: the first ones. */
  #inFile = 0;
  #bytes = 0;
  #memoryBytes = 0;
  #file: SpillFile | undefined;

  /** @param store folder that the lines belong to */
  constructor(options: CheckedSpillOptions, store: string) {
    this.options = options;
    this.#store = store;
  }

  /** Whether so much may be added. */
  hasRoomFor(lines: number, bytes: number): boolean {
    const { events, bytes: maxBytes } = this.options;
    return (
      this.lines + lines <= events &&
      this.#bytes + bytes <= maxBytes &&
      (this.options.directory === undefined || this.#memoryBytes + bytes <= MAX_MEMORY_BYTES)
    );
  }

  /** Takes lines, whose bytes are copied. */
  add({ bytes, lines, tickets }: Batch): void {
    this.#pieces.push({ bytes: Buffer.from(bytes), lines, tickets, offset: undefined, length: bytes.length });
    this.lines += lines;
    this.#bytes += bytes.length;
    this.#memoryBytes += bytes.length;
    this.#moveToFile();
  }

  /** The first lines; they stay until {@link shift}. @throws when they cannot be read back */
  peek(): Batch | undefined {
    const piece = this.#pieces[0];
    return piece === undefined ? undefined : { ...piece, bytes: this.#bytesOf(piece) };
  }

  /** The first lines are where they belong. */
  shift(): void {
    const piece = this.#pieces.shift();
    if (piece !== undefined) this.#forget(piece);
    if (this.#pieces.length === 0) this.#removeFile();
  }

  /** The bytes of all lines, in order. @throws when they cannot be read back */
  *contents(): Generator<Buffer, void, undefined> {
    for (const piece of this.#pieces) yield this.#bytesOf(piece);
  }

  /** All lines are where they belong, and on the medium. */
  settleAll(): void {
    for (const piece of this.#pieces.splice(0)) {
      this.#forget(piece);
      for (const ticket of piece.tickets) ticket.settle();
    }
    this.#removeFile();
  }

  /** Where the lines are that would outlive the process, and how many are only in memory. */
  whereabouts(): { file: string | undefined; inMemory: number } {
    this.#moveToFile();
    const inMemory = this.#pieces.slice(this.#inFile).reduce((sum, { lines }) => sum + lines, 0);
    return { file: this.#file?.path, inMemory };
  }

  /** Lets go of everything: what is in the file stays there for the next writer. Whoever waits is told. */
  leave(error: Error): void {
    for (const piece of this.#pieces.splice(0)) {
      this.#forget(piece);
      for (const ticket of piece.tickets) ticket.fail(error);
    }
    this.#file?.leave();
    this.#file = undefined;
  }

  // --- internal ---

  #bytesOf({ bytes, offset, length }: Piece): Buffer {
    if (offset === undefined) return bytes;
    if (this.#file === undefined) throw new Error("the spill file is gone");
    return this.#file.read(offset, length);
  }

  #forget({ lines, bytes, length, offset }: Piece): void {
    if (offset !== undefined) this.#inFile--;
    this.lines -= lines;
    this.#bytes -= length;
    this.#memoryBytes -= bytes.length;
  }

  /** The file holds a beginning of the lines, so that they are in order in it; what it does not take stays in memory. */
  #moveToFile(): void {
    const { directory } = this.options;
    if (directory === undefined) return;
    try {
      this.#file ??= SpillFile.create(directory, this.#store);
      for (let piece; (piece = this.#pieces[this.#inFile]) !== undefined; this.#inFile++) {
        const offset = this.#file.size;
        this.#file.append(piece.bytes);
        piece.offset = offset;
        piece.bytes = NO_BYTES;
        this.#memoryBytes -= piece.length;
      }
    } catch {
      // Memory has them. Where they are is told when the process ends before they could be written.
    }
  }

  #removeFile(): void {
    this.#file?.remove();
    this.#file = undefined;
  }
}

// --- internal ---

const NO_BYTES: Buffer = Buffer.alloc(0);
