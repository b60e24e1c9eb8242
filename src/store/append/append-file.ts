// Lines on their way to the end of a file. They gather in a buffer and go to the kernel in one write, when 128 KiB are
// full or at the end of the turn of the event loop: a buffer that waited for a timer would lose more when the process
// dies, and larger writes make the caller's slowest call slower.
//
// An AppendFile is open, degraded (what cannot be written waits in a spill and is tried again), failed (nothing more is
// accepted: after a failed repair or sync where there is neither another file to go on in nor a spill) or closed.

import { setImmediate } from "node:timers";

import { ioError } from "../../base/errors.ts";
import type { TracekeepError } from "../../base/errors.ts";
import type { OpenFile } from "../disk/open-file.ts";
import type { Durability } from "./durability.ts";
import { FileHealth } from "./file-health.ts";
import type { Begun, FileRemedies } from "./file-remedies.ts";
import type { FileWitness } from "./file-witness.ts";
import { bytesOf, LineBuffer } from "./line-buffer.ts";
import type { Batch, Line } from "./line-buffer.ts";
import { LogFile } from "./log-file.ts";
import { addOpenFile, removeOpenFile } from "./open-files.ts";
import type { Flushable } from "./open-files.ts";
import type { Ticket } from "./ticket.ts";

export interface AppendFileOptions extends FileRemedies {
  file: OpenFile;
  durability: Durability;
  /** Everything taken so far that does not wait is with the kernel. */
  onWritten: () => void;
  /** The last `lines` lines taken could not be written after all, and nothing of them is in the file. */
  onLost: (lines: number) => void;
  /** Something failed, also when nobody called just then. Of an outage, what began it. */
  onFault: (error: TracekeepError) => void;
  witness?: FileWitness | undefined;
}

export class AppendFile implements Flushable {
  readonly #options: AppendFileOptions;
  readonly #buffer = new LineBuffer();
  #isFlushScheduled = false;
  /** Written, and not shown to the witness yet. */
  #unseen: Buffer | undefined;
  #isFlushing = false;
  readonly #file: LogFile;
  readonly #health: FileHealth;

