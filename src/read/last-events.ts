// The last events of a store, read from the ends of its logs: what it costs grows with how many are wanted (and how
// rare they are), not with how many there are.

import type { Event } from "../event/index.ts";
import type { SessionLogFile } from "../store/catalog.ts";
import { instantOf } from "../summary/index.ts";
import type { CompiledFilter } from "./filter.ts";
import type { ReadReport } from "./report.ts";
import { scanSessionBackwards } from "./scan.ts";
import type { FoundEvent } from "./scan.ts";
import type { SessionLogs } from "./session-logs.ts";

/** The `count` latest events that a filter accepts, in the order of the whole stream; `undefined` as a pause. */
export function* lastEvents(
  sessions: readonly SessionLogs[],
  filter: CompiledFilter,
  count: number,
  report: ReadReport,
): Generator<FoundEvent | undefined, void, undefined> {
  let latest: Candidate[] = [];
  for (const [order, session] of [...sessions.entries()].reverse()) {
    const own: Candidate[] = [];
    // No event counts as later than those after it, so times only fall on the way back.
    let timeMs = Infinity;
    for (const found of scanSessionBackwards(session, report)) {
      if (found === undefined) {
        yield undefined;
        continue;
      }
      timeMs = Math.min(timeMs, instantOf(found.event.timestamp));
      // At equal times, the later session's event is the later one.
      if (latest.length === count && timeMs <= (latest[0]?.timeMs ?? Infinity)) break;
      if (!filter.accepts(found.event)) continue;
      const { event, file, offset, bytes } = found;
      own.push({ timeMs, order, event, file, offset, bytes: Buffer.from(bytes) });
      if (own.length === count) break;
    }
    if (own.length > 0) latest = merge(own.reverse(), latest).slice(-count);
  }
  // Sorting is stable, so each session's events stay in order.
  yield* latest.sort((left, right) => left.order - right.order);
}

// --- internal ---

interface Candidate extends FoundEvent {
  event: Event;
  file: SessionLogFile;
  timeMs: number;
  /** Place of the session in the stream. */
  order: number;
}

/** Two lists by time as one; at equal times, `earlier` first. */
function merge(earlier: readonly Candidate[], later: readonly Candidate[]): Candidate[] {
  return [...earlier, ...later].sort((left, right) => left.timeMs - right.timeMs);
}
