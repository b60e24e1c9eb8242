// Syncs of one open file: whoever waits for one shares it with all who came before it began, and `interval` has its
// timer. Syncs run off the event loop in the process-wide queue, one at a time for each file.

import { ioError } from "../base/errors.ts";
import type { TracekeepError } from "../base/errors.ts";
import type { Disk } from "./disk.ts";
import { SYNC_EVERY_EVENTS, SYNC_INTERVAL_MS } from "./durability.ts";
import type { Durability } from "./durability.ts";
import { requestSync, withdrawSync } from "./sync-queue.ts";
import type { Syncable } from "./sync-queue.ts";
import type { Ticket } from "./ticket.ts";

export interface GroupSyncOptions {
  disk: Disk;
  path: string;
  fd: number;
  durability: Durability;
  /** `interval` syncs after so many lines, or when the oldest has waited so long. Default 10 and 1,000. */
  syncEveryEvents?: number | undefined;
  syncIntervalMs?: number | undefined;
  onFault: (error: TracekeepError) => void;
  /** A sync begins; what this returns is called when all that was written by now is on the medium. */
  syncing?: (() => () => void) | undefined;
}

export class GroupSync implements Syncable {
  readonly #options: GroupSyncOptions;
  #tickets: Ticket[] = [];
  #unsyncedLines = 0;
  #inFlight = false;
  #closed = false;
  #onRetired: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failure: TracekeepError | undefined;

  constructor(options: GroupSyncOptions) {
    this.#options = options;
  }

  /** Why the file may not be written to any more. */
  get failure(): TracekeepError | undefined {
    return this.#failure;
  }

  /** Lines have been handed to the kernel: settles the tickets that asked for no more, and syncs for the others. */
  written(lines: number, tickets: readonly Ticket[]): void {
    this.#unsyncedLines += lines;
    for (const ticket of tickets) {
      if (ticket.durability === "fsync") this.#tickets.push(ticket);
      else ticket.settle();
    }
    this.#syncWhenDue();
  }

  /** Returns when everything written so far is on the medium. @throws TracekeepError */
  sync(): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.#clearTimer();
    withdrawSync(this);
    const tickets = this.#tickets.splice(0);
    const synced = this.#options.syncing?.();
    try {
      this.#options.disk.sync(this.#options.fd);
    } catch (cause) {
      throw this.#failed(cause, tickets);
    }
    this.#unsyncedLines = 0;
    for (const ticket of tickets) ticket.settle();
    synced?.();
  }

  /** Syncs what was promised to be synced. @throws TracekeepError */
  settle(): void {
    if (this.#failure !== undefined) return;
    // A sync that is running has promised nothing yet.
    const promised = this.#options.durability !== "os" && (this.#unsyncedLines > 0 || this.#inFlight);
    if (promised || this.#tickets.length > 0) this.sync();
  }

  /** Settles, and closes the file once nothing of ours needs it any more. @throws TracekeepError */
  close(): void {
    if (this.#closed) return;
    try {
      this.settle();
    } finally {
      this.#closed = true;
      this.#clearTimer();
      withdrawSync(this);
      // A sync that is still running needs the descriptor; its end closes it.
      if (!this.#inFlight) this.#options.disk.close(this.#options.fd);
    }
  }

  /** The same without waiting for the medium. Nothing more is written; `done` is called when it is closed. */
  retire(done: () => void): void {
    this.#onRetired = done;
    if (this.#inFlight) return;
    if (this.#isDue && this.#failure === undefined) requestSync(this);
    else this.#closeRetired();
  }

  /** The file's turn in the process-wide queue. @internal */
  beginSync(done: () => void): void {
    if (this.#closed || this.#failure !== undefined) return done();
    this.#clearTimer();
    this.#inFlight = true;
    this.#unsyncedLines = 0;
    const tickets = this.#tickets.splice(0);
    const synced = this.#options.syncing?.();
    this.#options.disk.syncSoon(this.#options.fd, (error) => {
      this.#inFlight = false;
      if (error === null) {
        for (const ticket of tickets) ticket.settle();
        synced?.();
      } else this.#failed(error, tickets);
      if (this.#closed) this.#options.disk.close(this.#options.fd);
      else if (this.#onRetired !== undefined) this.retire(this.#onRetired);
      else this.#syncWhenDue();
      done();
    });
  }

  // --- internal ---

  /** Whether something waits for a sync that was promised. */
  get #isDue(): boolean {
    return (this.#options.durability !== "os" && this.#unsyncedLines > 0) || this.#tickets.length > 0;
  }

  #closeRetired(): void {
    this.#onRetired?.();
    this.close();
  }

  #syncWhenDue(): void {
    if (this.#inFlight || this.#closed || this.#failure !== undefined) return;
    if (this.#tickets.length > 0) return requestSync(this);
    if (this.#options.durability !== "interval" || this.#unsyncedLines === 0) return;
    const { syncEveryEvents = SYNC_EVERY_EVENTS, syncIntervalMs = SYNC_INTERVAL_MS } = this.#options;
    if (this.#unsyncedLines >= syncEveryEvents) requestSync(this);
    else this.#timer ??= setTimeout(() => requestSync(this), syncIntervalMs).unref();
  }

  /** The kernel may call the next sync a success although it dropped what it could not write: none is tried again. */
  #failed(cause: unknown, tickets: readonly Ticket[]): TracekeepError {
    const error = ioError("sync", this.#options.path, cause);
    this.#failure ??= error;
    for (const ticket of [...tickets, ...this.#tickets.splice(0)]) ticket.fail(error);
    this.#options.onFault(error);
    return error;
  }

  #clearTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
