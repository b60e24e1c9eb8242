// Lines on their way to the end of a file. They gather in a buffer and go to the kernel in one write, when 64 KiB are
// full or at the end of the turn of the event loop: a buffer that waited for a timer would lose more when the process
// dies, and larger writes make the caller's slowest call slower. Syncs run off the event loop, one at a time; what is
// written meanwhile gathers for the next (group commit).
//
// An AppendFile is open, degraded (what cannot be written waits in a spill and is tried again), failed (nothing more is
// accepted: after a failed repair or sync where there is neither another file to go on in nor a spill) or closed.

import { ioError, TracekeepError } from "../base/errors.ts";
import type { Durability } from "./durability.ts";
import { bytesOf, LineBuffer } from "./line-buffer.ts";
import type { Batch, Line } from "./line-buffer.ts";
import type { OpenFile } from "./open-file.ts";
import { addOpenFile, removeOpenFile } from "./open-files.ts";
import type { Flushable } from "./open-files.ts";
import { Outage } from "./outage.ts";
import type { OutageHost } from "./outage.ts";
import type { Spill } from "./spill.ts";
import { SyncSchedule } from "./sync-schedule.ts";
import type { Ticket } from "./ticket.ts";
import { MAX_KEPT_BYTES, Unsynced } from "./unsynced.ts";

/** Lines that must not be lost with the file they are in, or were meant for, in order. */
export interface Tail {
  lines: number;
  bytes: Iterable<Uint8Array>;
}

/** Another file that was begun. */
export interface Begun {
  file: OpenFile;
  /** Its first line. */
  header: Buffer;
  /** All that is in it, and its name, are on the medium. */
  isDurable: boolean;
}

/** Whoever has to know what is in a log, and what of it is on the medium. It never throws. */
export interface FileWitness {
  /** Whether lines are in the log that are not known to be on the medium. */
  readonly hasUnsynced: boolean;
  /** These whole lines have just been handed to the kernel, in the order of the log. The bytes are only lent. */
  written(lines: Iterable<Uint8Array>): void;
  /** A sync begins; what this returns is called once all that was written by now is on the medium. */
  syncing(): () => void;
  /** The file is left while it is synced; what this returns is called when that has ended, well or not. */
  leaving(): (error: Error | null) => void;
  /** Another file was begun after a fault, and not everything before it is known to be on the medium. */
  unsure(): void;
  /** Everything promised is on the medium, and the file is let go of or the process ends. */
  settled(): void;
}

export interface AppendFileOptions {
  file: OpenFile;
  durability: Durability;
  /** Everything taken so far that does not wait is with the kernel. */
  onWritten: () => void;
  /** The last `lines` lines taken could not be written after all, and nothing of them is in the file. */
  onLost: (lines: number) => void;
  /** Something failed, also when nobody called just then. Of an outage, what began it. */
  onFault: (error: TracekeepError) => void;
  witness?: FileWitness | undefined;
  /**
   * Begins another file when this one must not be written to any more, with the tail in it, and on the medium. Without
   * it no lines are kept, and a failed sync is the end.
   */
  replace?: ((tail: Tail, failure: TracekeepError) => Begun) | undefined;
  /** Makes the file again whose name was deleted, and all that was in it. */
  restore?: ((file: OpenFile) => OpenFile) | undefined;
  /** Where lines wait that cannot be written. Without it they are refused. */
  spill?: Spill | undefined;
  /** Writing works again: whatever is to be said about it may be put. */
  onRecovering?: ((outage: Outage) => void) | undefined;
}

/** What waits is written in steps of so many bytes, so that nothing else waits for long. */
const RETRY_STEP_BYTES: number = 1024 * 1024;

