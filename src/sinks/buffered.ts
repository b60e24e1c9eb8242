// A bounded queue before a destination, so that producers do not wait for it. It holds `capacity` events at most, the
// ones under way included; what happens to one more is the caller's choice, and each ends in exactly one of three
// counters: delivered, dropped, refused.

import { setImmediate } from "node:timers";

import { TracekeepError } from "../base/errors.ts";
import { checkOptionNames, choiceOption, integerOption } from "../base/options.ts";
import { deferred } from "../base/promises.ts";
import type { Deferred } from "../base/promises.ts";
import { BoundedQueue } from "../base/queue.ts";
import type { Event } from "../event/index.ts";
import type { Durability } from "../store/append/durability.ts";
import { openBuffers } from "./open-buffers.ts";
import { checkSink, closedError, deliver, isPending } from "./sink.ts";
import type { Sink, WriteOutcome } from "./sink.ts";

/**
 * What a full queue does with one more event.
 *
 * - `block`: the producer waits. A destination that writes at once is made to do so in the producer's turn; otherwise
 *   `write` resolves when there is room.
 * - `drop-newest`: the event is left out and counted in `droppedEvents`.
 * - `raise`: the event is refused, `QUEUE_FULL`.
 */
export type Overflow = "block" | "drop-newest" | "raise";

export const OVERFLOWS: readonly Overflow[] = ["block", "drop-newest", "raise"];

export interface BufferedSinkOptions {
  /** Events held at most, 1 to 16,777,216. Default 2,048. */
  capacity?: number | undefined;
  /** Default `"block"`, the one for audits: nothing is left out. */
  overflow?: Overflow | undefined;
  /**
   * With `block`: writes that may wait for room at once, 1 to 16,777,216. One more is refused, `QUEUE_FULL`, so that a
   * caller who never awaits cannot fill the memory. Default 65,536.
   */
  maxWaiting?: number | undefined;
}

/** Events handed over in one turn of the event loop before others get theirs. */
const EVENTS_A_TURN = 64;

interface Entry {
  event: Event;
  line: string;
  delivered: Deferred<WriteOutcome> | undefined;
}

/** In the queue instead of an event: resolved when everything before it has settled. */
type Barrier = Deferred<void>;

/**
 * Queues events for a destination. That `write` returned (or resolved) says only that an event was admitted: no more
 * than memory, lost when the process is killed. A recorder's receipt waits for the destination instead.
 *
 * @example
 * await using sink = bufferedSink(jsonlSink("events.jsonl"), { capacity: 2048, overflow: "block" });
 * createRecorder({ sink }).userMessage("hello");
 */
export class BufferedSink implements Sink {
  readonly capacity: number;
  readonly overflow: Overflow;
  readonly #destination: Sink;
  readonly #mostInFlight: number;
  readonly #queue = new BoundedQueue<Entry | Barrier>(Infinity);
  /** Producers waiting for room, in the order of their events, which are the last ones of the queue. */
  readonly #waiting: BoundedQueue<() => void>;
  /** Events admitted or waiting whose fate is open: those in the queue and those under way. */
  #held = 0;
  #inFlight = 0;
  #handingOver = false;
  #scheduled = false;
  #deliveredEvents = 0;
  #droppedEvents = 0;
  #refusedEvents = 0;
  /** What the destination said first since the last flush. */
  #failure: { error: unknown } | undefined;
  #closing: Promise<void> | undefined;

