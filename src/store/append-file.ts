// Lines on their way to the end of a file. They gather in a buffer and go to the kernel in one write, when 64 KiB are
// full or at the end of the turn of the event loop: a buffer that waited for a timer would lose more when the process
// dies, and larger writes make the caller's slowest call slower. Syncs run off the event loop, one at a time; what is
// written meanwhile gathers for the next (group commit).
//
// An AppendFile is open, failed (nothing more is accepted, after a failed repair, or a failed sync where there is no
// other file to go on in, promise P4) or closed.

import { ioError, TracekeepError } from "../base/errors.ts";
import { SYNC_EVERY_EVENTS, SYNC_INTERVAL_MS } from "./durability.ts";
import type { Durability } from "./durability.ts";
import { LineBuffer } from "./line-buffer.ts";
import type { Batch } from "./line-buffer.ts";
import type { OpenFile } from "./open-file.ts";
import { openFiles } from "./open-files.ts";
import type { UnwrittenLines } from "./open-files.ts";
import { requestSync, withdrawSync } from "./sync-queue.ts";
import type { Syncable } from "./sync-queue.ts";
import type { Ticket } from "./ticket.ts";
import { Unsynced } from "./unsynced.ts";

/** Whoever has to know what is in a log, and what of it is on the medium. It never throws. */
export interface FileWitness {
  /** Whether lines are in the log that are not known to be on the medium. */
  readonly hasUnsynced: boolean;
  /** These whole lines have just been handed to the kernel. The bytes are only lent. */
  written(bytes: Uint8Array): void;
  /** A sync begins; what this returns is called once all that was written by now is on the medium. */
  syncing(): () => void;
  /** The file is left while it is synced; what this returns is called when that has ended, well or not. */
  leaving(): (error: Error | null) => void;
  /** After a failed sync, another file was begun. @param isWhole everything written is on the medium now */
  replaced(isWhole: boolean): void;
  /** Everything promised is on the medium, and the file is let go of or the process ends. */
  settled(): void;
}

export interface AppendFileOptions {
  file: OpenFile;
  durability: Durability;
  /** Everything taken so far is with the kernel. */
  onWritten: () => void;
  /** The last `lines` lines taken could not be written after all, and nothing of them is in the file. */
  onLost: (lines: number) => void;
  /** Something failed, also when nobody called just then. */
  onFault: (error: TracekeepError) => void;
  witness?: FileWitness | undefined;
  /**
   * Begins another file after a failed sync, with the lines in it that were kept, and on the medium. Without it, none
   * are kept and a failed sync is the end.
   */
  replace?: ((unsynced: Unsynced, failure: TracekeepError) => OpenFile) | undefined;
}

export class AppendFile implements Syncable, UnwrittenLines {
  readonly #options: AppendFileOptions;
  #file: OpenFile;
  #state: "open" | "failed" | "closed" = "open";
  #failure: TracekeepError | undefined;
  readonly #buffer = new LineBuffer();
  #flushScheduled = false;
  readonly #unsynced: Unsynced;
  #syncInFlight = false;
  /** The witness wants a sync that nobody else does. */
  #syncWanted = false;
  #syncTimer: NodeJS.Timeout | undefined;

  constructor(options: AppendFileOptions) {
    this.#options = options;
    this.#file = options.file;
    const keepsAll = options.durability !== "os";
    this.#unsynced = new Unsynced(options.replace === undefined ? "none" : keepsAll ? "all" : "awaited");
    openFiles.add(this);
  }

  get path(): string {
    return this.#file.path;
  }

  get failure(): TracekeepError | undefined {
    return this.#failure;
  }

  /** Bytes in the file and in the buffer. */
  get bytes(): number {
    return this.#file.size + this.#buffer.bytes;
  }

  /** Bytes held in memory until they are on the medium. */
  get keptBytes(): number {
    return this.#unsynced.keptBytes;
  }

