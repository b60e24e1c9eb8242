import { setImmediate } from "node:timers/promises";

import { ReadReport } from "./report.ts";

/** Makes the values of one read; `undefined` is a pause and no value. */
export type ReadSource<T> = (report: ReadReport) => Generator<T | undefined, void, undefined>;

/**
 * What a read gives, one value after the other and in constant memory. Nothing is read before it is asked for, and every
 * iteration reads anew. With `for await`, other work gets its turn between values; a plain `for` reads straight through.
 *
 * @example
 * const events = reader.events({ event: "ERROR" });
 * for await (const event of events) console.log(event["message"]);
 * if (events.report.hasDamage) console.log(events.report.skipped);
 */
export class ReadStream<T> implements Iterable<T>, AsyncIterable<T> {
  /** Of the latest iteration, as far as it has come. */
  report: ReadReport = new ReadReport();
  readonly #source: ReadSource<T>;
  readonly #signal: AbortSignal | undefined;

  constructor(source: ReadSource<T>, signal?: AbortSignal) {
    this.#source = source;
    this.#signal = signal;
  }

  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (const value of this.#begin()) {
      this.#signal?.throwIfAborted();
      if (value !== undefined) yield value;
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (const value of this.#begin()) {
      this.#signal?.throwIfAborted();
      if (value === undefined) await setImmediate();
      else yield value;
    }
  }

  #begin(): Generator<T | undefined, void, undefined> {
    this.#signal?.throwIfAborted();
    this.report = new ReadReport();
    return this.#source(this.report);
  }
}
