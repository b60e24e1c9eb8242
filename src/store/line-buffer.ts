// Lines gathered for one write, with the tickets of those who wait for them.

import type { ReadyLine } from "../format/index.ts";
import type { Ticket } from "./ticket.ts";

/** One line, its `\n` included. */
export type Line = string | ReadyLine;

const BUFFER_BYTES: number = 64 * 1024;
/** Buffers kept between two uses, so that ten thousand quiet files do not hold one each. */
const MAX_SPARE_BUFFERS = 16;
const spareBuffers: Buffer[] = [];

/** What was gathered; `bytes` is valid until the next line is added anywhere. */
export interface Batch {
  bytes: Buffer;
  lines: number;
  tickets: readonly Ticket[];
}

export class LineBuffer {
  /** Gathered so far. */
  bytes = 0;
  lines = 0;
  #tickets: Ticket[] = [];
  #buffer: Buffer | undefined;

  get isEmpty(): boolean {
    return this.#buffer === undefined;
  }

  /** Whether a line finds room behind what is there; one that finds none in an empty buffer goes by itself. */
  hasRoomFor(line: Line): boolean {
    const room = BUFFER_BYTES - this.bytes;
    if (typeof line !== "string") return line.fitsIn(room);
    // No character takes more than three bytes in UTF-8 for each of its UTF-16 units.
    return line.length * 3 <= room || Buffer.byteLength(line) <= room;
  }

  add(line: Line, ticket: Ticket | undefined): void {
    this.lines++;
    if (ticket !== undefined) this.#tickets.push(ticket);
    this.#buffer ??= spareBuffers.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
    if (typeof line === "string") this.bytes += this.#buffer.write(line, this.bytes);
    else this.bytes = line.writeTo(this.#buffer, this.bytes);
  }

  /** Empties it. */
  take(): Batch {
    const buffer = this.#buffer;
    const batch = {
      bytes: buffer?.subarray(0, this.bytes) ?? NO_BYTES,
      lines: this.lines,
      tickets: this.#tickets,
    };
    if (buffer !== undefined && spareBuffers.length < MAX_SPARE_BUFFERS) spareBuffers.push(buffer);
    this.#buffer = undefined;
    this.bytes = this.lines = 0;
    this.#tickets = [];
    return batch;
  }
}

/** A line by itself. */
export function bytesOf(line: Line): Buffer {
  return typeof line === "string" ? Buffer.from(line) : line.toBuffer();
}

// --- internal ---

const NO_BYTES: Buffer = Buffer.alloc(0);
