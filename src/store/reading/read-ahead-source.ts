// A long file, whose next bytes are read by a thread of Node's pool while those before them are looked at. A gigabyte in
// the page cache takes half as long to read as to scan, one on a disk longer.
//
// The chunk that it reads into is two halves, filled in turns. A line that begins in one half and ends in the other is put
// together by its reader, in the margin in front of the other.

import * as fs from "node:fs";

import { ioError } from "../../base/errors.ts";
import { openForReading, readAt, WAITING } from "./byte-source.ts";
import type { ByteSource, SourceDamage } from "./byte-source.ts";

/** How much of a line fits in front of the next bytes. */
export const MARGIN_BYTES: number = 64 * 1024;

export class ReadAheadSource implements ByteSource {
  readonly path: string;
  readonly damage: readonly SourceDamage[] = [];
  used: number;
  at: number = MARGIN_BYTES;
  readonly #chunk: Buffer;
  readonly #halfBytes: number;
  readonly #fd: number;
  #ahead: Ahead | undefined;
  #isClosed = false;

  /** @param chunk what to read into; nobody else may use it before this is closed and no longer {@link isReading} */
  constructor(path: string, offset: number, chunk: Buffer) {
    this.path = path;
    this.used = offset;
    this.#chunk = chunk;
    this.#halfBytes = chunk.length >> 1;
    this.#fd = openForReading(path);
  }

  get isReading(): boolean {
    return this.#ahead !== undefined && this.#ahead.count === undefined && this.#ahead.error === undefined;
  }

  advance(held: Buffer): number {
    if (this.isReading) return WAITING;
    const ahead = this.#ahead;
    if (ahead?.error !== undefined) throw ioError("read", this.path, ahead.error);
    let count: number;
    if (ahead?.from === this.used) {
      this.at = ahead.at;
      count = ahead.count ?? 0;
    } else {
      // At the beginning, and where `read` has gone on elsewhere: a little, while more is read.
      const into = this.#chunk.subarray(0, this.at + FIRST_BYTES);
      count = readAt(this.path, this.#fd, into, this.at, this.used);
    }
    if (count === 0) return 0;
    this.used += count;
    held.copy(this.#chunk, this.at - held.length);
    this.#readAhead(this.at < this.#halfBytes ? this.#halfBytes + MARGIN_BYTES : MARGIN_BYTES);
    return count;
  }

  read(into: Buffer, at: number): number {
    const count = readAt(this.path, this.#fd, into, at, this.used);
    this.used += count;
    return count;
  }

  ready(): Promise<void> {
    return this.#ahead?.settled ?? Promise.resolve();
  }

  close(): void {
    this.#isClosed = true;
    // A thread that still reads from it would read from whatever had its number next.
    if (!this.isReading) fs.closeSync(this.#fd);
  }

  // --- internal ---

  #readAhead(at: number): void {
    const ahead: Ahead = { from: this.used, at, settled: NOTHING };
    ahead.settled = new Promise((resolve) => {
      const done = (error: Error | null, count: number): void => {
        if (error === null) ahead.count = count;
        else ahead.error = error;
        if (this.#isClosed) fs.closeSync(this.#fd);
        resolve();
      };
      fs.read(this.#fd, this.#chunk, at, this.#halfBytes - MARGIN_BYTES, ahead.from, done);
    });
    this.#ahead = ahead;
  }
}

// --- internal ---

/** Bytes of the file from `from` on, on their way to `at` in the chunk. */
interface Ahead {
  from: number;
  at: number;
  count?: number;
  error?: Error;
  settled: Promise<void>;
}

const FIRST_BYTES: number = 256 * 1024;
const NOTHING: Promise<void> = Promise.resolve();
