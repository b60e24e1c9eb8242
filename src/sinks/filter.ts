import { checkOptionNames, choiceOption, describe } from "../base/options.ts";
import { SEVERITIES, severityRank } from "../event/index.ts";
import type { Event, Severity } from "../event/index.ts";
import type { Durability } from "../store/append/durability.ts";
import { checkSink, closedError, deliver } from "./sink.ts";
import type { Sink, WriteOutcome } from "./sink.ts";

export interface FilterSinkOptions {
  /** Less severe events are left out. Default `"DEBUG"`: none is. */
  minSeverity?: Severity | undefined;
  /** Events for which it is false are left out. What it throws refuses the event. */
  predicate?: ((event: Event) => boolean) | undefined;
}

/**
 * Lets some events through to a sink. The others are left out before they are numbered, so the log that the sink keeps
 * has no gap; as a copy beside a store's log, where events have their numbers, it has.
 *
 * @example
 * const errors = filterSink(jsonlSink("errors.jsonl"), { minSeverity: "ERROR" });
 * errors.minSeverity = "WARN"; // from now on
 */
export class FilterSink implements Sink {
  readonly #sink: Sink;
  readonly #predicate: ((event: Event) => boolean) | undefined;
  #minSeverity: Severity = "DEBUG";
  #filteredEvents = 0;
  #closed = false;

  /** @throws TypeError, RangeError */
  constructor(sink: Sink, options: FilterSinkOptions = {}) {
    this.#sink = checkSink("filterSink", sink);
    checkOptionNames("filterSink", options, ["minSeverity", "predicate"]);
    if (options.minSeverity !== undefined) this.minSeverity = options.minSeverity;
    if (options.predicate !== undefined && typeof options.predicate !== "function") {
      throw new TypeError(`filterSink: predicate must be a function, got ${describe(options.predicate)}`);
    }
    this.#predicate = options.predicate;
  }

  /** Less severe events are left out, from the next one on. */
  get minSeverity(): Severity {
    return this.#minSeverity;
  }

  /** @throws TypeError, RangeError */
  set minSeverity(severity: Severity) {
    this.#minSeverity = choiceOption("filterSink", "minSeverity", severity, SEVERITIES, "DEBUG");
  }

  /** Events left out. */
  get filteredEvents(): number {
    return this.#filteredEvents;
  }

  get durability(): Durability | undefined {
    return this.#sink.durability;
  }

  get maxInFlight(): number | undefined {
    return this.#sink.maxInFlight;
  }

  write(event: Event, line: string): WriteOutcome | Promise<WriteOutcome> {
    return this.#wants(event) ? this.#sink.write(event, line) : "filtered";
  }

  deliver(event: Event, line: string): WriteOutcome | Promise<WriteOutcome> {
    return this.#wants(event) ? deliver(this.#sink, event, line) : "filtered";
  }

  async flush(): Promise<void> {
    await this.#sink.flush?.();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#sink.close?.();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  // --- internal ---

  #wants(event: Event): boolean {
    if (this.#closed) throw closedError("filter");
    const severe = severityRank(event.severity) >= severityRank(this.#minSeverity);
    if (severe && this.#predicate?.(event) !== false) return true;
    this.#filteredEvents++;
    return false;
  }
}

/** @throws TypeError, RangeError */
export function filterSink(sink: Sink, options?: FilterSinkOptions): FilterSink {
  return new FilterSink(sink, options);
}
