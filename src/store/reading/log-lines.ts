// The lines of a log over all of its files, in the order of their numbers. A line's number is its place: the first file
// begins with 0, a later one with what its SEGMENT says. After a failed sync a writer writes the lines it is not sure of
// once more into the next file, behind a SEGMENT whose own number follows theirs; what the file before has of them is
// superseded.

import { decodeLine } from "../../format/index.ts";
import { LineCursor, readFirstLine } from "./line-reader.ts";
import type { LogLine } from "./line-reader.ts";

/** A line of a log. `seq` is the number of its place, whatever the line itself says. */
export type NumberedLine = LogLine & { file: string; seq: number };

/**
 * Reads the whole lines of a log, and what follows the last of them, if anything, as `bytes` without `\n`.
 *
 * @param files the files of one log, in order
 * @throws TracekeepError when a file cannot be read
 */
export function* readLogLines(files: readonly string[]): Generator<NumberedLine, void, undefined> {
  const lines = new LogCursor(files);
  try {
    while (lines.next()) {
      const { file, offset, line, seq } = lines;
      yield lines.tooLong
        ? { tooLong: true, length: lines.length, file, offset, line, seq }
        : { bytes: lines.buffer.subarray(lines.start, lines.end), file, offset, line, seq };
    }
  } finally {
    lines.close();
  }
}

/** A place in a file. */
export interface Surplus {
  file: string;
  offset: number;
}

/** The same without an object for each line, as {@link LineCursor} does it for one file. */
export class LogCursor {
  /** Holds the line, its `\n` included, from `start` to `end`. */
  buffer: Buffer = NO_BYTES;
  start = 0;
  end = 0;
  seq = 0;
  file = "";
  /** Place of the line in its file: offset, length, and number from 1. */
  offset = 0;
  length = 0;
  line = 0;
  tooLong = false;
  /** Where a file first goes on behind what the log has of it, though no later one holds that again. */
  surplus: Surplus | undefined;
  readonly #segments: Segment[];
  #at = -1;
  #lines: LineCursor | undefined;
  #nextSeq = 0;
  /** A SEGMENT whose number comes after lines that follow it in its file. */
  #held: { bytes: Buffer; seq: number } | undefined;

  constructor(files: readonly string[]) {
    this.#segments = files.map((file) => ({ file, ...startOf(file) }));
  }

  /** Goes to the next line; false behind the last. */
  next(): boolean {
    for (;;) {
      const lines = this.#lines ?? this.#openNext();
      if (lines === undefined) return false;
      const end = this.#segments[this.#at + 1]?.first ?? Infinity;
      if (this.#held !== undefined && this.#held.seq === this.#nextSeq) return this.#takeHeld(this.#held);
      if (this.#nextSeq < end && lines.next()) {
        if (!this.#isHeader(lines)) return this.#take(lines);
      } else {
        this.#passRest(lines);
        this.close();
        if (this.#held !== undefined && this.#held.seq < end) return this.#takeHeld(this.#held);
        this.#held = undefined;
      }
    }
  }

  close(): void {
    this.#lines?.close();
    this.#lines = undefined;
  }

  // --- internal ---

  #openNext(): LineCursor | undefined {
    const segment = this.#segments[++this.#at];
    if (segment === undefined) return undefined;
    this.#lines = new LineCursor(segment.file);
    this.file = segment.file;
    this.#nextSeq = segment.first;
    return this.#lines;
  }

  /** What is left of a file is superseded where the next was begun after a failed sync, else none of the log's. */
  #passRest(lines: LineCursor): void {
    const next = this.#segments[this.#at + 1];
    // The last file may have grown since it was read to its end.
    if (next !== undefined) this.#passLines(lines, next);
    const [damage] = lines.damage;
    if (damage !== undefined) this.surplus ??= { file: this.file, offset: damage.from };
  }

  #passLines(lines: LineCursor, { first, header }: Segment): void {
    while (lines.next()) {
      const isSuperseded = header > first && !isBefore(first, lines);
      if (!isSuperseded) this.surplus ??= { file: this.file, offset: lines.offset };
    }
  }

  #isHeader(lines: LineCursor): boolean {
    const segment = this.#segments[this.#at];
    if (lines.line !== 1 || segment === undefined || segment.header <= segment.first) return false;
    this.#held = { bytes: Buffer.from(lines.bytes), seq: segment.header };
    return true;
  }

  #take(lines: LineCursor): true {
    this.buffer = lines.buffer;
    this.start = lines.start;
    this.end = lines.end;
    this.offset = lines.offset;
    this.length = lines.length;
    this.line = lines.line;
    this.tooLong = lines.tooLong;
    this.seq = this.#nextSeq++;
    return true;
  }

  #takeHeld({ bytes, seq }: { bytes: Buffer; seq: number }): true {
    this.#held = undefined;
    this.buffer = bytes;
    this.start = this.offset = 0;
    this.end = this.length = bytes.length;
    this.line = 1;
    this.tooLong = false;
    this.seq = seq;
    this.#nextSeq = seq + 1;
    return true;
  }
}

// --- internal ---

const NO_BYTES = Buffer.alloc(0);

/** Whether a line is an event that no later file claims to hold again. */
function isBefore(first: number, { bytes, tooLong }: LineCursor): boolean {
  const decoded = tooLong ? undefined : decodeLine(bytes);
  return decoded?.kind === "event" && decoded.event.seq < first;
}

interface Segment {
  file: string;
  header: number;
  first: number;
}

/** The number of a file's own first line, and the lowest number in it. */
function startOf(file: string): { header: number; first: number } {
  const line = readFirstLine(file);
  const decoded = line === undefined ? undefined : decodeLine(line);
  if (decoded?.kind !== "event" || decoded.event.event !== "SEGMENT") return { header: 0, first: 0 };
  const { seq, first_seq: first } = decoded.event;
  return { header: seq, first: typeof first === "number" && first < seq ? first : seq };
}
