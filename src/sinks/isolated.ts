import { TracekeepError } from "../base/errors.ts";
import type { Event } from "../event/index.ts";
import { deliver, isPending, refusal } from "./sink.ts";
import type { Sink, WriteOutcome } from "./sink.ts";

/** Writes to a sink that may be under way at once; further events are not copied, and counted. */
const MAX_IN_FLIGHT = 65_536;

/**
 * A sink whose failures hurt nobody (promise P10): nothing here throws or rejects. What it did not take is counted,
 * and told once for each run of failures, so that a sink that is down does not cost a message for each event.
 */
export class IsolatedSink {
  readonly #sink: Sink;
  readonly #onFault: (error: TracekeepError) => void;
  #inFlight = 0;
  #failing = false;
  #failedEvents = 0;

  constructor(sink: Sink, onFault: (error: TracekeepError) => void) {
    this.#sink = sink;
    this.#onFault = onFault;
  }

  /** Events that it did not take. What it filters or drops by its own policy is not among them. */
  get failedEvents(): number {
    return this.#failedEvents;
  }

  write(event: Event, line: string): void {
    if (this.#inFlight >= MAX_IN_FLIGHT) {
      this.#failed(
        new TracekeepError("QUEUE_FULL", `${MAX_IN_FLIGHT} writes to a sink are under way already`),
      );
      return;
    }
    let outcome: WriteOutcome | Promise<WriteOutcome>;
    try {
      outcome = deliver(this.#sink, event, line);
    } catch (error) {
      this.#failed(error);
      return;
    }
    if (!isPending(outcome)) {
      this.#failing = false;
      return;
    }
    void this.#land(outcome);
  }

  flush(): Promise<void> {
    return this.#try(() => this.#sink.flush?.());
  }

  close(): Promise<void> {
    return this.#try(() => this.#sink.close?.());
  }

  // --- internal ---

  async #land(outcome: Promise<WriteOutcome>): Promise<void> {
    this.#inFlight++;
    try {
      await outcome;
      this.#failing = false;
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#inFlight--;
    }
  }

  async #try(action: () => void | Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.#tell(error);
    }
  }

  #failed(error: unknown): void {
    this.#failedEvents++;
    if (!this.#failing) this.#tell(error);
    this.#failing = true;
  }

  #tell(error: unknown): void {
    this.#onFault(refusal(error));
  }
}
