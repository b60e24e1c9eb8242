// The file that the lines of a log are written to at the moment, and what of them is on the medium. Syncs run off the
// event loop, one at a time, in the process-wide queue; what is written meanwhile goes with the next (group commit).

import type { OpenFile } from "../disk/open-file.ts";
import type { Durability } from "./durability.ts";
import type { Batch } from "./line-buffer.ts";
import { SyncSchedule } from "./sync-schedule.ts";
import type { SyncPace } from "./sync-schedule.ts";
import { Unsynced } from "./unsynced.ts";
import type { Keeping } from "./unsynced.ts";

export interface LogFileOptions extends SyncPace {
  file: OpenFile;
  durability: Durability;
  keeping: Keeping;
  /** Whether it may be synced just now. */
  maySync: () => boolean;
  /** A sync begins; what this returns is called once all that was written by now is on the medium. */
  onSyncing?: (() => (() => void) | undefined) | undefined;
  /** A sync off the event loop has ended. After one that failed, none may be tried on this file any more. */
  onSyncEnded: (error: Error | null) => void;
}

export class LogFile {
  /** Everything that was written at some time has been synced since. */
  hasSynced = false;
  /** What waits to be on the medium. */
  readonly unsynced: Unsynced;
  readonly #options: LogFileOptions;
  readonly #syncs: SyncSchedule;
  #current: OpenFile;

  constructor(options: LogFileOptions) {
    this.#options = options;
    this.#current = options.file;
    this.unsynced = new Unsynced(options.keeping);
    const { durability, syncEveryEvents, syncIntervalMs, maySync, onSyncing } = options;
    this.#syncs = new SyncSchedule({
      durability,
      syncEveryEvents,
      syncIntervalMs,
      unsynced: this.unsynced,
      file: () => (maySync() ? this.#current : undefined),
      onBegin: () => {
        const synced = onSyncing?.();
        return (error) => this.#syncEnded(error, synced);
      },
    });
  }

  /** The file itself. */
  get current(): OpenFile {
    return this.#current;
  }

  /** Lines were written to it. Their bytes are only lent. */
  written(batch: Batch): void {
    this.unsynced.add(batch);
  }

  /** Has it synced in its turn if what was written calls for it. */
  syncWhenDue(): void {
    this.#syncs.update();
  }

  /** Has what is written by now synced in its turn, also where no durability asks for it. */
  requestSync(): void {
    this.#syncs.request();
  }

  /** Returns when everything is on the medium. @throws what the sync does; it must not be tried again on this file */
  sync(): void {
    this.#syncs.stopTimer();
    this.#current.sync();
    this.syncedAll();
  }

  /** Whether something was promised to be on the medium of which that is not known. */
  get hasPromised(): boolean {
    const { lines, isAwaited, isBegunAwaited } = this.unsynced;
    const isPromised = this.#options.durability !== "os";
    // A sync that is running has promised nothing yet.
    return isAwaited || (isPromised && lines > 0) || (this.isSyncing && (isPromised || isBegunAwaited));
  }

  get isSyncing(): boolean {
    return this.#syncs.isRunning;
  }

  /** Lines are written to another file from now on. */
  goOnIn(file: OpenFile): void {
    this.#syncs.stopTimer();
    this.#current.close();
    this.#current = file;
  }

  /** All that was written, to whatever file, is on the medium. */
  syncedAll(): void {
    this.hasSynced = true;
    this.#options.onSyncing?.()?.();
    this.unsynced.settleAll();
    this.#syncs.withdraw();
  }

  /** Lets go of it. A sync that is running needs its descriptor; its end closes that. */
  close(): void {
    this.#syncs.withdraw();
    this.#current.close();
  }

  // --- internal ---

  #syncEnded(error: Error | null, synced: (() => void) | undefined): void {
    if (error === null) {
      this.unsynced.settleBegun();
      synced?.();
      this.hasSynced = true;
    }
    this.#options.onSyncEnded(error);
  }
}