  /**
   * Takes one line. Its ticket is settled once the line has reached the ticket's durability.
   *
   * @throws TracekeepError when the line is not taken: the file is closed or failed, the buffer was full and could not
   *   be written, or the line is longer than the buffer and could not be written itself
   */
  put(line: string, ticket?: Ticket): void {
    this.#checkOpen();
    if (!this.#buffer.hasRoomFor(line)) {
      this.flush();
      if (!this.#buffer.hasRoomFor(line)) {
        const batch = { bytes: Buffer.from(line), lines: 1, tickets: ticket === undefined ? [] : [ticket] };
        this.#write(batch.bytes);
        this.#written(batch);
        this.#syncWhenDue();
        return;
      }
    }
    this.#buffer.add(line, ticket);
    if (!this.#flushScheduled) {
      this.#flushScheduled = true;
      setImmediate(this.#flushAtEndOfTurn);
    }
  }

  /** Takes a line into account that is in the file already, but not on the medium. */
  countWritten(line: Buffer): void {
    this.#written({ bytes: line, lines: 1, tickets: [] });
    this.#syncWhenDue();
  }

  /** Hands everything buffered to the kernel. @throws TracekeepError when those lines are lost */
  flush(): void {
    if (this.#buffer.isEmpty) return;
    this.#writeBuffer();
    this.#syncWhenDue();
  }

  /** Hands everything to the kernel and returns when it is on the medium. @throws TracekeepError */
  sync(): void {
    this.#checkOpen();
    this.#writeBuffer();
    this.#clearSyncTimer();
    const synced = this.#options.witness?.syncing();
    try {
      this.#file.sync();
    } catch (cause) {
      // What was kept is on the medium then; an event whose line was not kept was promised to the kernel only.
      const isIncomplete = this.#unsynced.hasUnkept;
      const error = this.#replaceFile(cause);
      if (isIncomplete) throw error;
      return;
    }
    this.#syncedAll();
    synced?.();
  }

  /** Has what is written by now synced in its turn, also where no durability asks for it. */
  requestSync(): void {
    this.#syncWanted = true;
    this.#syncWhenDue();
  }

  /** Hands everything to the kernel, and to the medium where `os` is not all that was promised. @throws TracekeepError */
  settle(): void {
    this.#settle();
    if (this.#state === "open") this.#options.witness?.settled();
  }

  /**
   * Settles what was taken and goes on in another file. When that cannot be begun, nothing has changed.
   *
   * @throws TracekeepError; whatever `begin` throws
   */
  switchTo(begin: () => OpenFile): void {
    this.#checkOpen();
    const before = this.#file;
    this.#settle();
    // A failed sync has just begun another file.
    if (this.#file !== before) return;
    const { witness } = this.#options;
    if (witness?.hasUnsynced === true) before.syncSoon(witness.leaving());
    this.#goOnIn(begin());
  }

  /** Accepts nothing more; what is still in the buffer is lost. @returns the failure */
  fail(error: TracekeepError): TracekeepError {
    this.#failure = error;
    this.#state = "failed";
    this.#unsynced.fail(error);
    if (!this.#buffer.isEmpty) this.#lose(this.#buffer.take(), error);
    this.#options.onFault(error);
    return error;
  }

  /** Settles what was taken and lets go of the file. @throws TracekeepError when that fails; it is closed all the same */
  close(): void {
    if (this.#state === "closed") return;
    try {
      this.#settle();
    } finally {
      const isWhole = this.#state === "open";
      this.#state = "closed";
      this.#clearSyncTimer();
      withdrawSync(this);
      openFiles.delete(this);
      if (isWhole) this.#tellWitness();
      this.#file.close();
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

  #settle(): void {
    if (this.#state !== "open") return;
    this.#writeBuffer();
    const isPromised = this.#options.durability !== "os";
    const isDue = isPromised && this.#unsynced.lines > 0;
    const isRunning = this.#syncInFlight && (isPromised || this.#unsynced.isBegunAwaited);
    if (isDue || isRunning || this.#unsynced.isAwaited) this.sync();
  }

  /** What was not promised to be on the medium gets there off the caller's path, for the witness alone. */
  #tellWitness(): void {
    const { witness } = this.#options;
    if (witness === undefined) return;
    if (!witness.hasUnsynced) return witness.settled();
    const left = witness.leaving();
    this.#file.syncSoon((error) => {
      left(error);
      witness.settled();
    });
  }

  #checkOpen(): void {
    if (this.#state === "open") return;
    if (this.#failure !== undefined) throw this.#failure;
    throw new TracekeepError("CLOSED", `${this.path} is closed for writing`, {
      path: this.path,
      hint: "go on with the session by store.openSession(id)",
    });
  }

  #writeBuffer(): void {
    if (this.#buffer.isEmpty) return;
    const batch = this.#buffer.take();
    try {
      this.#write(batch.bytes);
    } catch (error) {
      this.#lose(batch, error as TracekeepError);
      throw error;
    }
    this.#written(batch);
  }

  #write(bytes: Buffer): void {
    try {
      this.#file.append(bytes);
    } catch (cause) {
      const error = ioError("write to", this.path, cause);
      // Behind a torn line that could not be cut off again nothing may be written: it would be glued to it.
      if (this.#file.isTorn) {
        this.#failure = error;
        this.#state = "failed";
      }
      this.#options.onFault(error);
      throw error;
    }
  }

  #written(batch: Batch): void {
    this.#options.onWritten();
    this.#options.witness?.written(batch.bytes);
    this.#unsynced.add(batch);
  }

  #lose({ lines, tickets }: Batch, error: TracekeepError): void {
    for (const ticket of tickets) ticket.fail(error);
    this.#options.onLost(lines);
  }

  #syncWhenDue(): void {
    if (this.#syncInFlight || this.#state !== "open") return;
    if (this.#unsynced.isAwaited || this.#syncWanted) requestSync(this);
    else if (this.#options.durability !== "interval" || this.#unsynced.lines === 0) return;
    else if (this.#unsynced.lines >= SYNC_EVERY_EVENTS) requestSync(this);
    else this.#syncTimer ??= setTimeout(() => requestSync(this), SYNC_INTERVAL_MS).unref();
  }

  /** The file's turn in the process-wide queue. @internal */
  beginSync(done: () => void): void {
    if (this.#state !== "open") return done();
    this.#clearSyncTimer();
    this.#syncInFlight = true;
    this.#syncWanted = false;
    this.#unsynced.begin();
    const synced = this.#options.witness?.syncing();
    const file = this.#file;
    file.syncSoon((error) => {
      this.#syncInFlight = false;
      // Of a file that was left, or closed, all was synced or written again before: this sync tells nothing any more.
      if (this.#state === "open" && file === this.#file) this.#syncEnded(error, synced);
      this.#syncWhenDue();
      done();
    });
  }

  #syncEnded(error: Error | null, synced: (() => void) | undefined): void {
    if (error === null) {
      this.#unsynced.settleBegun();
      synced?.();
      return;
    }
    try {
      this.#replaceFile(error);
    } catch {
      // Nobody called, so nobody can catch it: the tickets and onFault have been told.
    }
  }

  /**
   * After a failed sync the kernel may have dropped the very pages that it could not write, and call the next sync a
   * success (PostgreSQL's fsync finding of 2018). So none is tried again on this file: another one takes every line
   * since the last sync that went well, and only its own sync counts.
   *
   * @returns the error of the sync, when there is such a file
   * @throws TracekeepError when there is none: then this was the end
   */
  #replaceFile(cause: unknown): TracekeepError {
    const error = ioError("sync", this.path, cause);
    const { replace, onFault } = this.#options;
    if (replace === undefined) throw this.fail(error);
    try {
      // Their numbers are given, so these lines come before what the next file begins with.
      this.#writeBuffer();
    } catch {
      // That loss has been told, and is no reason to lose more.
    }
    let next: OpenFile;
    try {
      next = replace(this.#unsynced, error);
    } catch {
      throw this.fail(error);
    }
    this.#failure = undefined;
    this.#state = "open";
    this.#options.witness?.replaced(!this.#unsynced.hasUnkept);
    this.#goOnIn(next);
    onFault(error);
    return error;
  }

  /** What was taken has what was promised of it. */
  #goOnIn(file: OpenFile): void {
    this.#clearSyncTimer();
    this.#file.close();
    this.#file = file;
    this.#syncedAll();
  }

  #syncedAll(): void {
    this.#unsynced.settleAll();
    this.#syncWanted = false;
    withdrawSync(this);
  }

  #clearSyncTimer(): void {
    clearTimeout(this.#syncTimer);
    this.#syncTimer = undefined;
  }
}