export class AppendFile implements Flushable {
  /** Writes and syncs that did not succeed, the repeated ones included. */
  failedWrites = 0;
  /** Everything that was taken at some time has been synced since. */
  hasSynced = false;
  readonly #options: AppendFileOptions;
  #file: OpenFile;
  #state: "open" | "degraded" | "failed" | "closed" = "open";
  #failure: TracekeepError | undefined;
  readonly #buffer = new LineBuffer();
  #flushScheduled = false;
  readonly #unsynced: Unsynced;
  readonly #syncs: SyncSchedule;
  readonly #outage: Outage | undefined;

  constructor(options: AppendFileOptions) {
    this.#options = options;
    this.#file = options.file;
    const keepsAll = options.durability !== "os";
    this.#unsynced = new Unsynced(options.replace === undefined ? "none" : keepsAll ? "all" : "awaited");
    this.#syncs = new SyncSchedule({
      durability: options.durability,
      unsynced: this.#unsynced,
      // What was written before an outage is synced in it all the same, unless that is what has failed.
      file: () => (this.#state === "open" || this.#isOnlyWaiting() ? this.#file : undefined),
      onBegin: () => {
        const synced = options.witness?.syncing();
        return (error) => this.#syncEnded(error, synced);
      },
    });
    if (options.spill !== undefined) {
      this.#outage = new Outage(options.spill, () => void this.#tryAgain(RETRY_STEP_BYTES));
    }
    addOpenFile(this);
  }

  get path(): string {
    return this.#file.path;
  }

  /** Why nothing more is accepted, or, while degraded, why it has to wait. */
  get failure(): TracekeepError | undefined {
    return this.#failure;
  }

  get isDegraded(): boolean {
    return this.#state === "degraded";
  }

  get isFailed(): boolean {
    return this.#state === "failed";
  }

  /** Bytes in the file and in the buffer. */
  get bytes(): number {
    return this.#file.size + this.#buffer.bytes;
  }

  get writtenBytes(): number {
    return this.#file.size;
  }

  /** Bytes held in memory until they are on the medium. */
  get keptBytes(): number {
    return this.#unsynced.keptBytes;
  }

  /** Lines taken that the kernel does not have, and that do not wait for the end of an outage. */
  get bufferedLines(): number {
    return this.#buffer.lines;
  }

  /** Lines that wait for the end of an outage. */
  get spilledLines(): number {
    return this.#outage?.spill.lines ?? 0;
  }

  /** Lines taken, of those that this object was told of, that are not known to be on the medium. */
  get undurableLines(): number {
    return this.#buffer.lines + this.#unsynced.allLines + this.spilledLines;
  }

  /**
   * Takes one line. Its ticket is settled once the line has reached the ticket's durability.
   *
   * @throws TracekeepError when the line is not taken: the file is closed or failed, as many lines wait as may, or there
   *   is no spill and the buffer was full and could not be written, or the line is too long for it and could not be
   */
  put(line: Line, ticket?: Ticket): void {
    if (this.#state !== "open") this.#checkRoomFor(line);
    if (!this.#buffer.hasRoomFor(line)) {
      this.#writeBuffer();
      if (!this.#buffer.hasRoomFor(line)) {
        const error = this.#write(onlyLine(line, ticket));
        if (error !== undefined) throw error;
        this.#syncs.update();
        return;
      }
    }
    this.#buffer.add(line, ticket);
    if (!this.#flushScheduled) {
      this.#flushScheduled = true;
      setImmediate(this.#flushAtEndOfTurn);
    }
  }

  /** Takes one line and hands it to the kernel, behind all others. @throws TracekeepError when it is not taken */
  putNow(line: Line, ticket?: Ticket): void {
    this.#checkOpen();
    this.flush();
    const error = this.#write(onlyLine(line, ticket), false);
    if (error !== undefined) throw error;
    this.#syncs.update();
  }

  /** Takes a line into account that is in the file already, but not on the medium. */
  countWritten(line: Buffer): void {
    this.#written({ bytes: line, lines: 1, tickets: [] });
    this.#syncs.update();
  }

  /** Hands everything buffered to the kernel. @throws TracekeepError when those lines are lost, or have to wait */
  flush(): void {
    if (this.#buffer.isEmpty && this.#state !== "degraded") return;
    this.#writeBuffer();
    if (this.#state === "degraded") this.#checkOpen();
    this.#syncs.update();
  }

  /** Hands everything to the kernel and returns when it is on the medium. @throws TracekeepError */
  sync(): void {
    this.#checkOpen();
    this.#writeBuffer();
    this.#checkOpen();
    this.#syncNow();
  }

  /** Has what is written by now synced in its turn, also where no durability asks for it. */
  requestSync(): void {
    this.#syncs.request();
  }

  /**
   * Hands everything to the kernel, and to the medium where `os` is not all that was promised. What waits is tried once
   * more; if that is in vain, it is told what becomes of it.
   *
   * @throws TracekeepError
   */
  settle(): void {
    this.#settle();
    if (this.#state === "open") this.#options.witness?.settled();
  }

  /**
   * Settles what was taken and goes on in another file. When that cannot be begun, nothing has changed.
   *
   * @param begin is given the present file
   * @throws TracekeepError; whatever `begin` throws
   */
  switchTo(begin: (left: OpenFile) => Begun): void {
    this.#checkOpen();
    const before = this.#file;
    this.#settle();
    // A failed sync has just begun another file.
    if (this.#file !== before) return;
    const { witness } = this.#options;
    const { file, header, isDurable } = begin(before);
    if (witness?.hasUnsynced === true) before.syncSoon(witness.leaving());
    this.#goOnIn(file);
    if (isDurable) {
      witness?.written([header]);
      this.#syncedAll();
    } else {
      this.countWritten(header);
    }
  }

  /** Accepts nothing more; what is still in the buffer, or waits, is lost. @returns the failure */
  fail(error: TracekeepError): TracekeepError {
    this.#failure = error;
    this.#state = "failed";
    this.#unsynced.fail(error);
    this.#letGoOfSpill(error);
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
      if (this.#state === "degraded" && this.#failure !== undefined) {
        this.#unsynced.fail(this.#failure);
        this.#letGoOfSpill(this.#failure);
      }
      this.#state = "closed";
      this.#syncs.withdraw();
      removeOpenFile(this);
      if (isWhole) this.#tellWitness();
      this.#file.close();
    }
  }

  /** Notices when the file has no name any more, in which case it is made again. About a microsecond. */
  checkPresence(): void {
    if (this.#state !== "open" || this.#options.restore === undefined || !this.#file.isGone) return;
    this.#beginOutage(
      new TracekeepError("IO", `${this.path} was deleted while it was being written to`, {
        path: this.path,
        hint: "it is made again with all that was in it; end a session before you delete its log",
      }),
    );
  }

  // --- internal ---

  readonly #flushAtEndOfTurn = (): void => {
    this.#flushScheduled = false;
    try {
      this.flush();
    } catch {
      // Nobody called, so nobody can catch it: the write has told onFault, and onLost and the tickets if it is lost.
    }
  };

  #settle(): void {
    this.checkPresence();
    try {
      this.#writeBuffer();
      if (!this.#tryAgain(Infinity)) this.#checkOpen();
      if (this.#state !== "open") return;
      const isPromised = this.#options.durability !== "os";
      const isDue = isPromised && this.#unsynced.lines > 0;
      const isRunning = this.#syncs.isRunning && (isPromised || this.#unsynced.isBegunAwaited);
      if (isDue || isRunning || this.#unsynced.isAwaited) this.sync();
    } finally {
      this.#tellWhatWaits();
    }
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

  #checkRoomFor(line: Line): void {
    const bytes = this.#buffer.bytes + bytesOf(line).length;
    const hasRoom = this.#outage?.spill.hasRoomFor(this.#buffer.lines + 1, bytes) === true;
    if (this.#state !== "degraded" || !hasRoom) this.#checkOpen();
  }

  #writeBuffer(): void {
    if (this.#buffer.isEmpty) return;
    const batch = this.#buffer.take();
    const error = this.#write(batch);
    if (error === undefined) return;
    this.#lose(batch, error);
    throw error;
  }

  /** Writes lines or, if they `mayWait`, sets them aside. @returns what went wrong when it did neither */
  #write(batch: Batch, mayWait = true): TracekeepError | undefined {
    if (this.#state === "degraded") {
      this.#outage?.setAside(batch);
      return undefined;
    }
    try {
      this.#file.append(batch.bytes);
    } catch (cause) {
      const error = ioError("write to", this.path, cause);
      this.failedWrites++;
      if (this.#outage !== undefined) {
        this.#beginOutage(error);
        if (!mayWait) return error;
        this.#outage.setAside(batch);
        return undefined;
      }
      // Behind a torn line that could not be cut off again nothing may be written: it would be glued to it.
      if (this.#file.isTorn) {
        this.#failure = error;
        this.#state = "failed";
      }
      this.#options.onFault(error);
      return error;
    }
    this.#written(batch);
    return undefined;
  }

  #written(batch: Batch): void {
    this.#options.onWritten();
    this.#options.witness?.written([batch.bytes]);
    this.#unsynced.add(batch);
  }

  #lose({ lines, tickets }: Batch, error: TracekeepError): void {
    for (const ticket of tickets) ticket.fail(error);
    this.#options.onLost(lines);
  }

  #beginOutage(error: TracekeepError): void {
    if (this.#state === "degraded") return;
    this.#state = "degraded";
    this.#failure = error;
    this.#outage?.begin(error);
    this.#options.onFault(error);
  }

  /** While degraded: writes what waits, about `maxBytes` of it at once. @returns whether nothing waits any more */
  #tryAgain(maxBytes: number): boolean {
    const outage = this.#outage;
    if (this.#state !== "degraded" || outage === undefined) return true;
    try {
      this.#writeBuffer();
      if (!outage.writeWhatWaits(this.#whileDegraded, maxBytes)) return false;
    } catch {
      this.failedWrites++;
      outage.goOn();
      return false;
    }
    this.#state = "open";
    this.#failure = undefined;
    outage.end();
    this.#syncs.update();
    return true;
  }

  readonly #whileDegraded: OutageHost = {
    say: (outage) => this.#sayWhatHappened(outage),
    makeUsable: (outage) => this.#makeUsable(outage),
    write: (batch) => this.#file.append(batch.bytes),
    onWritten: (batch) => {
      this.#written(batch);
      if (this.#unsynced.keptBytes >= MAX_KEPT_BYTES) this.#syncNow();
    },
  };

  #sayWhatHappened(outage: Outage): void {
    this.#options.onRecovering?.(outage);
    this.#writeBuffer();
  }

  /** @throws when there is no file that could be written to */
  #makeUsable(outage: Outage): void {
    if (this.#restoreGone()) return;
    if (outage.mustLeaveFile || !this.#file.repair())
      this.#leaveFile(outage.fault ?? new TracekeepError("IO", `${this.path} cannot be repaired`));
  }

  /** Whether the file's name had been deleted; then all that was in it is in a new file now, on the medium. @throws */
  #restoreGone(): boolean {
    const { restore } = this.#options;
    if (restore === undefined || !this.#file.isGone) return false;
    this.#goOnIn(restore(this.#file));
    this.#syncedAll();
    if (this.#outage !== undefined) this.#outage.mustLeaveFile = false;
    return true;
  }

  #letGoOfSpill(error: TracekeepError): void {
    if (this.#outage === undefined) return;
    this.#tellWhatWaits();
    const { inMemory } = this.#outage.spill.whereabouts();
    this.#outage.spill.leave(error);
    this.#outage.end();
    if (inMemory > 0) this.#options.onLost(inMemory);
  }

  #tellWhatWaits(): void {
    if (this.#failure === undefined) return;
    const waiting = this.#outage?.describeWaiting();
    if (waiting === undefined) return;
    const { code, message, path = this.path } = this.#failure;
    this.#options.onFault(new TracekeepError(code, `${waiting}: ${message}`, { path, cause: this.#failure }));
  }

  #isOnlyWaiting(): boolean {
    return this.#state === "degraded" && this.#outage?.mustLeaveFile === false;
  }

  #syncEnded(error: Error | null, synced: (() => void) | undefined): void {
    if (error === null) {
      this.#unsynced.settleBegun();
      synced?.();
      this.hasSynced = true;
      return;
    }
    try {
      this.#syncFailed(error);
    } catch {
      // Nobody called, so nobody can catch it: the tickets and onFault have been told.
    }
  }

  #syncNow(): void {
    this.#syncs.stopTimer();
    try {
      this.#file.sync();
    } catch (cause) {
      // What was kept is on the medium then; an event whose line was not kept was promised to the kernel only.
      const isIncomplete = this.#unsynced.hasUnkept;
      const error = this.#syncFailed(cause);
      if (isIncomplete) throw error;
      return;
    }
    this.#syncedAll();
  }

  /**
   * After a failed sync the kernel may have dropped the very pages that it could not write, and call the next sync a
   * success (PostgreSQL's fsync finding of 2018). So none is tried again on this file: another one takes every line
   * since the last sync that went well, and only its own sync counts.
   *
   * @returns the error of the sync, when there is such a file
   * @throws TracekeepError when there is none yet, or none ever: then this was the end
   */
  #syncFailed(cause: unknown): TracekeepError {
    const error = ioError("sync", this.path, cause);
    this.failedWrites++;
    if (this.#options.replace === undefined) throw this.fail(error);
    try {
      // Their numbers are given, so these lines come before what the next file begins with.
      this.#writeBuffer();
    } catch {
      // That loss has been told, and is no reason to lose more.
    }
    try {
      // What was written before the last good sync would go with a file that has no name.
      if (!this.#restoreGone()) this.#leaveFile(error);
    } catch {
      if (this.#outage === undefined || this.isFailed) throw this.fail(error);
      this.#outage.mustLeaveFile = true;
      this.#beginOutage(error);
      throw error;
    }
    if (this.#state === "degraded") this.#outage?.retry.soon();
    else this.#options.onFault(error);
    return error;
  }

  /** Goes on in another file, in which everything is that was taken since the last good sync. @throws when there is none */
  #leaveFile(reason: TracekeepError): void {
    const { replace, witness } = this.#options;
    if (replace === undefined) throw reason;
    const unsynced = this.#unsynced;
    const spill = this.#outage?.spill;
    const { file, header } = replace(
      {
        lines: unsynced.keptLines + (spill?.lines ?? 0),
        bytes: concat(unsynced.kept, spill?.contents() ?? []),
      },
      reason,
    );
    if (this.#state === "failed") {
      this.#failure = undefined;
      this.#state = "open";
    }
    this.#goOnIn(file);
    // What was kept had been written to the file before, so it is known already.
    witness?.written(concat(spill?.contents() ?? [], [header]));
    if (unsynced.hasUnkept) witness?.unsure();
    this.#syncedAll();
    spill?.settleAll();
    if (this.#outage !== undefined) this.#outage.mustLeaveFile = false;
    this.#options.onWritten();
  }

  #goOnIn(file: OpenFile): void {
    this.#syncs.stopTimer();
    this.#file.close();
    this.#file = file;
  }

  #syncedAll(): void {
    this.hasSynced = true;
    this.#options.witness?.syncing()();
    this.#unsynced.settleAll();
    this.#syncs.withdraw();
  }
}

/** One after the other. */
export function* concat(...all: Iterable<Uint8Array>[]): Generator<Uint8Array, void, undefined> {
  for (const each of all) yield* each;
}

// --- internal ---

function onlyLine(line: Line, ticket: Ticket | undefined): Batch {
  return { bytes: bytesOf(line), lines: 1, tickets: ticket === undefined ? [] : [ticket] };
}
