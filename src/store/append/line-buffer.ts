// Lines gathered for one write, with the tickets of those who wait for them.

import { NO_ROOM, returnLineBuffer, takeLineBuffer } from "../../format/index.ts";
import type { ReadyLine } from "../../format/index.ts";
import type { Ticket } from "./ticket.ts";

/** One line, its `\n` included. */
export type Line = string | ReadyLine;

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
  #isWriting = false;

  get isEmpty(): boolean {
    return this.lines === 0;
  }

  /** Takes a line if there is room behind what is there; one that finds none in an empty buffer goes by itself. */
  add(line: Line, ticket: Ticket | undefined): boolean {
    this.#checkIdle();
    const buffer = (this.#buffer ??= takeLineBuffer());
    let end: number;
    this.#isWriting = true;
    try {
      end = typeof line === "string" ? writeText(line, buffer, this.bytes) : line.writeTo(buffer, this.bytes);
    } finally {
      this.#isWriting = false;
    }
    if (end === NO_ROOM) {
      if (this.isEmpty) this.#letGo();
      return false;
    }
    this.bytes = end;
    this.lines++;
    if (ticket !== undefined) this.#tickets.push(ticket);
    return true;
  }

  /** Empties it. */
  take(): Batch {
    this.#checkIdle();
    const batch = {
      bytes: this.#buffer?.subarray(0, this.bytes) ?? NO_BYTES,
      lines: this.lines,
      tickets: this.#tickets,
    };
    this.#letGo();
    this.bytes = this.lines = 0;
    this.#tickets = [];
    return batch;
  }

  // --- internal ---

  /** A line is written field by field, and the getter of a field may be anybody's code. */
  #checkIdle(): void {
    if (this.#isWriting)
      throw new Error("a getter of an event must not record or flush in the event's own session");
  }

  #letGo(): void {
    if (this.#buffer !== undefined) returnLineBuffer(this.#buffer, this.bytes);
    this.#buffer = undefined;
  }
}

/** A line by itself. */
export function bytesOf(line: Line): Buffer {
  return typeof line === "string" ? Buffer.from(line) : line.toBuffer();
}

// --- internal ---

const NO_BYTES: Buffer = Buffer.alloc(0);

function writeText(line: string, into: Buffer, at: number): number {
  const room = into.length - at;
  // No character takes more than three bytes in UTF-8 for each of its UTF-16 units.
  if (line.length * 3 > room && Buffer.byteLength(line) > room) return NO_ROOM;
  return at + into.write(line, at);
}
