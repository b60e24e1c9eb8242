// The last events of a store, read from the ends of its logs: what it costs grows with how many are wanted (and how
// rare they are), not with how many there are. Compressed files, foreign ones and streams are read as a whole.

import type { Event } from "../../event/index.ts";
import type { SessionLogFile } from "../../store/session/catalog.ts";
import { instantOf } from "../../summary/index.ts";
import type { SegmentIndexes } from "../blocks/segment-indexes.ts";
import type { CompiledFilter } from "../filter/filter.ts";
import type { LineTest } from "../lines/line-test.ts";
import type { ReadReport } from "../lines/report.ts";
import { isSeekable, scanSession, scanSessionBackwards } from "../scan/scan.ts";
import type { FoundEvent } from "../scan/segment-reader.ts";
import type { SessionLogs } from "../scan/session-logs.ts";
import { isPause } from "../scan/stream.ts";
import type { Pause } from "../scan/stream.ts";
import type { SessionIndex } from "./session-index.ts";
import type { SessionTally, ToBeRead } from "./session-tally.ts";

export interface LastEventsOptions {
  /** Knows the sessions, and so which of them are too old. */
  index?: SessionIndex | undefined;
  /** Know their segments. */
  indexes?: SegmentIndexes | undefined;
  /** Knows which of the sessions can have such events. */
  tally?: SessionTally | undefined;
}

/** The `count` latest events that a filter accepts, in the order of the whole stream; `undefined` as a pause. */
export function* lastEvents(
  sessions: readonly SessionLogs[],
  filter: CompiledFilter,
  count: number,
  report: ReadReport,
  { index, indexes, tally }: LastEventsOptions = {},
): Generator<FoundEvent | Pause, void, undefined> {
  let latest: Candidate[] = [];
  // With several sessions, the times of events that nobody wants count as well, and neither an index nor a test tells them.
  const isAlone = sessions.length === 1;
  const pass = (events: number): void => void (report.read += events);
  const oldestMs = (): number => (latest.length === count ? (latest[0]?.timeMs ?? NaN) : -Infinity);
  const all = (): ToBeRead[] => [...sessions.keys()].reverse().map((order) => ({ order }));
  const toBeRead = tally?.latest(sessions, { test: filter.lineTest, pass }, oldestMs) ?? all();
  for (const { order, lines } of toBeRead) {
    const session = sessions[order];
    if (session === undefined) continue;
    if (index?.isOver(session, oldestMs()) === true) continue;
    if (!isSeekable(session)) {
      const test = isAlone ? filter.lineTest : undefined;
      const own = yield* lastForwards(session, order, { ...filter, test }, count, report);
      latest = merge(own, latest).slice(-count);
      continue;
    }
    const own: Candidate[] = [];
    // No event counts as later than those after it, so times only fall on the way back.
    let timeMs = Infinity;
    // At equal times, the later session's event is the later one.
    const isOver = (timestamp: string): boolean => {
      timeMs = Math.min(timeMs, instantOf(timestamp));
      return timeMs <= oldestMs();
    };
    const whole = isAlone ? { indexes } : { onRefused: (timestamp: string) => !isOver(timestamp) };
    const options = lines === undefined ? whole : { lines };
    for (const found of scanSessionBackwards(session, report, filter.lineTest, options)) {
      if (isPause(found)) {
        yield found;
        continue;
      }
      if (isOver(found.event.timestamp)) break;
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

/** The same of one session that can only be read from its beginning. */
function* lastForwards(
  session: SessionLogs,
  order: number,
  { accepts, test }: Pick<CompiledFilter, "accepts"> & { test: LineTest | undefined },
  count: number,
  report: ReadReport,
): Generator<Pause, Candidate[], undefined> {
  const own: Candidate[] = [];
  let first = 0;
  let timeMs = -Infinity;
  for (const found of scanSession(session, test, report)) {
    if (isPause(found)) {
      yield found;
      continue;
    }
    const { event, file, offset, bytes } = found;
    // Without a time of its own, an event of others counts as of the one before it.
    const ownMs = instantOf(event.timestamp);
    if (!Number.isNaN(ownMs)) timeMs = ownMs;
    for (let at = own.length - 1; at >= first && (own[at]?.timeMs ?? 0) > timeMs; at--) {
      const earlier = own[at];
      if (earlier !== undefined) earlier.timeMs = timeMs;
    }
    if (!accepts(event)) continue;
    own.push({ timeMs, order, event, file, offset, bytes: Buffer.from(bytes) });
    // Those before `first` fell out already; they are taken away many at a time.
    if (own.length - first > count) first++;
    if (first < count) continue;
    own.splice(0, first);
    first = 0;
  }
  return own.slice(first);
}

/** Two lists by time as one; at equal times, `earlier` first. */
function merge(earlier: readonly Candidate[], later: readonly Candidate[]): Candidate[] {
  return [...earlier, ...later].sort(
    (left, right) => Number(left.timeMs > right.timeMs) - Number(left.timeMs < right.timeMs),
  );
}
