import { setImmediate } from "node:timers/promises";

import { deferred, isPromiseLike } from "../../base/promises.ts";
import { ReadReport } from "../lines/report.ts";

/** No value yet: others may have their turn, or a stream has to bring more before reading can go on. */
export type Pause = undefined | Promise<void>;

/**
 * Makes the values of one read, with pauses between them.
 *
 * @param canWait whether it is read with `for await`, so that a pause may be something to be waited for
 */
export type ReadSource<T> = (report: ReadReport, canWait: boolean) => Generator<T | Pause, void, undefined>;

export interface ReadStreamOptions {
  /** Ends the read by throwing its reason. */
  signal?: AbortSignal | undefined;
  /** Called now and then with the report: how many bytes were read, and of how many. */
  onProgress?: ((report: ReadReport) => void) | undefined;
}

/** Whether a value is only a pause. */
export function isPause(value: unknown): value is Pause {
  return value === undefined || isPromiseLike(value);
}

/**
 * What a read gives, one value after the other and in constant memory. Nothing is read before it is asked for, and every
 * iteration reads anew. With `for await`, other work gets its turn between values; a plain `for` reads straight through
 * (and throws TypeError where a stream has to be waited for).
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
  readonly #options: ReadStreamOptions;

  constructor(source: ReadSource<T>, { signal, onProgress }: ReadStreamOptions = {}) {
    this.#source = source;
    this.#options = { signal, onProgress };
  }

  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (const value of this.#begin(false)) {
      this.#check(value);
      if (isPromiseLike(value)) throw new TypeError("a stream can only be read with `for await`");
      if (value !== undefined) yield value;
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    // Thousands of short reads, each over before its first pause, would else keep Ctrl-C and everybody else waiting.
    if (monotonicMs() - lastTurnMs > MAX_TURN_MS) await giveTurn();
    for (const value of this.#begin(true)) {
      this.#check(value);
      if (!isPause(value)) yield value;
      else if (value === undefined) await giveTurn();
      else await untilAborted(value, this.#options.signal);
    }
  }

  /** Everything at once, as a list. */
  toArray(): T[] {
    return [...this];
  }

  #begin(canWait: boolean): Generator<T | Pause, void, undefined> {
    this.#options.signal?.throwIfAborted();
    this.report = new ReadReport();
    return this.#source(this.report, canWait);
  }

  #check(value: T | Pause): void {
    this.#options.signal?.throwIfAborted();
    if (isPause(value)) this.#options.onProgress?.(this.report);
  }
}

// --- internal ---

/** A read that begins later than this after the last pause of any read begins with one. */
const MAX_TURN_MS = 10;

let lastTurnMs = -Infinity;

async function giveTurn(): Promise<void> {
  await setImmediate();
  lastTurnMs = monotonicMs();
}

/** (`performance` takes 2 ms to load, of a short command.) */
function monotonicMs(): number {
  return process.uptime() * 1000;
}

/** Waits for what a stream brings, which may be never. */
async function untilAborted(ready: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return ready;
  const { promise, reject } = deferred<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    await Promise.race([ready, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