  constructor(options: AppendFileOptions) {
    this.#options = options;
    const { file, durability, witness, replace, restore, spill, onRecovering } = options;
    const keepsAll = durability !== "os";
    this.#file = new LogFile({
      file,
      durability,
      keeping: replace === undefined ? "none" : keepsAll ? "all" : "awaited",
      maySync: () => this.#health.maySync,
      onSyncing: () => {
        this.#showWitness();
        return witness?.syncing();
      },
      onSyncEnded: (error) => this.#syncEnded(error),
    });
    this.#health = new FileHealth({
      file: this.#file,
      witness,
      replace,
      restore,
      spill,
      onRecovering,
      writeBuffer: () => this.#writeBuffer(),
      onWritten: (batch) => this.#written(batch),
      onAllWritten: options.onWritten,
      onLost: options.onLost,
      onFailed: (error) => {
        if (!this.#buffer.isEmpty) this.#lose(this.#buffer.take(), error);
      },
      onFault: options.onFault,
    });
    addOpenFile(this);
  }

  get path(): string {
    return this.#file.current.path;
  }

  /** Why nothing more is accepted, or, while degraded, why it has to wait. */
  get failure(): TracekeepError | undefined {
    return this.#health.failure;
  }

  get isDegraded(): boolean {
    return this.#health.state === "degraded";
  }

  get isFailed(): boolean {
    return this.#health.state === "failed";
  }

  /** Writes and syncs that did not succeed, the repeated ones included. */
  get failedWrites(): number {
    return this.#health.failedWrites;
  }

  /** Everything that was taken at some time has been synced since. */
  get hasSynced(): boolean {
    return this.#file.hasSynced;
  }

  /** Bytes in the file and in the buffer. */
  get bytes(): number {
    return this.#file.current.size + this.#buffer.bytes;
  }

  get writtenBytes(): number {
    return this.#file.current.size;
  }

  /** Bytes held in memory until they are on the medium. */
  get keptBytes(): number {
    return this.#file.unsynced.keptBytes;
  }

  /** Lines taken that the kernel does not have, and that do not wait for the end of an outage. */
  get bufferedLines(): number {
    return this.#buffer.lines;
  }

  /** Lines that wait for the end of an outage. */
  get spilledLines(): number {
    return this.#health.spilledLines;
  }

  /** Lines taken, of those that this object was told of, that are not known to be on the medium. */
  get undurableLines(): number {
    return this.#buffer.lines + this.#file.unsynced.allLines + this.spilledLines;
  }

  /**
   * Takes one line. Its ticket is settled once the line has reached the ticket's durability.
   *
   * @throws TracekeepError when the line is not taken: the file is closed or failed, as many lines wait as may, or there
   *   is no spill and the buffer was full and could not be written, or the line is too long for it and could not be
   */
  put(line: Line, ticket?: Ticket): void {
    if (this.#health.state !== "open") this.#checkRoomFor(line);
    if (!this.#buffer.add(line, ticket)) {
      this.#writeFullBuffer();
      if (!this.#buffer.add(line, ticket)) {
        const error = this.#write(onlyLine(line, ticket));
        if (error !== undefined) throw this.#tell(error);
        this.#file.syncWhenDue();
        return;
      }
    }
    if (!this.#isFlushScheduled) {
      this.#isFlushScheduled = true;
      setImmediate(this.#flushAtEndOfTurn);
    }
  }

  /** Takes one line and hands it to the kernel, behind all others. @throws TracekeepError when it is not taken */
  putNow(line: Line, ticket?: Ticket): void {
    this.#health.checkOpen();
    this.flush();
    const error = this.#write(onlyLine(line, ticket), false);
    if (error !== undefined) throw this.#tell(error);
    this.#file.syncWhenDue();
  }

  /** Takes a line into account that is in the file already, but not on the medium. */
  countWritten(line: Buffer): void {
    this.#written({ bytes: line, lines: 1, tickets: [] });
    this.#file.syncWhenDue();
  }

  /** Hands everything buffered to the kernel. @throws TracekeepError when those lines are lost, or have to wait */
  flush(): void {
    if (this.#buffer.isEmpty && this.#health.state !== "degraded") return;
    this.#isFlushing = true;
    try {
      this.#writeBuffer();
      if (this.#health.state === "degraded") this.#health.checkOpen();
      this.#file.syncWhenDue();
    } finally {
      this.#isFlushing = false;
      this.#showWitness();
    }
  }

  /** Hands everything to the kernel and returns when it is on the medium. @throws TracekeepError */
  sync(): void {
    this.#health.checkOpen();
    this.#writeBuffer();
    this.#health.checkOpen();
    this.#health.sync();
  }

  /** Has what is written by now synced in its turn, also where no durability asks for it. */
  requestSync(): void {
    this.#file.requestSync();
  }

  /**
   * Hands everything to the kernel, and to the medium where `os` is not all that was promised. What waits is tried once
   * more; if that is in vain, it is told what becomes of it.
   *
   * @throws TracekeepError
   */
  settle(): void {
    this.#settle();
    if (this.#health.state === "open") this.#options.witness?.settled();
  }

  /**
   * Settles what was taken and goes on in another file. When that cannot be begun, nothing has changed.
   *
   * @param begin is given the present file
   * @throws TracekeepError; whatever `begin` throws
   */
  switchTo(begin: (left: OpenFile) => Begun): void {
    this.#health.checkOpen();
    const before = this.#file.current;
    this.#settle();
    // A failed sync has just begun another file.
    if (this.#file.current !== before) return;
    const { witness } = this.#options;
    const { file, header, isDurable } = begin(before);
    if (witness?.hasUnsynced === true) before.leave().own.syncSoon(witness.leaving());
    this.#file.goOnIn(file);
    witness?.wentOn();
    if (isDurable) {
      witness?.written([header]);
      this.#file.syncedAll();
    } else {
      this.countWritten(header);
    }
  }

  /** Accepts nothing more; what is still in the buffer, or waits, is lost. @returns the failure */
  fail(error: TracekeepError): TracekeepError {
    return this.#health.fail(error);
  }

  /** Settles what was taken and lets go of the file. @throws TracekeepError when that fails; it is closed all the same */
  close(): void {
    if (this.#health.state === "closed") return;
    try {
      this.#settle();
    } finally {
      const isWhole = this.#health.state === "open";
      this.#health.close();
      removeOpenFile(this);
      if (isWhole) this.#tellWitness();
      this.#file.close();
    }
  }

  /** Notices when the file has no name any more, in which case it is made again. About a microsecond. */
  checkPresence(): void {
    this.#health.checkPresence();
  }

  // --- internal ---

  readonly #flushAtEndOfTurn = (): void => {
    this.#isFlushScheduled = false;
    try {
      this.flush();
    } catch {
      // Nobody called, so nobody can catch it: the write has told onFault, and onLost and the tickets if it is lost.
    }
  };

  #checkRoomFor(line: Line): void {
    const bytes = this.#buffer.bytes + bytesOf(line).length;
    if (!this.#health.hasRoomFor(this.#buffer.lines + 1, bytes)) this.#health.checkOpen();
  }

  /** The sync that it may call for begins at once: the disk is at work while the rest of the turn's lines come. */
  #writeFullBuffer(): void {
    this.#isFlushing = true;
    try {
      this.#writeBuffer();
      if (this.#health.state === "open") this.#file.syncWhenDue();
    } finally {
      this.#isFlushing = false;
      this.#showWitness();
    }
  }

  #writeBuffer(): void {
    if (this.#buffer.isEmpty) return;
    const batch = this.#buffer.take();
    const error = this.#write(batch);
    if (error === undefined) return;
    this.#lose(batch, error);
    throw this.#tell(error);
  }

  /** Writes lines or, if they `mayWait`, sets them aside. @returns what went wrong when it did neither */
  #write(batch: Batch, mayWait = true): TracekeepError | undefined {
    if (this.#health.state === "degraded") {
      this.#health.setAside(batch);
      return undefined;
    }
    try {
      this.#file.current.append(batch.bytes);
    } catch (cause) {
      const error = ioError("write to", this.path, cause);
      const isOutage = this.#health.writeFailed(error, mayWait ? batch : undefined);
      return isOutage && mayWait ? undefined : error;
    }
    this.#written(batch);
    return undefined;
  }

  #written(batch: Batch): void {
    this.#options.onWritten();
    this.#showWitness();
    this.#unseen = batch.bytes;
    this.#file.written(batch);
    // A flush begins the sync that is due before the witness has a look: it hashes the lines while the disk is at work.
    if (!this.#isFlushing) this.#showWitness();
  }

  #showWitness(): void {
    const bytes = this.#unseen;
    if (bytes === undefined) return;
    this.#unseen = undefined;
    this.#options.witness?.written([bytes]);
  }

  /** Tells of an error when what it means for the lines is accounted for: whoever hears of it may put one. */
  #tell(error: TracekeepError): TracekeepError {
    if (this.#health.failure === undefined || this.isFailed) this.#options.onFault(error);
    return error;
  }

  #lose({ lines, tickets }: Batch, error: TracekeepError): void {
    for (const ticket of tickets) ticket.fail(error);
    this.#options.onLost(lines);
  }

  #settle(): void {
    this.checkPresence();
    try {
      this.#writeBuffer();
      if (!this.#health.tryAgain(Infinity)) this.#health.checkOpen();
      if (this.#health.state === "open" && this.#file.hasPromised) this.sync();
    } finally {
      this.#health.tellWhatWaits();
    }
  }

  #syncEnded(error: Error | null): void {
    if (error === null) return;
    try {
      this.#health.syncFailed(error);
    } catch {
      // Nobody called, so nobody can catch it: the tickets and onFault have been told.
    }
  }

  /** What was not promised to be on the medium gets there off the caller's path, for the witness alone. */
  #tellWitness(): void {
    const { witness } = this.#options;
    if (witness === undefined) return;
    if (!witness.hasUnsynced) return witness.settled();
    const left = witness.leaving();
    const file = this.#file.current;
    file.syncSoon((error) => {
      // Another store may stand in the place of this one by now, and must not hear of it.
      if (file.isGone) return witness.gone();
      left(error);
      witness.settled();
    });
  }
}

// --- internal ---

function onlyLine(line: Line, ticket: Ticket | undefined): Batch {
  return { bytes: bytesOf(line), lines: 1, tickets: ticket === undefined ? [] : [ticket] };
}
