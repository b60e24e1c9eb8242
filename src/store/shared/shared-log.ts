// A log that any number of processes and threads append to: the ledger, and every file that several agents share. Each
// writer gathers lines for a turn of the event loop and takes the log's lock once for all of them: sees what others
// have written meanwhile, heals what a dead one left, numbers, writes in one go, lets go. Syncs come after
// that, off the event loop: a file's earlier bytes reach the medium with its later ones, so the order holds.
//
// The file may be switched: whoever has the lock gives it another name and puts another one in its place, whose first
// line says on which number it goes on (SEGMENT {first_seq}, numbered accordingly). A log with `rotation` does that by
// itself. Every writer compares the inode each time it has the lock, and goes on in the new file. The lock file itself
// is never renamed or deleted, which is why it is not the log.

import path from "node:path";
import { setImmediate } from "node:timers";

import { TracekeepError } from "../../base/errors.ts";
import { BoundedQueue } from "../../base/queue.ts";
import { encodeIdentity, encodeLineWithin, MAX_LINE_BYTES, renumberLine } from "../../format/index.ts";
import type { LineParts } from "../../format/index.ts";
import type { Durability } from "../append/durability.ts";
import { addOpenFile, removeOpenFile } from "../append/open-files.ts";
import type { Flushable } from "../append/open-files.ts";
import { Ticket } from "../append/ticket.ts";
import { nodeDisk } from "../disk/disk.ts";
import type { Disk } from "../disk/disk.ts";
import { LOCK_TIMEOUT_MS, tryWithFileLock, withFileLock, withFileLockSync } from "../disk/file-lock.ts";
import { LOCK_SUFFIX } from "../layout.ts";
import { ownEvent } from "../session/own-event.ts";
import type { SharedFile } from "./shared-file.ts";
import { SharedFiles } from "./shared-files.ts";
import type { RotationOptions } from "./shared-rotation.ts";

/** Default of `capacity`. */
export const SHARED_LOG_CAPACITY = 65_536;

export interface SharedLogOptions {
  path: string;
  /** Whose lines these are, unless a line says otherwise. */
  sessionId: string;
  agentId: string;
  durability: Durability;
  /** Longest line, in bytes; longer events are cut. Default 16 MiB. */
  maxLineBytes?: number | undefined;
  /** Events that may wait for the lock; one more is refused. Default 65,536. */
  capacity?: number | undefined;
  /** How long a batch waits for the lock before it is refused, in milliseconds. Default 5,000. */
  lockTimeoutMs?: number | undefined;
  /** `interval` syncs after so many lines, or when the oldest has waited so long. Default 10 and 1,000. */
  syncEveryEvents?: number | undefined;
  syncIntervalMs?: number | undefined;
  /** When the log goes on in another file. Default: never. */
  rotation?: RotationOptions | undefined;
  /** Makes the event that a file begins with, when it is empty. Default: none. */
  firstLine?: (() => LineParts) | undefined;
  /** Called when something could not be written or synced, once for each run of failures. */
  onFault?: ((error: TracekeepError) => void) | undefined;
  /** Called when the present file is on the medium up to an offset, sometimes under the log's lock. */
  onSynced?: ((bytes: number) => void) | undefined;
  disk?: Disk | undefined;
}

interface Entry {
  /** With a number that is yet to be replaced: its own is known when it is written. */
  line: string;
  ticket: Ticket | undefined;
}

export class SharedLog implements Flushable {
  readonly path: string;
  readonly durability: Durability;
  /** Held by whoever writes to the log, or switches its file. */
  readonly lockPath: string;
  readonly #options: SharedLogOptions;
  readonly #identity: string;
  readonly #waiting: BoundedQueue<Entry>;
  readonly #files: SharedFiles;
  #running: Promise<void> | undefined;
  #closed = false;
  #hasFolder = false;
  /** Events refused in all, and those that no GAP event has spoken of yet. */
  #refused = 0;
  #unsaid = 0;
  #failing = false;
  #lastError: TracekeepError | undefined;
  #hasLock = false;
  /** What is to be told when it is let go of. */
  readonly #untold: (() => void)[] = [];

