// The lines of a file, forwards and backwards, in constant memory: synchronous reads into one buffer that is used
// again, and a search for the newline byte. Nothing is decoded here, and what a line means is not known here.
//
// Readers never lock, so the file may grow, or lose its unfinished end, while it is read: reading stops where the file
// ends at that moment.

import * as fs from "node:fs";

import { MAX_READ_LINE_BYTES } from "../../format/index.ts";
import { openForReading, readAt, sizeOf, WAITING } from "./byte-source.ts";
import type { ByteSource, SourceDamage } from "./byte-source.ts";
import { openSource } from "./open-source.ts";
import { MARGIN_BYTES } from "./read-ahead-source.ts";

/** One line of a file, or the place of one that is too long to be held in memory. */
export type LogLine =
  /** `bytes` includes the `\n` when there is one; it is a view that is valid until the next step. */
  | { bytes: Buffer; offset: number; line: number }
  | { tooLong: true; offset: number; length: number; line: number };

export interface LastLine {
  /** The last line that has its `\n`; undefined when there is none, or when it is longer than 64 MiB. */
  line: Buffer | undefined;
  /** Byte offset of that line. */
  offset: number;
  /** Length of the unfinished line behind it; 0 when the file ends with `\n`. */
  tailBytes: number;
}

export interface BackwardOptions {
  /** The file, if it is open already; it stays so. */
  fd?: number | undefined;
  /** Where the first line begins, and where the last one ends, if not all are wanted. */
  from?: number;
  to?: number;
  /** What to read into, as far as it is long enough; the lines hold until the next. Default: memory of their own. */
  chunk?: Buffer | undefined;
}

/** Knows lines that nobody wants one by one, in the chunk that they are read into. */
export interface LinePasser {
  readonly chunk: Buffer;
  /**
   * Passes over them from `at` on, as far as there are bytes to `end`; returns where it stopped.
   *
   * @param fills changes whenever the bytes of the chunk do
   */
  pass(at: number, end: number, limit: number, fills: number): number;
  /** How much of the limit the last call left. */
  readonly left: number;
}

/**
 * Reads the lines of a file from `fromOffset` (the beginning of a line) to its end. `line` counts from 1 there.
 *
 * @throws TracekeepError when the file cannot be opened or read; the signal's reason when it is aborted
 * @example for (const line of readLines(file)) if ("bytes" in line) console.log(line.offset, line.bytes.length);
 */
export function* readLines(
  source: string | ByteSource,
  options: { fromOffset?: number; signal?: AbortSignal } = {},
): Generator<LogLine, void, undefined> {
  const lines = new LineCursor(source, options.fromOffset);
  try {
    while (lines.next()) {
      options.signal?.throwIfAborted();
      const { offset, line } = lines;
      yield lines.tooLong
        ? { tooLong: true, offset, length: lines.length, line }
        : { bytes: lines.bytes, offset, line };
    }
  } finally {
    lines.close();
  }
}

/**
 * The same as {@link readLines} without an object for each line: about 100 ns a line. For scans that look at a few bytes
 * of each line in place, `buffer` from `start` to `end`, and want most lines no further.
 */
export class LineCursor {
  buffer: Buffer;
  /** Where the line stands in `buffer`, its `\n` included. */
  start = 0;
  end = 0;
  offset: number;
  length = 0;
  /** Number of the line, from 1. */
  line = 0;
  /** Longer than 64 MiB: the line is not in `buffer`. */
  tooLong = false;
  /** Another number whenever the bytes of `buffer` change, in whatever file: the next reader may use the same buffer. */
  fills = 0;
  /** Why there is no next line, when it is not the end: a stream has to bring more first. */
  waiting: Promise<void> | undefined;
  readonly #source: ByteSource;
  /** What is read into, but for lines that are longer. */
  readonly #chunk: Buffer;
  readonly #ownsChunk: boolean;
  #filled = 0;
  /** Bytes of `buffer` known to hold no `\n` behind `end`. */
  #searched = 0;

