// The one interface of all sinks. A sink takes events that are numbered and encoded already: it may keep, drop or
// refuse them, never change or renumber them, and every sink gets the same bytes.

import { TracekeepError } from "../base/errors.ts";
import { describe } from "../base/options.ts";
import { isPromiseLike } from "../base/promises.ts";
import type { Event } from "../event/index.ts";
import type { Durability } from "../store/append/durability.ts";

/**
 * Why an event was left out on purpose: a filter did not want it, or a full queue dropped it as its `overflow` says.
 * Told at once, it uses no `seq`.
 */
export type LeftOut = "filtered" | "dropped";

/** Nothing for an event that was accepted. */
export type WriteOutcome = void | LeftOut;

/**
 * Where events go. Any object with `write` is a sink.
 *
 * @example
 * const queue: string[] = [];
 * const recorder = createRecorder({ sink: { write: (event, line) => void queue.push(line) } });
 */
export interface Sink {
  /**
   * Takes one event. Returning (or resolving) says that it was accepted; an event that was not must throw or reject,
   * or nobody could say whether a log is complete. Called again before an earlier promise has settled: a sink that
   * needs them one at a time goes behind {@link bufferedSink}.
   *
   * @param event frozen, all the way down
   * @param line its canonical line, `\n` included
   */
  write(event: Event, line: string): WriteOutcome | Promise<WriteOutcome>;
  /** Resolves when everything accepted so far has arrived. Rejects with what went wrong on the way. */
  flush?(): void | Promise<void>;
  /** Flushes and stops: writes are refused from then on. A second call does nothing. */
  close?(): void | Promise<void>;
  /** For sinks whose `write` only queues: the same, but settles when the destination has accepted or refused the event. */
  deliver?(event: Event, line: string): WriteOutcome | Promise<WriteOutcome>;
  /** What accepting (delivering, where there is `deliver`) means for the bytes. Undefined: no promise about any medium. */
  readonly durability?: Durability | undefined;
  /** Writes that may be under way at once and still keep their order. Default 1; only queues before it ask. */
  readonly maxInFlight?: number | undefined;
}

/** Hands over an event and learns what became of it in the end: `deliver` where there is one, else `write`. */
export function deliver(sink: Sink, event: Event, line: string): WriteOutcome | Promise<WriteOutcome> {
  return sink.deliver === undefined ? sink.write(event, line) : sink.deliver(event, line);
}

/** @throws TypeError for anything without `write` */
export function checkSink(owner: string, value: unknown): Sink {
  if (typeof value === "object" && value !== null && "write" in value && typeof value.write === "function") {
    return value as Sink;
  }
  throw new TypeError(`${owner}: a sink is an object with write(event, line), got ${describe(value)}`);
}

export function isPending(outcome: WriteOutcome | Promise<WriteOutcome>): outcome is Promise<WriteOutcome> {
  return isPromiseLike(outcome);
}

/** What a sink threw, as our error. */
export function refusal(cause: unknown): TracekeepError {
  if (cause instanceof TracekeepError) return cause;
  const reason = cause instanceof Error ? cause.message : describe(cause);
  return new TracekeepError("REFUSED", `the sink refused an event: ${reason}`, { cause });
}

export function closedError(name: string): TracekeepError {
  return new TracekeepError("CLOSED", `the ${name} sink is closed`, {
    hint: "close a sink after the recorders that write to it have ended",
  });
}
