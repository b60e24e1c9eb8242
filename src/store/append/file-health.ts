// Whether a file can be written to, and what is done when it cannot: what cannot be written waits in a spill and is tried
// again; after a failed sync another file takes every line since the last good one; a file whose name was deleted is made
// again. Where there is neither a spill nor another file, that was the end.

import { ioError, TracekeepError } from "../../base/errors.ts";
import { concat } from "./file-remedies.ts";
import type { FileRemedies } from "./file-remedies.ts";
import type { FileWitness } from "./file-witness.ts";
import type { Batch } from "./line-buffer.ts";
import type { LogFile } from "./log-file.ts";
import { Outage } from "./outage.ts";
import type { OutageHost } from "./outage.ts";
import { MAX_KEPT_BYTES } from "./unsynced.ts";

export interface FileHealthOptions extends FileRemedies {
  file: LogFile;
  witness?: FileWitness | undefined;
  /** Hands what is buffered to the kernel, or to the spill. */
  writeBuffer: () => void;
  /** Lines are with the kernel. */
  onWritten: (batch: Batch) => void;
  /** Everything taken so far is in the log. */
  onAllWritten: () => void;
  onLost: (lines: number) => void;
  /** Nothing more is accepted. */
  onFailed: (error: TracekeepError) => void;
  onFault: (error: TracekeepError) => void;
}

/** What waits is written in steps of so many bytes, so that nothing else waits for long. */
const RETRY_STEP_BYTES: number = 1024 * 1024;

export class FileHealth {
  /** Writes and syncs that did not succeed, the repeated ones included. */
  failedWrites = 0;
  state: "open" | "degraded" | "failed" | "closed" = "open";
  /** Why nothing more is accepted, or, while degraded, why it has to wait. */
  failure: TracekeepError | undefined;
  readonly #options: FileHealthOptions;
  readonly #file: LogFile;
  readonly #outage: Outage | undefined;

  constructor(options: FileHealthOptions) {
    this.#options = options;
    this.#file = options.file;
    if (options.spill !== undefined)
      this.#outage = new Outage(options.spill, () => void this.tryAgain(RETRY_STEP_BYTES));
  }

  get path(): string {
    return this.#file.current.path;
  }

  /** Lines that wait for the end of an outage. */
  get spilledLines(): number {
    return this.#outage?.spill.lines ?? 0;
  }

