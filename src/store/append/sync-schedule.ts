// When a file is synced off the event loop: as soon as somebody waits for it, and at `interval` after so many events or so
// much time. One sync of a file runs at a time; what is written meanwhile goes with the next (group commit).

import type { OpenFile } from "../disk/open-file.ts";
import { SYNC_EVERY_EVENTS, SYNC_INTERVAL_MS } from "./durability.ts";
import type { Durability } from "./durability.ts";
import { requestSync, withdrawSync } from "./sync-queue.ts";
import type { Syncable } from "./sync-queue.ts";
import type { Unsynced } from "./unsynced.ts";

/** When `interval` syncs. */
export interface SyncPace {
  /** After so many lines. Default 10. */
  syncEveryEvents?: number | undefined;
  /** When the oldest has waited so long. Default 1,000. */
  syncIntervalMs?: number | undefined;
}

export interface SyncScheduleOptions extends SyncPace {
  durability: Durability;
  unsynced: Unsynced;
  /** The file to sync now; undefined when none may be. */
  file: () => OpenFile | undefined;
  /** A sync begins; what this returns is called when it has ended, if the file is still the one to sync. */
  onBegin: () => (error: Error | null) => void;
}

export class SyncSchedule implements Syncable {
  /** A sync is running. */
  isRunning = false;
  readonly #options: SyncScheduleOptions;
  /** A sync was asked for that nothing unsynced calls for. */
  #isRequested = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SyncScheduleOptions) {
    this.#options = options;
  }

  /** Has what is written by now synced in its turn, whatever the durability. */
  request(): void {
    this.#isRequested = true;
    this.update();
  }

  /** Asks for a sync, or sets the timer for one, if what is unsynced calls for it. */
  update(): void {
    const { durability, unsynced, file } = this.#options;
    if (this.isRunning) return;
    const isWanted = unsynced.isAwaited || this.#isRequested;
    if (!isWanted && (durability !== "interval" || unsynced.lines === 0)) return;
    if (file() === undefined) return;
    const { syncEveryEvents = SYNC_EVERY_EVENTS, syncIntervalMs = SYNC_INTERVAL_MS } = this.#options;
    if (isWanted || unsynced.lines >= syncEveryEvents) requestSync(this);
    else this.#timer ??= setTimeout(() => requestSync(this), syncIntervalMs).unref();
  }

  /** All is synced in another way, or nothing is to be synced any more. */
  withdraw(): void {
    this.stopTimer();
    this.#isRequested = false;
    withdrawSync(this);
  }

  stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Its turn in the process-wide queue. @internal */
  beginSync(done: () => void): void {
    const { unsynced, onBegin } = this.#options;
    const file = this.#options.file();
    if (file === undefined) return done();
    this.stopTimer();
    this.isRunning = true;
    this.#isRequested = false;
    unsynced.begin();
    file.syncSoon((error) => {
      this.isRunning = false;
      // Of a file that was left, or closed, all was synced or written again before: this sync tells nothing any more.
      if (file === this.#options.file()) onEnded(error);
      this.update();
      done();
    });
    // Whatever there is to do about it can be done while the disk is at work.
    const onEnded = onBegin();
  }
}