  /** @throws TypeError, RangeError */
  constructor(destination: Sink, options: BufferedSinkOptions = {}, owner = "bufferedSink") {
    this.#destination = checkSink(owner, destination);
    checkOptionNames(owner, options, ["capacity", "overflow", "maxWaiting"]);
    const bounds = { min: 1, max: 16_777_216 };
    this.capacity = integerOption(owner, "capacity", options.capacity, { ...bounds, default: 2_048 });
    this.overflow = choiceOption(owner, "overflow", options.overflow, OVERFLOWS, "block");
    this.#mostInFlight = Math.min(this.capacity, destination.maxInFlight ?? 1);
    this.#waiting = new BoundedQueue(
      integerOption(owner, "maxWaiting", options.maxWaiting, { ...bounds, default: 65_536 }),
    );
  }

  /** Another buffer before this one never fills it up. */
  get maxInFlight(): number {
    return this.capacity;
  }

  /** Of the destination: what a receipt means. */
  get durability(): Durability | undefined {
    return this.#destination.durability;
  }

  /** Events that the destination accepted (a filter in it may have left some out all the same). */
  get deliveredEvents(): number {
    return this.#deliveredEvents;
  }

  /** Events left out because the queue was full, here or in the destination. */
  get droppedEvents(): number {
    return this.#droppedEvents;
  }

  /** Events refused: by a full queue, or by the destination. */
  get refusedEvents(): number {
    return this.#refusedEvents;
  }

  /** Events whose fate is open. */
  get pendingEvents(): number {
    return this.#held;
  }

  /** Admits an event; a promise only when it has to wait for room. @throws TracekeepError `QUEUE_FULL`, `CLOSED` */
  write(event: Event, line: string): WriteOutcome | Promise<WriteOutcome> {
    return this.#take({ event, line, delivered: undefined });
  }

  /** Admits an event and resolves when the destination has accepted it. @throws TracekeepError `QUEUE_FULL`, `CLOSED` */
  deliver(event: Event, line: string): WriteOutcome | Promise<WriteOutcome> {
    const delivered = deferred<WriteOutcome>();
    const admitted = this.#take({ event, line, delivered });
    if (!isPending(admitted)) return admitted ?? delivered.promise;
    // Refused while it waits to be admitted, it is nobody's unhandled rejection: the promise below rejects with it.
    delivered.promise.catch(() => undefined);
    return admitted.then(() => delivered.promise);
  }

  /**
   * Resolves when the destination has taken and flushed everything admitted so far. Rejects with the first thing that
   * it refused since the last flush, or with what its own flush says.
   */
  async flush(): Promise<void> {
    if (this.#held > 0) {
      const barrier = deferred<void>();
      this.#queue.push(barrier);
      this.#schedule();
      await barrier.promise;
    }
    const failure = this.#failure;
    this.#failure = undefined;
    await this.#destination.flush?.();
    if (failure !== undefined) throw failure.error;
  }

  /** Drains, flushes and closes the destination. Rejects as `flush` does; everything is closed all the same. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Hands over what the destination can hold, without waiting for anything, for the end of the process. What is left
   * comes in another round, after the destination itself was drained. Where the process may go on, the destination gets
   * no more at once than ever.
   */
  drainNow(isEnd: boolean): void {
    if (!isEnd) return this.#pump(Infinity);
    openBuffers.delete(this);
    for (let count = 0; count < this.#mostInFlight; count++) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      if ("event" in next) this.#handOver(next);
      else next.resolve();
    }
    if (this.#queue.size > 0) openBuffers.add(this);
  }

  /** Whether a blocked producer may be made to do the destination's work. */
  protected readonly helpsOut: boolean = true;

  // --- internal ---

  #take(entry: Entry): WriteOutcome | Promise<WriteOutcome> {
    if (this.#closing !== undefined) throw closedError("buffered");
    if (this.overflow === "block" && this.helpsOut) {
      while (this.#isFull() && this.#canHandOver()) this.#pump(1);
    }
    if (!this.#isFull()) {
      this.#add(entry);
      return undefined;
    }
    if (this.overflow === "drop-newest") {
      this.#droppedEvents++;
      return "dropped";
    }
    if (this.overflow === "raise") throw this.#queueFull(`its ${this.capacity} places are taken`);
    const room = deferred<void>();
    if (!this.#waiting.push(room.resolve)) {
      return Promise.reject(this.#queueFull(`${this.#waiting.capacity} writes wait for room already`));
    }
    this.#add(entry);
    return room.promise;
  }

  #isFull(): boolean {
    return this.#held >= this.capacity;
  }

  #add(entry: Entry): void {
    this.#queue.push(entry);
    this.#held++;
    openBuffers.add(this);
    this.#schedule();
  }

  #queueFull(why: string): TracekeepError {
    this.#refusedEvents++;
    return new TracekeepError("QUEUE_FULL", `the queue of the buffered sink is full: ${why}`, {
      hint: "await the writes, give it more capacity, or choose another overflow policy",
    });
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#pump(EVENTS_A_TURN);
      if (this.#canHandOver()) this.#schedule();
    });
  }

  #canHandOver(): boolean {
    const next = this.#queue.peek();
    // A destination that writes to this sink itself must not get a later event before the one it is just taking.
    if (next === undefined || this.#handingOver) return false;
    return "event" in next ? this.#inFlight < this.#mostInFlight : this.#inFlight === 0;
  }

  /** Hands over what waits, in order, as far as the destination takes more. */
  #pump(atMost: number): void {
    for (let count = 0; count < atMost && this.#canHandOver(); count++) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      if ("event" in next) this.#handOver(next);
      else next.resolve();
    }
  }

  #handOver(entry: Entry): void {
    let outcome: WriteOutcome | Promise<WriteOutcome>;
    this.#handingOver = true;
    try {
      outcome = deliver(this.#destination, entry.event, entry.line);
    } catch (error) {
      this.#refused(entry, error);
      return;
    } finally {
      this.#handingOver = false;
    }
    if (!isPending(outcome)) {
      this.#accepted(entry, outcome);
      return;
    }
    this.#inFlight++;
    void this.#land(entry, outcome);
  }

  async #land(entry: Entry, outcome: Promise<WriteOutcome>): Promise<void> {
    const settle = await Promise.resolve(outcome).then(
      (settled) => () => this.#accepted(entry, settled),
      (error: unknown) => () => this.#refused(entry, error),
    );
    this.#inFlight--;
    this.#schedule();
    settle();
  }

  #accepted(entry: Entry, outcome: WriteOutcome): void {
    if (outcome === "dropped") this.#droppedEvents++;
    else this.#deliveredEvents++;
    this.#settled();
    entry.delivered?.resolve(outcome);
  }

  #refused(entry: Entry, error: unknown): void {
    this.#refusedEvents++;
    this.#failure ??= { error };
    this.#settled();
    entry.delivered?.reject(error);
  }

  #settled(): void {
    this.#held--;
    this.#waiting.shift()?.();
    if (this.#held === 0) openBuffers.delete(this);
  }

  async #close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      await this.#destination.close?.();
    }
  }
}

/** @throws TypeError, RangeError */
export function bufferedSink(destination: Sink, options?: BufferedSinkOptions): BufferedSink {
  return new BufferedSink(destination, options);
}
