// Bytes on their way to the end of one file, without ever stopping the event loop for them: writes and syncs run in
// the thread pool, one at a time, and what arrives meanwhile goes with the next. The counterpart of AppendFile, which
// costs the process less but writes in the caller's turn.
//
// A BackgroundFile is open, failed (after a failed sync or repair nothing more is accepted, promise P4) or closed.

import { setImmediate as endOfTurn } from "node:timers/promises";

import { ioError, TracekeepError } from "../../base/errors.ts";
import { BoundedQueue } from "../../base/queue.ts";
import { writeAll } from "../disk/disk.ts";
import type { Disk } from "../disk/disk.ts";
import { SYNC_EVERY_EVENTS, SYNC_INTERVAL_MS } from "./durability.ts";
import type { Durability } from "./durability.ts";
import { Ticket } from "./ticket.ts";

/** One write takes as many lines as fit; a longer line goes by itself. */
const BATCH_CHARACTERS: number = 1024 * 1024;
/** How long the end of the process waits for a write that the thread pool has begun. */
const LAST_WRITE_WAIT_MS = 2_000;

export interface BackgroundFileOptions {
  disk: Disk;
  path: string;
  fd: number;
  /** Bytes in the file, all of them whole lines. */
  size: number;
  durability: Durability;
  /** Lines held at most; a further one is refused. */
  capacity: number;
  /** Told `true` for each line that begins to wait, `false` when none waits any more. */
  onPending: (pending: boolean) => void;
}

interface Line {
  text: string;
  ticket: Ticket;
}

/** What the thread pool is writing, and where in the file it begins. */
interface Batch {
  lines: readonly Line[];
  bytes: Buffer;
  start: number;
}

export class BackgroundFile {
  readonly #options: BackgroundFileOptions;
  readonly #lines: BoundedQueue<Line>;
  /** Bytes in the file once the batch is. */
  #size: number;
  #closed = false;
  #failure: TracekeepError | undefined;
  /** Of the line taken last: lines settle in order. */
  #last: Ticket | undefined;
  #batch: Batch | undefined;
  #running: Promise<void> | undefined;
  #unsyncedLines = 0;
  #syncDue = false;
  #syncTimer: NodeJS.Timeout | undefined;

  constructor(options: BackgroundFileOptions) {
    this.#options = options;
    this.#size = options.size;
    this.#lines = new BoundedQueue(options.capacity);
  }

  /** Takes one line; the promise settles when it has reached the file's durability, or has not. @throws TracekeepError */
  put(text: string): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const { path, durability, capacity } = this.#options;
    if (this.#closed) throw new TracekeepError("CLOSED", `${path} is closed for writing`, { path });
    const ticket = new Ticket(0, durability);
    if (!this.#lines.push({ text, ticket })) {
      throw new TracekeepError("QUEUE_FULL", `${capacity} lines wait to be written to ${path} already`, {
        path,
        hint: "await the writes, or choose what happens then by a buffered sink",
      });
    }
    this.#last = ticket;
    this.#options.onPending(true);
    this.#run();
    return ticket.settled;
  }