  /** Opens nothing yet: the file is created with the first batch. */
  constructor(options: SharedLogOptions) {
    this.path = path.resolve(options.path);
    this.lockPath = this.path + LOCK_SUFFIX;
    this.durability = options.durability;
    this.#options = options;
    this.#identity = encodeIdentity(options.sessionId, options.agentId);
    this.#waiting = new BoundedQueue(options.capacity ?? SHARED_LOG_CAPACITY);
    this.#files = new SharedFiles({
      ...options,
      path: this.path,
      encode: (parts) => this.#encode(parts),
      onFault: (error) => this.#tell(error),
    });
    addOpenFile(this);
  }

  /** Events that this writer could not write. */
  get refused(): number {
    return this.#refused;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get lastError(): TracekeepError | undefined {
    return this.#lastError;
  }

  /**
   * Takes an event, to be numbered and written at the end of this turn of the event loop or as soon as the lock is free.
   * What became of it is told by the ticket, when a durability is asked for; its `seq` is known when it has settled.
   *
   * @param identity of another session than the writer's, from `encodeIdentity`
   * @throws TracekeepError `QUEUE_FULL`, `CLOSED`, or `BAD_EVENT` for one that cannot be encoded
   */
  append(parts: LineParts, ticketFor?: Durability, identity: string = this.#identity): Ticket | undefined {
    if (this.#closed) throw new TracekeepError("CLOSED", `${this.path} is closed`, { path: this.path });
    if (!this.#hasFolder) this.#makeFolder();
    const ticket = ticketFor === undefined ? undefined : new Ticket(-1, ticketFor);
    const line = this.#lineOf(parts, identity);
    if (!this.#waiting.push({ line, ticket }))
      throw this.#countRefused(1, queueFullError(this.path, this.#waiting.capacity));
    // A caller that logs without ever letting the event loop turn would fill the queue.
    if (this.#waiting.full || this.#waiting.size % EAGER_EVENTS === 0) this.flush();
    this.#running ??= this.#work();
    return ticket;
  }

  /** Writes what waits if the lock is free at this moment; otherwise it follows as soon as it is. */
  flush(): void {
    if (this.#waiting.size === 0) return;
    try {
      tryWithFileLock(this.lockPath, this.#writeWaiting);
    } catch {
      // A lock that cannot be had is asked for again at the end of the turn, and told of then.
    }
    this.#tellRest();
  }

  /** Writes everything that waits before it returns, waiting for the lock. @throws TracekeepError when some was refused */
  drain(): void {
    const refused = this.#refused;
    if (this.#waiting.size > 0 || this.#unsaid > 0) {
      try {
        withFileLockSync(this.lockPath, this.#writeWaiting, { timeoutMs: this.#lockTimeoutMs });
      } catch (error) {
        this.#refuseWaiting(error as TracekeepError);
      }
      this.#tellRest();
    }
    if (this.#refused > refused) throw this.#lastError;
  }

  /** The same without stopping the event loop. Rejects when some of it was refused. */
  async drained(): Promise<void> {
    const refused = this.#refused;
    while (this.#running !== undefined) await this.#running;
    if (this.#refused > refused) throw this.#lastError;
  }

  /** Writes everything that waits and returns when it is on the medium. @throws TracekeepError */
  sync(): void {
    this.drain();
    this.#files.sync();
  }

  /** Writes everything that waits, and syncs it where more than `os` was promised. @throws TracekeepError */
  settle(): void {
    if (this.#closed) return;
    this.drain();
    this.#files.settle();
  }

  /** Settles and lets go of the file. @throws TracekeepError when that fails; it is closed then too */
  close(): void {
    if (this.#closed) return;
    try {
      this.settle();
    } finally {
      this.#closed = true;
      removeOpenFile(this);
      this.#files.close();
    }
  }

  // --- internal ---

  get #lockTimeoutMs(): number {
    return this.#options.lockTimeoutMs ?? LOCK_TIMEOUT_MS;
  }

  /** The lock file is there before the log is. */
  #makeFolder(): void {
    this.#hasFolder = true;
    try {
      (this.#options.disk ?? nodeDisk).makeDirectory(path.dirname(this.path));
    } catch {
      // Then the lock cannot be taken either, which is told with the first batch.
    }
  }

  /** A batch for each turn of the event loop, as long as there are any; what arrives meanwhile is the next one. */
  async #work(): Promise<void> {
    do {
      await new Promise((resolve) => setImmediate(resolve));
      // Somebody may have written it all in between, synchronously.
      if (this.#waiting.size === 0) break;
      try {
        await withFileLock(this.lockPath, this.#writeWaiting, { timeoutMs: this.#lockTimeoutMs });
      } catch (error) {
        this.#refuseWaiting(error as TracekeepError);
      }
      this.#tellRest();
    } while (this.#waiting.size > 0);
    this.#running = undefined;
  }

  /** Under the lock. Never throws: what cannot be written is refused. */
  readonly #writeWaiting = (): void => {
    // It was closed while the lock was waited for, and everything was written then.
    if (this.#closed) return;
    this.#hasLock = true;
    try {
      do this.#writeBatch(this.#files.ready());
      while (this.#waiting.size > 0);
    } catch (cause) {
      this.#refuseWaiting(
        cause instanceof TracekeepError
          ? cause
          : new TracekeepError("IO", `cannot write to ${this.path}`, { path: this.path, cause }),
      );
    } finally {
      this.#hasLock = false;
    }
  };

  /** As many lines as go in one write, and a GAP before them when earlier ones were refused. */
  #writeBatch(file: SharedFile): void {
    const unsaid = this.#unsaid;
    const own: LineParts[] = [];
    if (file.isEmpty) {
      const first = this.#files.beginning();
      if (first !== undefined) own.push(first);
      file.startAt(first?.seq ?? 0);
    }
    if (unsaid > 0) own.push(ownEvent("GAP", { count: unsaid, reason: "these events could not be written" }));
    let seq = file.nextSeq;
    let text = own.map((parts) => this.#encode({ ...parts, seq: seq++ })).join("");
    const batch: Entry[] = [];
    const most = Math.min(BATCH_CHARACTERS, this.#files.roomIn(file));
    for (let entry = this.#waiting.peek(); entry !== undefined; entry = this.#waiting.peek()) {
      if (batch.length > 0 && text.length >= most) break;
      text += renumberLine(entry.line, seq);
      if (entry.ticket !== undefined) entry.ticket.seq = seq;
      seq++;
      batch.push(entry);
      this.#waiting.shift();
    }
    if (text === "") return;
    try {
      file.write(text, seq - file.nextSeq, ticketsOf(batch));
      this.#unsaid -= unsaid;
      this.#failing = false;
    } catch (error) {
      this.#refuse(batch, error as TracekeepError);
    }
  }

  #refuseWaiting(error: TracekeepError): void {
    this.#refuse(this.#waiting.drain(), error);
  }

  #refuse(entries: readonly Entry[], error: TracekeepError): void {
    this.#countRefused(entries.length, error);
    this.#whenFree(() => {
      for (const ticket of ticketsOf(entries)) ticket.fail(error);
    });
  }

  #countRefused(count: number, error: TracekeepError): TracekeepError {
    this.#refused += count;
    this.#unsaid += count;
    this.#tell(error);
    return error;
  }

  #tell(error: TracekeepError): void {
    this.#lastError = error;
    if (this.#failing) return;
    this.#failing = true;
    this.#whenFree(() => this.#options.onFault?.(error));
  }

  /** Whoever hears of a fault may record that, and would wait for the lock that its own thread has. */
  #whenFree(step: () => void): void {
    if (this.#hasLock) this.#untold.push(step);
    else step();
  }

  #tellRest(): void {
    for (const step of this.#untold.splice(0)) step();
  }

  /** Encoded at once: until it is written, the caller's own objects may change, and secrets come into them. */
  #lineOf(parts: LineParts, identity: string): string {
    try {
      // No number is longer, so the line cannot outgrow its limit.
      return this.#encode({ ...parts, seq: Number.MAX_SAFE_INTEGER }, identity);
    } catch (cause) {
      const error = new TracekeepError("BAD_EVENT", "the event could not be encoded", {
        path: this.path,
        cause,
      });
      throw this.#countRefused(1, error);
    }
  }

  #encode(parts: LineParts, identity: string = this.#identity): string {
    return encodeLineWithin(parts, identity, this.#options.maxLineBytes ?? MAX_LINE_BYTES);
  }
}

// --- internal ---

/** One write takes as many lines as fit, and at least one. */
const BATCH_CHARACTERS: number = 1024 * 1024;
/** So many waiting events are worth a look whether the lock is free. */
const EAGER_EVENTS = 1_024;

function ticketsOf(entries: readonly Entry[]): Ticket[] {
  return entries.flatMap(({ ticket }) => (ticket === undefined ? [] : [ticket]));
}

function queueFullError(file: string, capacity: number): TracekeepError {
  return new TracekeepError("QUEUE_FULL", `${capacity} events wait to be written to ${file} already`, {
    path: file,
    hint: "await some of them, or find out who has the lock of the log",
  });
}
