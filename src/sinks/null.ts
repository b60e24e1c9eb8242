import type { Event } from "../event/index.ts";
import type { Sink, WriteOutcome } from "./sink.ts";

/**
 * Accepts every event and keeps none, for a feature flag that switches recording off: callers still get their events.
 * It must be chosen: a recorder without a sink is an error.
 */
export class NullSink implements Sink {
  readonly maxInFlight: number = Infinity;

  // oxlint-disable-next-line class-methods-use-this -- the interface of sinks
  write(_event: Event, _line: string): WriteOutcome {}
}

export function nullSink(): NullSink {
  return new NullSink();
}
