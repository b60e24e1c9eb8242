// A log file that somebody else may be writing to, read on from where it was left. The descriptor stays open between
// two reads, so that a file that is moved away meanwhile can still be read to its end.

import * as fs from "node:fs";

import { FileSource, openForReading, sizeOf } from "../reading/byte-source.ts";
import { readLastLine, readLines } from "../reading/line-reader.ts";
import type { LogLine } from "../reading/line-reader.ts";

export class GrowingFile {
  readonly path: string;
  #fd: number | undefined;
  #offset: number;

  /** @param offset beginning of the line to read first */
  constructor(path: string, offset = 0) {
    this.path = path;
    this.#offset = offset;
  }

  /** Where the next line begins. */
  get offset(): number {
    return this.#offset;
  }

  /** Opens the file, unless it is open. @throws TracekeepError */
  open(): number {
    return (this.#fd ??= openForReading(this.path));
  }

  /** Passes over a line that is known already. */
  skip(bytes: number): void {
    this.#offset += bytes;
  }

  /** Passes over all whole lines and returns the last one. @throws TracekeepError when it cannot be opened or read */
  skipToEnd(): Buffer | undefined {
    const { line, offset } = readLastLine(this.path, { fd: this.open() });
    this.#offset = offset + (line?.length ?? 0);
    return line;
  }

  /** Whether the path still names the file that is open. */
  get isCurrent(): boolean {
    const named = fs.lstatSync(this.path, { bigint: true, throwIfNoEntry: false });
    return this.#fd === undefined || named?.ino === fs.fstatSync(this.#fd, { bigint: true }).ino;
  }

  /** Whether there is more in it than was read, be it an unfinished line. @throws Error when it has gone */
  hasMore(): boolean {
    const size = this.#fd === undefined ? fs.statSync(this.path).size : sizeOf(this.path, this.#fd);
    return size > this.#offset;
  }

  /**
   * The whole lines behind those read before, as far as the file went at the call; a line counts as read once it was
   * given. An unfinished last line is left for later.
   *
   * @throws TracekeepError when the file cannot be opened or read
   */
  *lines(): Generator<LogLine, void, undefined> {
    const fd = this.open();
    const end = sizeOf(this.path, fd);
    if (end <= this.#offset) return;
    for (const line of readLines(new FileSource(this.path, this.#offset, fd), { fromOffset: this.#offset })) {
      if ("bytes" in line && line.bytes.at(-1) !== NEWLINE) return;
      this.#offset = line.offset + ("bytes" in line ? line.bytes.length : line.length);
      yield line;
      if (this.#offset >= end) return;
    }
  }

  /** What was read before, once more from the beginning. @throws TracekeepError */
  *linesAgain(): Generator<LogLine, void, undefined> {
    for (const line of readLines(new FileSource(this.path, 0, this.open()))) {
      if (line.offset >= this.#offset) return;
      yield line;
    }
  }

  /** Lets go of the descriptor; a later read opens the file again. */
  close(): void {
    if (this.#fd !== undefined) fs.closeSync(this.#fd);
    this.#fd = undefined;
  }
}

const NEWLINE = 0x0a;
