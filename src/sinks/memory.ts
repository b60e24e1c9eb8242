import { checkOptionNames, integerOption } from "../base/options.ts";
import { BoundedQueue } from "../base/queue.ts";
import type { Event } from "../event/index.ts";
import type { Sink } from "./sink.ts";

export interface MemorySinkOptions {
  /** Events kept at most; then the oldest go, and are counted. Default: all are kept, so the memory grows with them. */
  maxEvents?: number | undefined;
}

/**
 * Keeps events in memory: an event is in `events` when `write` returns. It goes on to be readable after `close`.
 *
 * @example
 * const sink = memorySink();
 * createRecorder({ sink, agent: "test" }).userMessage("hello");
 * sink.events.at(-1)?.["message"]; // "hello"
 */
export class MemorySink implements Sink {
  readonly maxInFlight: number = Infinity;
  readonly #events: BoundedQueue<Event>;
  #droppedEvents = 0;

  /** @throws TypeError, RangeError */
  constructor(options: MemorySinkOptions = {}) {
    checkOptionNames("memorySink", options, ["maxEvents"]);
    const bounds = { min: 1, max: Number.MAX_SAFE_INTEGER, default: Infinity };
    this.#events = new BoundedQueue(integerOption("memorySink", "maxEvents", options.maxEvents, bounds));
  }

  /** A copy of what is there now, oldest first. */
  get events(): readonly Event[] {
    return this.#events.toArray();
  }

  /** Events that had to go because there were more than `maxEvents`. */
  get droppedEvents(): number {
    return this.#droppedEvents;
  }

  /** Forgets all events. They do not count as dropped. */
  clear(): void {
    this.#events.clear();
  }

  write(event: Event): void {
    if (this.#events.full) {
      this.#events.shift();
      this.#droppedEvents++;
    }
    this.#events.push(event);
  }
}

/** @throws TypeError, RangeError for bad options */
export function memorySink(options?: MemorySinkOptions): MemorySink {
  return new MemorySink(options);
}