  /** Resolves when everything taken so far is written, and synced where `fsync` was promised. @throws TracekeepError */
  async flush(): Promise<void> {
    await this.#last?.settled;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Writes and syncs what is left and lets go of the file. @throws TracekeepError when that fails; it is closed then too */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#syncTimer);
    await this.#running;
    if (this.#options.durability !== "os" && this.#unsyncedLines > 0 && this.#failure === undefined) {
      await this.#sync();
    }
    this.#options.disk.close(this.#options.fd);
    if (this.#failure !== undefined) throw this.#failure;
  }

  /**
   * Writes everything that waits before it returns, for the end of the process. A write that the thread pool has begun
   * is waited for: the pool needs no event loop to finish it.
   */
  drainNow(): void {
    this.#options.onPending(false);
    if (this.#failure !== undefined || !this.#waitForBatch()) return;
    const { disk, fd, path, durability } = this.#options;
    const lines = this.#lines.drain();
    const bytes = Buffer.from(lines.map(({ text }) => text).join(""));
    let error: TracekeepError | undefined;
    try {
      writeAll(disk, fd, bytes, bytes.length, this.#size);
      this.#size += bytes.length;
    } catch (cause) {
      error = ioError("write to", path, cause);
    }
    try {
      if (error === undefined && durability !== "os") disk.sync(fd);
    } catch (cause) {
      error = this.#fail(ioError("sync", path, cause));
    }
    settle(lines, error);
  }

  // --- internal ---

  #run(): void {
    this.#running ??= this.#work();
  }

  async #work(): Promise<void> {
    try {
      // The lines of one turn go in one write.
      await endOfTurn();
      for (;;) {
        if (this.#syncDue && this.#failure === undefined) await this.#sync();
        const lines = this.#takeLines();
        if (lines.length > 0) await this.#write(lines);
        else if (!this.#syncDue || this.#failure !== undefined) return;
      }
    } finally {
      this.#running = undefined;
      this.#options.onPending(false);
    }
  }

  #takeLines(): Line[] {
    const lines: Line[] = [];
    let characters = 0;
    for (let line = this.#lines.peek(); line !== undefined; line = this.#lines.peek()) {
      characters += line.text.length;
      if (lines.length > 0 && characters > BATCH_CHARACTERS) break;
      lines.push(line);
      this.#lines.shift();
    }
    return lines;
  }

  async #write(lines: readonly Line[]): Promise<void> {
    const { durability } = this.#options;
    const bytes = Buffer.from(lines.map(({ text }) => text).join(""));
    const batch = { lines, bytes, start: this.#size };
    this.#batch = batch;
    this.#size += bytes.length;
    let error = await this.#writeBatch(batch);
    if (error === undefined) this.#unsyncedLines += lines.length;
    if (error === undefined && durability === "fsync") error = await this.#sync();
    this.#batch = undefined;
    settle(lines, error);
    if (durability === "interval") this.#syncWhenDue();
  }

  /** What went wrong, with nothing of the batch left in the file. */
  async #writeBatch({ bytes, start }: Batch): Promise<TracekeepError | undefined> {
    const { disk, fd, path } = this.#options;
    try {
      for (let offset = 0; offset < bytes.length;) {
        offset += await new Promise<number>((resolve, reject) => {
          disk.writeSoon(fd, bytes, offset, bytes.length - offset, (error, written) => {
            if (error === null && written > 0) resolve(written);
            else reject(error ?? new Error("the system accepted no bytes"));
          });
        });
      }
      return undefined;
    } catch (cause) {
      try {
        disk.truncate(fd, start);
        this.#size = start;
      } catch (repairCause) {
        // Behind a torn line nothing may be written: it would be glued to it.
        return this.#fail(ioError("repair", path, repairCause));
      }
      return ioError("write to", path, cause);
    }
  }

  #syncWhenDue(): void {
    if (this.#unsyncedLines >= SYNC_EVERY_EVENTS) this.#syncDue = true;
    else if (this.#unsyncedLines > 0)
      this.#syncTimer ??= setTimeout(this.#syncByTimer, SYNC_INTERVAL_MS).unref();
  }

  readonly #syncByTimer = (): void => {
    this.#syncTimer = undefined;
    this.#syncDue = this.#unsyncedLines > 0;
    this.#run();
  };

  /** A failed sync is not tried again on the same file: the kernel may have dropped what it could not write. */
  async #sync(): Promise<TracekeepError | undefined> {
    this.#syncDue = false;
    this.#unsyncedLines = 0;
    clearTimeout(this.#syncTimer);
    this.#syncTimer = undefined;
    const { disk, fd, path } = this.#options;
    const cause = await new Promise<Error | null>((resolve) => disk.syncSoon(fd, resolve));
    return cause === null ? undefined : this.#fail(ioError("sync", path, cause));
  }

  #fail(error: TracekeepError): TracekeepError {
    this.#failure ??= error;
    settle(this.#lines.drain(), error);
    return error;
  }

  /** Sleeps until the batch is in the file, or it is certain enough that it never will be. */
  #waitForBatch(): boolean {
    if (this.#batch === undefined) return true;
    const { bytes, start } = this.#batch;
    const pause = new Int32Array(new SharedArrayBuffer(4));
    for (let waitedMs = 0; waitedMs < LAST_WRITE_WAIT_MS; waitedMs++) {
      if (this.#options.disk.size(this.#options.fd) >= start + bytes.length) return true;
      Atomics.wait(pause, 0, 0, 1);
    }
    return false;
  }
}

function settle(lines: readonly Line[], error: TracekeepError | undefined): void {
  for (const { ticket } of lines) {
    if (error === undefined) ticket.settle();
    else ticket.fail(error);
  }
}
