// What is written to a file and waits to be on the medium: how many lines, whose tickets, and the lines themselves.
// After a failed sync the kernel may have dropped the very pages that it could not write, so the copy that is kept here
// is then the only sure one (promise P4).

import type { Batch } from "./line-buffer.ts";
import type { Ticket } from "./ticket.ts";

/** When so many bytes are kept, the next append syncs first: a log holds this much in memory and one buffer more. */
export const MAX_KEPT_BYTES: number = 16 * 1024 * 1024;

/**
 * Which lines are kept until they are synced: all of them, none, or (where the kernel is all that was promised) only from
 * a line on that somebody waits for, because those before it are not to be written again.
 */
export type Keeping = "all" | "awaited" | "none";

interface Piece {
  bytes: Buffer;
  lines: number;
}

export class Unsynced {
  /** Lines that no sync covers yet, not even one that is running. */
  lines = 0;
  /** Of the lines kept, which are always the last ones that were written. */
  keptLines = 0;
  keptBytes = 0;
  /** Lines are unsynced that are not kept. */
  hasUnkept = false;
  /** Lines that a running sync covers. */
  #begunLines = 0;
  readonly #keeping: Keeping;
  #pieces: Piece[] = [];
  #waiting: Ticket[] = [];
  /** Of the pieces and tickets, those that the running sync covers. */
  #begunPieces = 0;
  #begun: Ticket[] = [];

  constructor(keeping: Keeping) {
    this.#keeping = keeping;
  }

  /** Lines not known to be on the medium. */
  get allLines(): number {
    return this.lines + this.#begunLines;
  }

  /** Whether somebody waits for a sync that has not begun. */
  get isAwaited(): boolean {
    return this.#waiting.length > 0;
  }

  /** Whether somebody waits for the sync that is running. */
  get isBegunAwaited(): boolean {
    return this.#begun.length > 0;
  }

  /** The lines kept, in order. */
  get kept(): readonly Buffer[] {
    return this.#pieces.map(({ bytes }) => bytes);
  }

  /** Lines that were just written. Their bytes are copied; tickets that need no sync are settled. */
  add({ bytes, lines, tickets }: Batch): void {
    this.lines += lines;
    for (const ticket of tickets) {
      if (ticket.durability === "fsync") this.#waiting.push(ticket);
      else ticket.settle();
    }
    if (!this.#keeps()) {
      this.hasUnkept = true;
      return;
    }
    this.#pieces.push({ bytes: Buffer.from(bytes), lines });
    this.keptLines += lines;
    this.keptBytes += bytes.length;
  }

  /** A sync begins, of everything so far. */
  begin(): void {
    this.#begunLines += this.lines;
    this.lines = 0;
    this.#begunPieces = this.#pieces.length;
    this.#begun = this.#waiting.splice(0);
  }

  /** The sync that was begun has gone well. */
  settleBegun(): void {
    this.#begunLines = 0;
    for (const ticket of this.#begun.splice(0)) ticket.settle();
    if (this.#keeps()) this.#drop(this.#begunPieces);
    // What came meanwhile was kept in case that sync failed; no more was promised of it than what it has.
    else if (this.#pieces.length > 0) {
      this.hasUnkept = true;
      this.#drop(this.#pieces.length);
    }
  }

  /** Everything is on the medium. */
  settleAll(): void {
    this.lines = this.#begunLines = 0;
    this.hasUnkept = false;
    this.#drop(this.#pieces.length);
    for (const tickets of [this.#begun, this.#waiting])
      for (const ticket of tickets.splice(0)) ticket.settle();
  }

  /** Nobody needs to wait any longer. */
  fail(error: Error): void {
    for (const tickets of [this.#begun, this.#waiting])
      for (const ticket of tickets.splice(0)) ticket.fail(error);
  }

  // --- internal ---

  #keeps(): boolean {
    if (this.#keeping !== "awaited") return this.#keeping === "all";
    return this.#waiting.length > 0 || this.#begun.length > 0;
  }

  #drop(count: number): void {
    for (const { bytes, lines } of this.#pieces.splice(0, count)) {
      this.keptLines -= lines;
      this.keptBytes -= bytes.length;
    }
    this.#begunPieces = 0;
  }
}