  /**
   * @param source a file by its path, or what is open already
   * @param chunk what to read into; it stays the caller's
   */
  constructor(source: string | ByteSource, fromOffset = 0, chunk?: Buffer) {
    this.offset = fromOffset;
    this.#source = typeof source === "string" ? openSource(source, fromOffset) : source;
    this.#chunk = chunk ?? spareChunk ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
    this.#ownsChunk = chunk === undefined;
    if (this.#ownsChunk) spareChunk = undefined;
    this.buffer = this.#chunk;
  }

  /** Goes to the next line; false at the end of the file, or while {@link waiting}. */
  next(): boolean {
    if (this.waiting === undefined) {
      this.offset += this.length;
      this.length = 0;
      this.line++;
      this.start = this.end;
      this.tooLong = false;
    }
    this.waiting = undefined;
    if (this.tooLong) return this.#skip();
    for (;;) {
      // Bytes behind `#filled` are left from earlier; a newline there is none of this line's.
      const newline = this.buffer.indexOf(NEWLINE, this.#searched);
      if (newline >= 0 && newline < this.#filled) return this.#stop(newline + 1);
      this.#searched = this.#filled;
      if (this.#filled - this.start >= MAX_READ_LINE_BYTES) return this.#skip();
      const count = this.#fill();
      if (count === WAITING) return this.#wait();
      if (count === 0) return this.#filled > this.start && this.#stop(this.#filled);
    }
  }

  /** Goes on behind lines that need no look at each of them; returns how many. They are not more than `limit`. */
  passOver(passer: LinePasser, limit: number): number {
    if (this.waiting !== undefined || this.tooLong || this.buffer !== passer.chunk) return 0;
    const to = passer.pass(this.end, this.#filled, limit, this.fills);
    if (to === this.end) return 0;
    const count = limit - passer.left;
    this.offset += this.length + to - this.end;
    this.length = 0;
    this.line += count;
    this.start = this.end = this.#searched = to;
    return count;
  }

  /** How much of `buffer` was read; behind it are bytes of earlier lines. */
  get filled(): number {
    return this.#filled;
  }

  /** Goes to the next line like {@link next}, when somebody has found already that it ends before `end` in what is read. */
  goTo(end: number): void {
    this.offset += this.length;
    this.line++;
    this.start = this.end;
    this.#stop(end);
  }

  /** The line, `\n` included, until the next step. */
  get bytes(): Buffer {
    return this.buffer.subarray(this.start, this.end);
  }

  /** Bytes used of what is stored, for progress: the compressed ones of a compressed file. */
  get used(): number {
    return this.#source.used;
  }

  /** What could not be decompressed so far: places of the stored file. */
  get damage(): readonly SourceDamage[] {
    return this.#source.damage;
  }

  close(): void {
    this.#source.close();
    if (this.#ownsChunk) spareChunk = this.#chunk;
    this.buffer = NO_BYTES;
  }

  #wait(): false {
    this.waiting = this.#source.ready?.();
    return false;
  }

  #stop(end: number): true {
    this.end = this.#searched = end;
    this.length = end - this.start;
    return true;
  }

  /** Reads more behind what there is of the line; 0 at the end of the file. */
  #fill(): number {
    this.fills = ++fillsEver;
    const held = this.#filled - this.start;
    const isAhead = this.#source.advance !== undefined;
    if (isAhead && held <= MARGIN_BYTES) return this.#advance(held);
    // Of a source that reads ahead, so much of a line may not stay where the next bytes come to.
    if (held === this.buffer.length || (isAhead && this.buffer === this.#chunk)) {
      const larger = Buffer.allocUnsafeSlow(Math.min(held * 2, MAX_READ_LINE_BYTES));
      this.buffer.copy(larger, 0, this.start, this.#filled);
      this.buffer = larger;
    } else if (!isAhead && this.buffer !== this.#chunk && held < this.#chunk.length / 2) {
      this.buffer.copy(this.#chunk, 0, this.start, this.#filled);
      this.buffer = this.#chunk;
    } else if (this.start > 0) {
      this.buffer.copyWithin(0, this.start, this.#filled);
    }
    this.start = this.end = 0;
    this.#filled = this.#searched = held;
    const count = this.#source.read(this.buffer, held);
    if (count > 0) this.#filled += count;
    return count;
  }

  /** The same of a source that reads ahead. */
  #advance(held: number): number {
    const count = this.#source.advance?.(this.buffer.subarray(this.start, this.#filled)) ?? 0;
    if (count <= 0) return count;
    const at = this.#source.at ?? 0;
    this.buffer = this.#chunk;
    this.start = this.end = at - held;
    this.#searched = at;
    this.#filled = at + count;
    return count;
  }

  /** Passes over a line that fills the buffer, to its `\n` or the end of the file. */
  #skip(): boolean {
    // What was passed over of it before a stream had to be waited for.
    if (this.length === 0) this.length = this.#filled - this.start;
    this.tooLong = true;
    for (;;) {
      this.fills = ++fillsEver;
      const count = this.#source.read(this.buffer, 0);
      if (count === WAITING) return this.#wait();
      const newline = this.buffer.subarray(0, count).indexOf(NEWLINE);
      if (newline < 0 && count > 0) {
        this.length += count;
        continue;
      }
      const passed = this.length;
      this.#filled = count;
      this.start = 0;
      this.#stop(newline + 1);
      this.length += passed;
      return true;
    }
  }
}

/**
 * The lines of a file from its end to its beginning; the first may be unfinished, and `line` is 0: how many lines stand
 * before one is not known. Costs what is read, not the size of the file.
 *
 * @throws TracekeepError when the file cannot be opened or read
 */
export function* readLinesBackwards(
  path: string,
  { fd: given, from = 0, to = Infinity, chunk }: BackwardOptions = {},
): Generator<LogLine, void, undefined> {
  const fd = given ?? openForReading(path);
  try {
    let window: Buffer = Buffer.alloc(0);
    /** Offset of `window`'s first byte, and end of the line that is looked for. */
    let base = to === Infinity ? sizeOf(path, fd) : to;
    let end = base;
    while (end > from) {
      // The newline that ends the line before; that of the line itself does not count.
      const newline = end - base < 2 ? -1 : window.lastIndexOf(NEWLINE, end - base - 2);
      if (newline < 0 && base > from) {
        if (end - base > MAX_READ_LINE_BYTES) {
          const offset = startOfLine(path, fd, base);
          yield { tooLong: true, offset, length: end - offset, line: 0 };
          base = end = offset;
        } else {
          // Doubling the window keeps the search linear in the length of the line.
          const start = Math.max(
            from,
            base - Math.max(BACKWARD_BYTES, end - base),
            end - MAX_READ_LINE_BYTES - 1,
          );
          window = readRange(path, fd, start, end, chunk);
          base = start;
        }
        continue;
      }
      const start = newline + 1;
      const bytes = window.subarray(start, end - base);
      // Cut off meanwhile.
      if (bytes.length === 0) return;
      yield bytes.length > MAX_READ_LINE_BYTES
        ? { tooLong: true, offset: base + start, length: bytes.length, line: 0 }
        : { bytes, offset: base + start, line: 0 };
      end = base + start;
    }
  } finally {
    if (given === undefined) fs.closeSync(fd);
  }
}

/**
 * What `look` makes of the last line that it makes anything of. Reads from the end; a compressed file, which cannot be
 * read from there, as a whole.
 *
 * @throws TracekeepError when the file cannot be read
 */
export function findFromEnd<T>(path: string, look: (line: Buffer) => T | undefined): T | undefined {
  const isCompressed = path.endsWith(".gz");
  let last: T | undefined;
  for (const line of isCompressed ? readLines(path) : readLinesBackwards(path)) {
    const found = "bytes" in line ? look(line.bytes) : undefined;
    last = found ?? last;
    if (!isCompressed && found !== undefined) break;
  }
  return last;
}

/**
 * The first line of a file, with its `\n` unless it is unfinished; undefined when the file is empty or the line is
 * longer than 64 MiB. About 8 µs.
 *
 * @throws TracekeepError when the file cannot be opened or read
 */
export function readFirstLine(path: string): Buffer | undefined {
  return readLineAt(path, 0);
}

/** The same of the line that begins at `offset`, of what the file holds when it is compressed. @throws TracekeepError */
export function readLineAt(path: string, offset: number): Buffer | undefined {
  const source = openSource(path, offset);
  try {
    let bytes: Buffer = firstBytes;
    let held = 0;
    for (;;) {
      const count = source.read(bytes, held);
      const newline = bytes.subarray(held, held + count).indexOf(NEWLINE);
      if (newline >= 0) return Buffer.from(bytes.subarray(0, held + newline + 1));
      held += count;
      if (count === 0) return held === 0 ? undefined : Buffer.from(bytes.subarray(0, held));
      if (held >= MAX_READ_LINE_BYTES) return undefined;
      if (held < bytes.length) continue;
      const larger = Buffer.allocUnsafeSlow(Math.min(held * 16, MAX_READ_LINE_BYTES));
      bytes.copy(larger, 0, 0, held);
      bytes = larger;
    }
  } finally {
    source.close();
  }
}

/**
 * The last whole line of a file, and how much of an unfinished one follows it.
 *
 * @throws TracekeepError when the file cannot be opened or read
 */
export function readLastLine(path: string, options: { fd?: number | undefined } = {}): LastLine {
  let tailBytes = 0;
  for (const line of readLinesBackwards(path, options)) {
    if (!("bytes" in line)) return { line: undefined, offset: line.offset, tailBytes };
    if (line.bytes.at(-1) === NEWLINE)
      return { line: Buffer.from(line.bytes), offset: line.offset, tailBytes };
    tailBytes = line.bytes.length;
  }
  return { line: undefined, offset: 0, tailBytes };
}

// --- internal ---

const NEWLINE = 0x0a;
const CHUNK_BYTES = 256 * 1024;
/** Bytes that are read at a time on the way back. */
export const BACKWARD_BYTES: number = 64 * 1024;

const NO_BYTES: Buffer = Buffer.alloc(0);

let fillsEver = 0;

/** The chunk of the last reader that was closed: a store may have thousands of short logs. */
let spareChunk: Buffer | undefined;

/** START lines are some 700 bytes long. */
const firstBytes = Buffer.allocUnsafeSlow(4096);

/** Where the line begins that reaches over `before`: behind the last `\n` before it. */
function startOfLine(path: string, fd: number, before: number): number {
  for (let end = before; end > 0;) {
    const start = Math.max(0, end - BACKWARD_BYTES);
    const newline = readRange(path, fd, start, end).lastIndexOf(NEWLINE);
    if (newline >= 0) return start + newline + 1;
    end = start;
  }
  return 0;
}

/** The bytes from `start` to `end`, fewer when the file has been cut meanwhile. */
function readRange(path: string, fd: number, start: number, end: number, chunk: Buffer = NO_BYTES): Buffer {
  const length = end - start;
  const bytes = length <= chunk.length ? chunk.subarray(0, length) : Buffer.allocUnsafeSlow(length);
  let held = 0;
  for (let count = -1; count !== 0 && held < bytes.length; held += count) {
    count = readAt(path, fd, bytes, held, start + held);
  }
  return bytes.subarray(0, held);
}
