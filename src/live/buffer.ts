// What waits for one subscriber. Bounded, because a subscriber may be slow or may never come back, and nobody else may
// notice (promises P6 and P10).

import { BoundedQueue } from "../base/queue.ts";
import type { Event } from "../event/index.ts";
import type { VolatileEvent } from "./events.ts";

/**
 * What becomes of a subscriber whose buffer is full.
 *
 * - `catch-up`: the buffer is emptied and the subscriber reads on from the logs. Nothing is lost.
 * - `drop-oldest`: the oldest event makes room, and the next thing the subscriber gets says how many it was not given.
 * - `disconnect`: it gets what is in its buffer, then the error `TOO_SLOW`.
 */
export type LagPolicy = "catch-up" | "drop-oldest" | "disconnect";

export const LAG_POLICIES: readonly LagPolicy[] = ["catch-up", "drop-oldest", "disconnect"];

/** An event of a log with its line (`read`: that was where it came from), or something volatile. */
export type BufferedEvent =
  { event: Event; bytes: Buffer | string; read?: boolean } | { volatile: VolatileEvent };

export type StoredEntry = Exclude<BufferedEvent, { volatile: VolatileEvent }>;

export class SubscriberBuffer {
  readonly #queue: BoundedQueue<BufferedEvent>;
  readonly #policy: LagPolicy;
  /** Called with each stored event that is dropped, so that its cursor goes on; says whether that is a loss. */
  readonly #onDropped: (entry: StoredEntry) => boolean;
  #overflowed = false;
  #dropped = 0;
  #firstDropped: Event | undefined;

  constructor(capacity: number, policy: LagPolicy, onDropped: (entry: StoredEntry) => boolean) {
    this.#queue = new BoundedQueue(capacity);
    this.#policy = policy;
    this.#onDropped = onDropped;
  }

  /** It was full, and nothing more is taken before {@link reopen}. Never so with `drop-oldest`. */
  get overflowed(): boolean {
    return this.#overflowed;
  }

  get size(): number {
    return this.#queue.size;
  }

  push(entry: BufferedEvent): void {
    if (this.#overflowed) return;
    if (!this.#queue.full) {
      this.#queue.push(entry);
      return;
    }
    if (this.#policy === "drop-oldest") {
      this.#drop();
      this.#queue.push(entry);
      return;
    }
    this.#overflowed = true;
    if (this.#policy === "catch-up") this.#queue.clear();
  }

  shift(): BufferedEvent | undefined {
    return this.#queue.shift();
  }

  /** How many events were dropped since the last time it was asked, and the first of them. */
  takeDropped(): { count: number; first: Event } | undefined {
    if (this.#firstDropped === undefined) return undefined;
    const dropped = { count: this.#dropped, first: this.#firstDropped };
    this.#dropped = 0;
    this.#firstDropped = undefined;
    return dropped;
  }

  reopen(): void {
    this.#overflowed = false;
  }

  clear(): void {
    this.#queue.clear();
  }

  // --- internal ---

  #drop(): void {
    const oldest = this.#queue.shift();
    // Text that is on its way to a log is no loss: the log will have it.
    if (oldest === undefined || "volatile" in oldest || !this.#onDropped(oldest)) return;
    this.#dropped++;
    this.#firstDropped ??= oldest.event;
  }
}
