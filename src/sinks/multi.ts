import type { Event } from "../event/index.ts";
import type { Durability } from "../store/append/durability.ts";
import { guarded, warnOnce } from "./fault.ts";
import type { OnFault } from "./fault.ts";
import { IsolatedSink } from "./isolated.ts";
import { checkSink, closedError, deliver, isPending } from "./sink.ts";
import type { Sink, WriteOutcome } from "./sink.ts";

/**
 * One primary sink and any number of copies. What the primary says is what this sink says; each event that it accepted
 * goes to the others, in the same order, and whatever they do stays with them.
 *
 * @example
 * const sink = multiSink(jsonlSink("events.jsonl"), consoleSink(), bufferedSink(uploader));
 * sink.onFault = (error) => console.error("a copy is incomplete:", error.message);
 */
export class MultiSink implements Sink {
  /** Called when one of the others fails, once for each run of failures. Default: one process warning. */
  onFault: OnFault = warnOnce("a secondary sink");
  readonly #primary: Sink;
  readonly #others: readonly IsolatedSink[];
  /** Events that wait for the primary, or for one before them, and the last of these. */
  #waiting = 0;
  #tail: Promise<void> | undefined;
  #closed = false;

  /** @throws TypeError */
  constructor(primary: Sink, others: readonly Sink[]) {
    this.#primary = checkSink("multiSink", primary);
    const tell = guarded((error) => this.onFault(error));
    this.#others = others.map((other) => new IsolatedSink(checkSink("multiSink", other), tell));
  }

  get durability(): Durability | undefined {
    return this.#primary.durability;
  }

  get maxInFlight(): number | undefined {
    return this.#primary.maxInFlight;
  }

  /** Events that each of the others did not take, in the order they were given. */
  get failedEvents(): readonly number[] {
    return this.#others.map(({ failedEvents }) => failedEvents);
  }

  write(event: Event, line: string): WriteOutcome | Promise<WriteOutcome> {
    if (this.#closed) throw closedError("multi");
    return this.#copy(this.#primary.write(event, line), event, line);
  }

  deliver(event: Event, line: string): WriteOutcome | Promise<WriteOutcome> {
    if (this.#closed) throw closedError("multi");
    return this.#copy(deliver(this.#primary, event, line), event, line);
  }

  /** Flushes all. @throws what the primary's flush throws */
  async flush(): Promise<void> {
    try {
      await this.#primary.flush?.();
      await this.#tail;
    } finally {
      await Promise.all(this.#others.map((other) => other.flush()));
    }
  }

  /** Closes all. @throws what the primary's close throws */
  async close(): Promise<void> {
    this.#closed = true;
    try {
      await this.#primary.close?.();
      await this.#tail;
    } finally {
      await Promise.all(this.#others.map((other) => other.close()));
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  // --- internal ---

  #copy(
    outcome: WriteOutcome | Promise<WriteOutcome>,
    event: Event,
    line: string,
  ): WriteOutcome | Promise<WriteOutcome> {
    if (!isPending(outcome) && this.#tail === undefined) {
      this.#accepted(outcome, event, line);
      return outcome;
    }
    this.#waiting++;
    this.#tail = this.#copyLater(this.#tail, outcome, event, line);
    return outcome;
  }

  /** Behind the events that still wait for the primary, so that the others see the same order. */
  async #copyLater(
    before: Promise<void> | undefined,
    outcome: WriteOutcome | Promise<WriteOutcome>,
    event: Event,
    line: string,
  ): Promise<void> {
    await before;
    try {
      this.#accepted(await outcome, event, line);
    } catch {
      // The caller has the very promise that rejected, and what was refused is not copied.
    }
    if (--this.#waiting === 0) this.#tail = undefined;
  }

  #accepted(outcome: WriteOutcome, event: Event, line: string): void {
    if (outcome !== undefined) return;
    for (const other of this.#others) other.write(event, line);
  }
}

/** @throws TypeError */
export function multiSink(primary: Sink, ...others: readonly Sink[]): MultiSink {
  return new MultiSink(primary, others);
}
