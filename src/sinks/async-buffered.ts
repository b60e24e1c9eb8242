import type { Event } from "../event/index.ts";
import { BufferedSink } from "./buffered.ts";
import type { BufferedSinkOptions } from "./buffered.ts";
import type { Sink, WriteOutcome } from "./sink.ts";

/**
 * {@link bufferedSink} for programs whose event loop must never wait: `write` always gives a promise, and a full queue
 * never makes the producer do the destination's work. A destination that writes at once gets a few events each turn;
 * put it before {@link asyncJsonlSink} to keep file operations off the event loop altogether.
 *
 * @example
 * await using sink = asyncBufferedSink(asyncJsonlSink("events.jsonl"));
 * await sink.write(event, encodeEvent(event));
 */
export class AsyncBufferedSink extends BufferedSink {
  protected override readonly helpsOut: boolean = false;

  /** @throws TypeError, RangeError */
  constructor(destination: Sink, options?: BufferedSinkOptions) {
    super(destination, options, "asyncBufferedSink");
  }

  /** Resolves when the event is admitted. Rejects when it is refused, `QUEUE_FULL` or `CLOSED`. */
  override async write(event: Event, line: string): Promise<WriteOutcome> {
    return await super.write(event, line);
  }
}

/** @throws TypeError, RangeError */
export function asyncBufferedSink(destination: Sink, options?: BufferedSinkOptions): AsyncBufferedSink {
  return new AsyncBufferedSink(destination, options);
}
