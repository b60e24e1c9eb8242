// Bytes on their way to the end of one file. Lines gather in a buffer and go to the kernel in one write, when 64 KiB
// are full or at the end of the turn of the event loop: a buffer that waited for a timer would lose more when the
// process dies, and larger writes make the caller's slowest call slower. Syncs run off the event loop, one at a time;
// what is written meanwhile gathers for the next (group commit).
//
// An AppendFile is open, failed (after a failed sync or repair nothing more is accepted, promise P4) or closed.

import { dirname } from "node:path";

import { ioError, TracekeepError } from "../base/errors.ts";
import { writeAll } from "./disk.ts";
import type { Disk } from "./disk.ts";
import { SYNC_EVERY_EVENTS, SYNC_INTERVAL_MS } from "./durability.ts";
import type { Durability } from "./durability.ts";
import { requestSync, withdrawSync } from "./sync-queue.ts";
import type { Syncable } from "./sync-queue.ts";
import type { Ticket } from "./ticket.ts";

const BUFFER_BYTES: number = 64 * 1024;
/** Buffers kept between two uses, so that ten thousand quiet files do not hold one each. */
const MAX_SPARE_BUFFERS = 16;
const spareBuffers: Buffer[] = [];

/** Whoever has to know what is in a file, and what of it is on the medium. It never throws. */
export interface FileWitness {
  /** Whether it wants to be told of a sync before the file is let go. */
  readonly isBehind: boolean;
  /** These whole lines have just been handed to the kernel. The bytes are only lent. */
  written(bytes: Uint8Array): void;
  /** A sync begins; what this returns is called once all that was written by now is on the medium. */
  syncing(): () => void;
  /** Everything is written out: the file is let go, or the process ends. */
  settled(): void;
}

export interface AppendFileOptions {
  disk: Disk;
  path: string;
  fd: number;
  /** Bytes in the file, all of them whole lines. */
  size: number;
  durability: Durability;
  /** Everything taken so far is with the kernel. */
  onWritten: () => void;
  /** The last `lines` lines taken could not be written after all, and nothing of them is in the file. */
  onLost: (lines: number) => void;
  /** Something failed, also when nobody called just then. */
  onFault: (error: TracekeepError) => void;
  witness?: FileWitness | undefined;
}

/** Files of this process that may hold unwritten lines. Whoever handles the end of the process flushes them. */
export const openFiles: Set<AppendFile> = new Set();

/** Hands the kernel what files of a folder have buffered, so that a read in this process sees what was logged. */
export function flushOpenFiles(directory: string): void {
  for (const file of openFiles) {
    if (dirname(file.path) !== directory) continue;
    try {
      file.flush();
    } catch {
      // The loss has been told to onFault and will be said by a GAP event; it is no error of the reader's.
    }
  }
}

export class AppendFile implements Syncable {
  readonly #options: AppendFileOptions;
  #state: "open" | "failed" | "closed" = "open";
  #failure: TracekeepError | undefined;
  #size: number;
  #buffer: Buffer | undefined;
  #bufferedBytes = 0;
  #bufferedLines = 0;
  #bufferedTickets: Ticket[] = [];
  #flushScheduled = false;
  /** Of lines that are written but wait for a sync. */
  #unsyncedTickets: Ticket[] = [];
  #unsyncedLines = 0;
  #syncInFlight = false;
  #syncWanted = false;
  #syncTimer: NodeJS.Timeout | undefined;

  constructor(options: AppendFileOptions) {
    this.#options = options;
    this.#size = options.size;
    openFiles.add(this);
  }

  get path(): string {
    return this.#options.path;
  }

  get failure(): TracekeepError | undefined {
    return this.#failure;
  }