  /** What was written may be synced: unless a sync is what has failed, an outage is no reason not to. */
  get maySync(): boolean {
    return this.state === "open" || (this.state === "degraded" && this.#outage?.mustLeaveFile === false);
  }

  /** @throws TracekeepError unless it is open */
  checkOpen(): void {
    if (this.state === "open") return;
    if (this.failure !== undefined) throw this.failure;
    throw new TracekeepError("CLOSED", `${this.path} is closed for writing`, {
      path: this.path,
      hint: "go on with the session by store.openSession(id)",
    });
  }

  /** Whether so many lines and bytes may wait. */
  hasRoomFor(lines: number, bytes: number): boolean {
    return this.state === "degraded" && this.#outage?.spill.hasRoomFor(lines, bytes) === true;
  }

  /** Notices when the file has no name any more, in which case it is made again. About a microsecond. */
  checkPresence(): void {
    if (this.state !== "open" || this.#options.restore === undefined || !this.#file.current.isGone) return;
    this.#beginOutage(
      new TracekeepError("IO", `${this.path} was deleted while it was being written to`, {
        path: this.path,
        hint: "it is made again with all that was in it; end a session before you delete its log",
      }),
    );
  }

  /** While degraded, lines wait. */
  setAside(batch: Batch): void {
    this.#outage?.setAside(batch);
  }

  /**
   * Lines could not be written, and nothing of them is in the file unless it is torn.
   *
   * @param waiting those that may wait
   * @returns whether it is an outage, which has been told
   */
  writeFailed(error: TracekeepError, waiting: Batch | undefined): boolean {
    this.failedWrites++;
    if (this.#outage !== undefined) {
      this.#beginOutage(error, waiting);
      return true;
    }
    // Behind a torn line that could not be cut off again nothing may be written: it would be glued to it.
    if (this.#file.current.isTorn) {
      this.failure = error;
      this.state = "failed";
      // Nor is it synced any more.
      this.#file.unsynced.fail(error);
    }
    return false;
  }

  /** While degraded: writes what waits, about `maxBytes` of it at once. @returns whether nothing waits any more */
  tryAgain(maxBytes: number): boolean {
    const outage = this.#outage;
    if (this.state !== "degraded" || outage === undefined) return true;
    try {
      this.#options.writeBuffer();
      if (!outage.writeWhatWaits(this.#whileDegraded, maxBytes)) return false;
    } catch {
      this.failedWrites++;
      outage.goOn();
      return false;
    }
    this.state = "open";
    this.failure = undefined;
    outage.end();
    this.#file.syncWhenDue();
    return true;
  }

  /**
   * Returns when everything written is on the medium, be it in another file.
   *
   * @throws TracekeepError when it is not, or an event may not be that was promised to the kernel only
   */
  sync(): void {
    // What is kept is on the medium also when the sync fails and another file takes it.
    const isIncomplete = this.#file.unsynced.hasUnkept;
    try {
      this.#file.sync();
    } catch (cause) {
      const error = this.syncFailed(cause);
      if (isIncomplete) throw error;
    }
  }

  /**
   * After a failed sync the kernel may have dropped the very pages that it could not write, and call the next sync a
   * success (PostgreSQL's fsync finding of 2018). So none is tried again on this file: another one takes every line
   * since the last sync that went well, and only its own sync counts.
   *
   * @returns the error of the sync, when there is such a file
   * @throws TracekeepError when there is none yet, or none ever: then this was the end
   */
  syncFailed(cause: unknown): TracekeepError {
    const error = ioError("sync", this.path, cause);
    this.failedWrites++;
    if (this.#options.replace === undefined) throw this.fail(error);
    try {
      // Their numbers are given, so these lines come before what the next file begins with.
      this.#options.writeBuffer();
    } catch {
      // That loss has been told, and is no reason to lose more.
    }
    try {
      // What was written before the last good sync would go with a file that has no name.
      if (!this.#restoreGone()) this.#leaveFile(error);
    } catch {
      if (this.#outage === undefined || this.state === "failed") throw this.fail(error);
      this.#outage.mustLeaveFile = true;
      this.#beginOutage(error);
      throw error;
    }
    if (this.state === "degraded") this.#outage?.retry.soon();
    else this.#options.onFault(error);
    return error;
  }

  /** Accepts nothing more; what waits is lost. @returns the failure */
  fail(error: TracekeepError): TracekeepError {
    this.failure = error;
    this.state = "failed";
    this.#file.unsynced.fail(error);
    this.#letGoOfSpill(error);
    this.#options.onFailed(error);
    this.#options.onFault(error);
    return error;
  }

  /** Nothing more is tried. */
  close(): void {
    if (this.state === "degraded" && this.failure !== undefined) {
      this.#file.unsynced.fail(this.failure);
      this.#letGoOfSpill(this.failure);
    }
    this.state = "closed";
  }

  /** Tells once what becomes of the lines that wait when nothing is tried any more. */
  tellWhatWaits(): void {
    if (this.failure === undefined) return;
    const waiting = this.#outage?.describeWaiting();
    if (waiting === undefined) return;
    const { code, message, path = this.path } = this.failure;
    this.#options.onFault(new TracekeepError(code, `${waiting}: ${message}`, { path, cause: this.failure }));
  }

  // --- internal ---

  readonly #whileDegraded: OutageHost = {
    say: (outage) => {
      this.#options.onRecovering?.(outage);
      this.#options.writeBuffer();
    },
    makeUsable: (outage) => this.#makeUsable(outage),
    write: (batch) => this.#file.current.append(batch.bytes),
    onWritten: (batch) => {
      this.#options.onWritten(batch);
      if (this.#file.unsynced.keptBytes >= MAX_KEPT_BYTES) this.sync();
    },
  };

  #beginOutage(error: TracekeepError, waiting?: Batch): void {
    if (this.state === "degraded") return;
    this.state = "degraded";
    this.failure = error;
    this.#outage?.begin(error);
    // Whoever hears of it may record that at once: what was taken before comes before it, and its buffer is used again.
    if (waiting !== undefined) this.#outage?.setAside(waiting);
    this.#options.onFault(error);
  }

  /** @throws when there is no file that could be written to */
  #makeUsable(outage: Outage): void {
    if (this.#restoreGone()) return;
    if (outage.mustLeaveFile || !this.#file.current.repair())
      this.#leaveFile(outage.fault ?? new TracekeepError("IO", `${this.path} cannot be repaired`));
  }

  /** Whether the file's name had been deleted; then all that was in it is in a new file now, on the medium. @throws */
  #restoreGone(): boolean {
    const { restore } = this.#options;
    if (restore === undefined || !this.#file.current.isGone) return false;
    this.#file.goOnIn(restore(this.#file.current));
    this.#file.syncedAll();
    if (this.#outage !== undefined) this.#outage.mustLeaveFile = false;
    return true;
  }

  /** Goes on in another file, in which everything is that was taken since the last good sync. @throws when there is none */
  #leaveFile(reason: TracekeepError): void {
    const { replace, witness } = this.#options;
    if (replace === undefined) throw reason;
    const { unsynced } = this.#file;
    const spill = this.#outage?.spill;
    const { file, header } = replace(
      {
        lines: unsynced.keptLines + (spill?.lines ?? 0),
        bytes: concat(unsynced.kept, spill?.contents() ?? []),
      },
      reason,
    );
    if (this.state === "failed") {
      this.failure = undefined;
      this.state = "open";
    }
    this.#file.goOnIn(file);
    // What was kept had been written to the file before, so it is known already.
    witness?.written(concat(spill?.contents() ?? [], [header]));
    if (unsynced.hasUnkept) witness?.unsure();
    this.#file.syncedAll();
    spill?.settleAll();
    if (this.#outage !== undefined) this.#outage.mustLeaveFile = false;
    this.#options.onAllWritten();
  }

  #letGoOfSpill(error: TracekeepError): void {
    if (this.#outage === undefined) return;
    this.tellWhatWaits();
    const { inMemory } = this.#outage.spill.whereabouts();
    this.#outage.spill.leave(error);
    this.#outage.end();
    if (inMemory > 0) this.#options.onLost(inMemory);
  }
}
