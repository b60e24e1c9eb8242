// Syncs of one file of a shared log, in which several writers append: whoever waits for one shares it with all who came
// before it began. After one that failed the file may not be written to any more.

import { ioError } from "../../base/errors.ts";
import type { TracekeepError } from "../../base/errors.ts";
import type { Disk } from "../disk/disk.ts";
import { OpenFile } from "../disk/open-file.ts";
import type { Durability } from "./durability.ts";
import { LogFile } from "./log-file.ts";
import type { SyncPace } from "./sync-schedule.ts";
import type { Ticket } from "./ticket.ts";

export interface GroupSyncOptions extends SyncPace {
  disk: Disk;
  path: string;
  /** Closed with this. */
  fd: number;
  durability: Durability;
  onFault: (error: TracekeepError) => void;
  /** A sync begins; what this returns is called when all that was written by now is on the medium. */
  syncing?: (() => () => void) | undefined;
}

export class GroupSync {
  readonly #options: GroupSyncOptions;
  readonly #file: LogFile;
  #failure: TracekeepError | undefined;
  #isClosed = false;
  #onRetired: (() => void) | undefined;

  constructor(options: GroupSyncOptions) {
    this.#options = options;
    const { disk, path, fd, syncing } = options;
    this.#file = new LogFile({
      ...options,
      // How long it is, whoever has the log's lock looks up; its name was synced when it was created.
      file: new OpenFile(disk, path, fd, { size: 0, isNameDurable: true }),
      keeping: "none",
      maySync: () => !this.#isClosed && this.#failure === undefined,
      onSyncing: syncing,
      onSyncEnded: (error) => {
        if (error !== null) this.#failed(error);
        this.#closeRetired();
      },
    });
  }

  /** Why the file may not be written to any more. */
  get failure(): TracekeepError | undefined {
    return this.#failure;
  }

  /** Lines have been handed to the kernel: settles the tickets that asked for no more, and syncs for the others. */
  written(lines: number, tickets: readonly Ticket[]): void {
    this.#file.written({ bytes: NO_BYTES, lines, tickets });
    this.#file.syncWhenDue();
  }

  /** Returns when everything written so far is on the medium. @throws TracekeepError */
  sync(): void {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      this.#file.sync();
    } catch (cause) {
      throw this.#failed(cause);
    }
    // It waits for no sync of its own any more.
    this.#closeRetired();
  }

  /** Syncs what was promised to be synced. @throws TracekeepError */
  settle(): void {
    if (this.#failure === undefined && this.#file.hasPromised) this.sync();
  }

  /** Settles, and closes the file. @throws TracekeepError */
  close(): void {
    if (this.#isClosed) return;
    try {
      this.settle();
    } finally {
      this.#isClosed = true;
      this.#file.close();
    }
  }

  /** The same without waiting for the medium. Nothing more is written; `done` is called when it is closed. */
  retire(done: () => void): void {
    this.#onRetired = done;
    this.#closeRetired();
  }

  // --- internal ---

  #closeRetired(): void {
    if (this.#onRetired === undefined || this.#isClosed) return;
    if (this.#failure === undefined) {
      if (this.#file.isSyncing) return;
      if (this.#file.hasPromised) return this.#file.requestSync();
    }
    this.#onRetired();
    this.close();
  }

  /** The kernel may call the next sync a success although it dropped what it could not write: none is tried again. */
  #failed(cause: unknown): TracekeepError {
    const error = ioError("sync", this.#options.path, cause);
    this.#failure ??= error;
    this.#file.unsynced.fail(error);
    this.#options.onFault(error);
    return error;
  }
}

// --- internal ---

const NO_BYTES: Buffer = Buffer.alloc(0);
