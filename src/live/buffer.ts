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

/** An event of a log with its line, or something volatile. */
export type BufferedEvent = StoredEntry | { volatile: VolatileEvent };

export interface StoredEntry {
  /** When it had to wait behind much else, its envelope alone: an event takes many times the memory of its line. */
  event: Event;
  isEnvelope?: boolean;
  bytes: Buffer | string;
  /** It was read from the log. */
  read?: boolean;
}

export class SubscriberBuffer {
  readonly #stored: BoundedQueue<StoredEntry>;
  /**
   * Text that is in no log yet. What is in a log when the subscriber comes to it needs no announcement, so it waits
   * behind all stored events, and goes when its own has come.
   */
  readonly #announced: BoundedQueue<VolatileEvent>;
  readonly #policy: LagPolicy;
  /** Called with each stored event that is dropped, so that its cursor goes on; says whether that is a loss. */
  readonly #onDropped: (entry: StoredEntry) => boolean;
  readonly #maxLength: number;
  /** Of the lines of the stored events. */
  #length = 0;
  #overflowed = false;
  #dropped = 0;
  #firstDropped: Event | undefined;

  constructor(capacity: number, policy: LagPolicy, onDropped: (entry: StoredEntry) => boolean) {
    this.#stored = new BoundedQueue(capacity);
    this.#announced = new BoundedQueue(capacity);
    this.#policy = policy;
    this.#onDropped = onDropped;
    this.#maxLength = capacity * MEAN_LINE_LENGTH;
  }

  /** It was full, and nothing more is taken before {@link reopen}. Never so with `drop-oldest`. */
  get overflowed(): boolean {
    return this.#overflowed;
  }

  get size(): number {
    return this.#stored.size + this.#announced.size;
  }

  push(entry: StoredEntry): void {
    if (this.#overflowed) return;
    this.forget(entry.event);
    const { length } = entry.bytes;
    if (this.#policy === "drop-oldest") while (!this.#hasRoomFor(length)) this.#drop();
    if (this.#hasRoomFor(length)) {
      const isMuch = this.#length > MAX_WHOLE_LENGTH;
      this.#stored.push(isMuch ? { ...entry, event: envelopeOf(entry.event), isEnvelope: true } : entry);
      this.#length += length;
      return;
    }
    this.#overflowed = true;
    if (this.#policy === "catch-up") this.clear();
  }

  /** Takes text that is on its way to a log. Where there is no room for it, that is no loss: the log will have it. */
  announce(event: VolatileEvent): void {
    if (this.#overflowed) return;
    if (this.#announced.full) this.#announced.shift();
    this.#announced.push(event);
  }

  /** Lets go of what announced an event that is in its log now. */
  forget({ stream_id: stream }: Event): void {
    if (this.#announced.size === 0) return;
    const others = this.#announced.drain().filter(({ stream_id: other }) => other !== stream);
    for (const event of others) this.#announced.push(event);
  }

  shift(): BufferedEvent | undefined {
    const entry = this.#shiftStored();
    if (entry !== undefined) return entry;
    const volatile = this.#announced.shift();
    return volatile === undefined ? undefined : { volatile };
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
    this.#stored.clear();
    this.#announced.clear();
    this.#length = 0;
  }

  // --- internal ---

  /** One line always has, be it as long as it may. */
  #hasRoomFor(length: number): boolean {
    return this.#stored.size === 0 || (!this.#stored.full && this.#length + length <= this.#maxLength);
  }

  #shiftStored(): StoredEntry | undefined {
    const entry = this.#stored.shift();
    if (entry !== undefined) this.#length -= entry.bytes.length;
    return entry;
  }

  #drop(): void {
    const oldest = this.#shiftStored();
    if (oldest === undefined || !this.#onDropped(oldest)) return;
    this.#dropped++;
    this.#firstDropped ??= oldest.event;
  }
}

// --- internal ---

/** Of long lines, no more may wait than would be as long as `capacity` of this one. */
const MEAN_LINE_LENGTH = 4_096;
/** Behind lines of so many characters, events wait as lines only. */
const MAX_WHOLE_LENGTH: number = 128 * 1024;

function envelopeOf({ event, timestamp, severity, seq, id, session_id, agent_id, salt }: Event): Event {
  return { event, timestamp, severity, seq, id, session_id, agent_id, salt };
}