  /**
   * Takes one line. Its ticket is settled once the line has reached the ticket's durability.
   *
   * @throws TracekeepError when the line is not taken: the file is closed or failed, the buffer was full and could not
   *   be written, or the line is longer than the buffer and could not be written itself
   */
  put(line: string, ticket?: Ticket): void {
    this.#checkOpen();
    // No character takes more than three bytes in UTF-8 for each of its UTF-16 units.
    const mostBytes = line.length * 3;
    if (mostBytes > BUFFER_BYTES - this.#bufferedBytes) this.flush();
    const tickets = ticket === undefined ? [] : [ticket];
    if (mostBytes > BUFFER_BYTES) {
      const bytes = Buffer.from(line);
      this.#write(bytes, bytes.length);
      this.#options.witness?.written(bytes);
      this.#written(1, tickets);
      return;
    }
    this.#bufferedLines++;
    if (ticket !== undefined) this.#bufferedTickets.push(ticket);
    this.#buffer ??= spareBuffers.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
    this.#bufferedBytes += this.#buffer.write(line, this.#bufferedBytes);
    if (!this.#flushScheduled) {
      this.#flushScheduled = true;
      setImmediate(this.#flushAtEndOfTurn);
    }
  }

  /** Hands everything buffered to the kernel. @throws TracekeepError when those lines are lost */
  flush(): void {
    if (this.#buffer === undefined) return;
    const [buffer, bytes, lines, tickets] = [
      this.#buffer,
      this.#bufferedBytes,
      this.#bufferedLines,
      this.#bufferedTickets,
    ];
    this.#buffer = undefined;
    this.#bufferedBytes = this.#bufferedLines = 0;
    this.#bufferedTickets = [];
    try {
      this.#write(buffer, bytes);
      this.#options.witness?.written(buffer.subarray(0, bytes));
    } catch (error) {
      for (const ticket of tickets) ticket.fail(error as TracekeepError);
      this.#options.onLost(lines);
      throw error;
    } finally {
      if (spareBuffers.length < MAX_SPARE_BUFFERS) spareBuffers.push(buffer);
    }
    this.#written(lines, tickets);
  }

  /** Hands everything to the kernel and returns when it is on the medium. @throws TracekeepError */
  sync(): void {
    this.#checkOpen();
    this.flush();
    this.#clearSyncTimer();
    const tickets = this.#unsyncedTickets.splice(0);
    const synced = this.#options.witness?.syncing();
    try {
      this.#options.disk.sync(this.#options.fd);
    } catch (cause) {
      throw this.#syncFailed(cause, tickets);
    }
    this.#unsyncedLines = 0;
    this.#syncWanted = false;
    withdrawSync(this);
    synced?.();
    for (const ticket of tickets) ticket.settle();
  }

  /** Has what is written by now synced in its turn, also where no durability asks for it. */
  requestSync(): void {
    this.#syncWanted = true;
    this.#syncWhenDue();
  }

  /**
   * Hands everything to the kernel, and to the medium where `os` is not all that was promised, or a witness wants it.
   *
   * @throws TracekeepError
   */
  settle(): void {
    if (this.#state !== "open") return;
    this.flush();
    const { durability, witness } = this.#options;
    const isDue = this.#unsyncedTickets.length > 0 || (durability !== "os" && this.#unsyncedLines > 0);
    if (isDue || witness?.isBehind === true) this.sync();
    witness?.settled();
  }

  /** Settles what was taken and lets go of the file. @throws TracekeepError when that fails; it is closed all the same */
  close(): void {
    if (this.#state === "closed") return;
    try {
      this.settle();
    } finally {
      this.#state = "closed";
      this.#clearSyncTimer();
      withdrawSync(this);
      openFiles.delete(this);
      // A sync that is still running needs the descriptor; its end closes it.
      if (!this.#syncInFlight) this.#options.disk.close(this.#options.fd);
    }
  }

  // --- internal ---

  readonly #flushAtEndOfTurn = (): void => {
    this.#flushScheduled = false;
    if (this.#state !== "open") return;
    try {
      this.flush();
    } catch {
      // Nobody called, so nobody can catch it: the write has told onLost and onFault and failed the tickets.
    }
  };

  #checkOpen(): void {
    if (this.#state === "open") return;
    if (this.#failure !== undefined) throw this.#failure;
    throw new TracekeepError("CLOSED", `${this.#options.path} is closed for writing`, {
      path: this.#options.path,
      hint: "go on with the session by store.openSession(id)",
    });
  }

  #write(bytes: Uint8Array, length: number): void {
    const { disk, fd, path } = this.#options;
    try {
      writeAll(disk, fd, bytes, length, this.#size);
      this.#size += length;
    } catch (cause) {
      const error = ioError("write to", path, cause);
      // Behind a torn line that could not be cut off again nothing may be written: it would be glued to it.
      if (disk.size(fd) !== this.#size) {
        this.#failure = error;
        this.#state = "failed";
      }
      this.#options.onFault(error);
      throw error;
    }
  }

  #written(lines: number, tickets: readonly Ticket[]): void {
    this.#options.onWritten();
    this.#unsyncedLines += lines;
    for (const ticket of tickets) {
      if (ticket.durability === "fsync") this.#unsyncedTickets.push(ticket);
      else ticket.settle();
    }
    this.#syncWhenDue();
  }

  #syncWhenDue(): void {
    if (this.#syncInFlight || this.#state !== "open") return;
    if (this.#unsyncedTickets.length > 0 || this.#syncWanted) requestSync(this);
    else if (this.#options.durability !== "interval" || this.#unsyncedLines === 0) return;
    else if (this.#unsyncedLines >= SYNC_EVERY_EVENTS) requestSync(this);
    else this.#syncTimer ??= setTimeout(() => requestSync(this), SYNC_INTERVAL_MS).unref();
  }

  /** The file's turn in the process-wide queue. @internal */
  beginSync(done: () => void): void {
    if (this.#state !== "open") return done();
    this.#clearSyncTimer();
    this.#syncInFlight = true;
    this.#syncWanted = false;
    this.#unsyncedLines = 0;
    const tickets = this.#unsyncedTickets.splice(0);
    const synced = this.#options.witness?.syncing();
    this.#options.disk.syncSoon(this.#options.fd, (error) => {
      this.#syncInFlight = false;
      if (error === null) {
        for (const ticket of tickets) ticket.settle();
        synced?.();
      } else this.#syncFailed(error, tickets);
      if (this.#state === "closed") this.#options.disk.close(this.#options.fd);
      else this.#syncWhenDue();
      done();
    });
  }

  /**
   * After a failed sync the kernel may have dropped the very pages that it could not write, and call the next sync a
   * success (PostgreSQL's fsync finding of 2018). So none is tried again on this file: it accepts nothing more.
   */
  #syncFailed(cause: unknown, tickets: readonly Ticket[]): TracekeepError {
    const error = ioError("sync", this.#options.path, cause);
    this.#failure ??= error;
    if (this.#state === "open") this.#state = "failed";
    for (const ticket of [...tickets, ...this.#unsyncedTickets.splice(0)]) ticket.fail(error);
    this.#options.onFault(error);
    return error;
  }

  #clearSyncTimer(): void {
    clearTimeout(this.#syncTimer);
    this.#syncTimer = undefined;
  }
}
