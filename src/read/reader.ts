// A store, files or a stream open for reading: found, and nothing else is done to it. Reading never creates, writes, locks or blocks
// (promise P8), so it may go on while others record.

import path from "node:path";

import { assert } from "../base/assert.ts";
import { systemClock } from "../base/clock.ts";
import type { Clock } from "../base/clock.ts";
import { TracekeepError } from "../base/errors.ts";
import { checkObject, checkOptionNames, describe, pathOption } from "../base/options.ts";
import type { Event } from "../event/index.ts";
import type { LiveEvent } from "../live/index.ts";
import { findStore } from "../store/session/find.ts";
import type { StorePlace } from "../store/session/find.ts";
import { askBlocks } from "./blocks/block-judge.ts";
import { SegmentIndexes } from "./blocks/segment-indexes.ts";
import { compileFilter } from "./filter/filter.ts";
import type { CompiledFilter, EventCursor, EventFilter } from "./filter/filter.ts";
import type { SubscribeOptions } from "./following/subscribe-options.ts";
import { subscribeEvents, subscribeLines } from "./following/subscribe.ts";
import type { FollowedLine } from "./following/subscribe.ts";
import type { Subscription } from "./following/subscription.ts";
import { costOf, CostSum, PRICED_FIELD } from "./lines/cost.ts";
import type { EventCost } from "./lines/cost.ts";
import { EventCounter } from "./lines/event-counter.ts";
import type { EventCount } from "./lines/event-counter.ts";
import { ReadReport } from "./lines/report.ts";
import { eventAt } from "./scan/event-at.ts";
import type { EventPlace } from "./scan/event-at.ts";
import { listInputs, streamInput } from "./scan/inputs.ts";
import { scanSession } from "./scan/scan.ts";
import type { ScanOptions } from "./scan/scan.ts";
import { storedText } from "./scan/segment-reader.ts";
import type { FoundEvent } from "./scan/segment-reader.ts";
import { bytesOfLogs, resolveSession } from "./scan/session-logs.ts";
import type { MatchedBy, SessionLogs } from "./scan/session-logs.ts";
import { isPause, ReadStream } from "./scan/stream.ts";
import type { Pause, ReadStreamOptions } from "./scan/stream.ts";
import { indexRows } from "./sessions/index-rows.ts";
import { lastEvents } from "./sessions/last-events.ts";
import { outdatedIndexes } from "./sessions/outdated-indexes.ts";
import { listSessions, SessionIndex } from "./sessions/session-index.ts";
import { sessionsOfLast, sessionsToRead } from "./sessions/session-tally.ts";
import type { SessionTally } from "./sessions/session-tally.ts";
import {
  compileSessionFilter,
  foldInputs,
  foldSession,
  pageOf,
  selectedSessions,
} from "./sessions/sessions.ts";
import type { CompiledSessionFilter, SessionEntry, SessionFilter } from "./sessions/sessions.ts";
import type { SnapshotRow } from "./sessions/snapshot-builder.ts";

export interface ReaderOptions extends StorePlace {
  /**
   * Files and folders to read instead of a store: logs of ours, or any JSON Lines, compressed or not. They are one
   * stream in this order, our sessions first.
   */
  paths?: readonly string[] | undefined;
  /** A stream of JSON Lines to read instead of a store, such as standard input. It can be read once, with `for await`. */
  input?: AsyncIterable<Uint8Array | string> | undefined;
  /** For what "ago" means. Default: the system's. */
  clock?: Clock | undefined;
}

/** An event together with the line it stands on. */
export interface StoredLine {
  event: Event;
  /** The line as it is stored, its `\n` included; of a line that holds several events, this one's part. */
  text: string;
  file: string;
  offset: number;
}

/**
 * Opens a store, files or a stream for reading.
 *
 * @throws TracekeepError `NO_STORE` when there is no store; a path that is not there throws `NO_FILE` once it is read
 * @example
 * const reader = openReader();
 * for await (const event of reader.events({ severity: "ERROR", since: "2h" })) console.log(event.seq, event.event);
 */
export function openReader(options: ReaderOptions = {}): Reader {
  checkOptionNames("openReader", options, ["dir", "cwd", "env", "paths", "input", "clock"]);
  const { paths, input, clock = systemClock } = options;
  for (const name of ["dir", "cwd"] as const) pathOption("openReader", name, options[name]);
  if (paths !== undefined && input !== undefined) throw new TypeError("paths and input exclude each other");
  if (input !== undefined) {
    const stream = streamInput(input);
    return new Reader("", clock, () => [stream]);
  }
  if (paths !== undefined && !Array.isArray(paths))
    throw new TypeError(`openReader: paths must be an array, got ${describe(paths)}`);
  if (paths === undefined) return new Reader(findStore(options), clock);
  const cwd = options.cwd ?? process.cwd();
  for (const each of paths) pathOption("openReader", "paths", each);
  const absolute = paths.map((each) => path.resolve(cwd, each));
  return new Reader("", clock, (report) => listInputs(absolute, report));
}

/**
 * {@link Reader.subscribe} on the store found from the current folder, or the one that is named.
 *
 * @throws TracekeepError `NO_STORE` when there is none; TypeError, RangeError
 * @example for await (const event of subscribe({ minSeverity: "ERROR" })) console.log(event.session_id, event.event);
 */
export function subscribe(options: SubscribeOptions & ReaderOptions = {}): Subscription<LiveEvent> {
  checkObject("subscribe", "options", options);
  const { dir, cwd, env, clock, ...rest } = options;
  return openReader({ dir, cwd, env, clock }).subscribe(rest);
}

export class Reader {
  /** The store's folder; empty for a reader of files or of a stream. */
  readonly dir: string;
  readonly #clock: Clock;
  readonly #inputs: ((report: ReadReport) => SessionLogs[]) | undefined;

  /** @param inputs what is read instead of a store */
  constructor(dir: string, clock: Clock, inputs?: (report: ReadReport) => SessionLogs[]) {
    this.dir = dir;
    this.#clock = clock;
    this.#inputs = inputs;
  }

  /**
   * Events in order: sessions by start, then id; within a session by number. Iterating throws TracekeepError
   * `NO_SESSION` for a session that is not there.
   *
   * @throws TypeError, RangeError for a filter that cannot be understood
   */
  events(filter: EventFilter = {}): ReadStream<Event> {
    return this.#stream(filter, ({ event }) => event);
  }

  /** The same with the stored lines, for passing them on as they are. */
  lines(filter: EventFilter = {}): ReadStream<StoredLine> {
    return this.#stream(filter, ({ event, file, offset, bytes }) => {
      return { event, text: storedText(bytes), file: file.path, offset };
    });
  }

  /**
   * Events as they happen, in this process or another, until it is left: an async generator that also ends with its
   * session, its timeouts or its signal. See {@link SubscribeOptions} for where it begins and what becomes of a
   * subscriber that is too slow; no subscriber slows down who records. Costs a watch on the store's folder.
   *
   * @throws TypeError, RangeError for options that cannot be understood, or when it is not a store that is read
   * @example
   * for await (const event of reader.subscribe({ session: "deploy-42", idleTimeoutMs: 60_000 })) {
   *   console.log(event.event, event["message"]);
   * }
   */
  subscribe(options: SubscribeOptions = {}): Subscription<LiveEvent> {
    return subscribeEvents(this.#store("be subscribed to"), this.#clock, options);
  }

  /** The same with the stored lines, for passing them on as they are. */
  follow(options: SubscribeOptions = {}): Subscription<FollowedLine> {
    return subscribeLines(this.#store("be followed"), this.#clock, options);
  }

  /**
   * How many events there are, and of which types. Of lines that our writer made, only those are parsed whose first
   * bytes do not tell whether they are wanted; damage inside the others is not noticed (see `events`).
   *
   * @throws TypeError, RangeError for a filter that cannot be understood
   */
  async count(filter: EventFilter = {}): Promise<EventCount> {
    const counter = new EventCounter();
    const stream = this.#stream(filter, ({ event }) => event, { counter });
    for await (const event of stream) throw new Error(`an event that is not counted: ${event.event}`);
    return { events: counter.events, event_counts: counter.types(), report: stream.report };
  }

  /**
   * What events cost that carry a price (`cost_usd`), copies of those in other sessions left out: the exact sum of what
   * was recorded, in whatever order it is added. From an index it takes as long as there are blocks of events, of which
   * it reads those in which the filter's times begin and end.
   *
   * @throws TypeError, RangeError for a filter that cannot be understood
   * @example const { cost_usd } = await openReader().cost({ since: "1h" });
   */
  async cost(filter: EventFilter = {}): Promise<EventCost> {
    const sum = new CostSum();
    const stream = this.#stream(filter, ({ event }) => event, { sum });
    for await (const event of stream) throw new Error(`an event whose cost is not added: ${event.event}`);
    return { cost_usd: sum.usd, priced: sum.priced, report: stream.report };
  }

  /**
   * Sessions with their figures, by start, then id. What an index (`tracekeep index`) knows is taken from it; other
   * events are read, about 300 MB a second.
   */
  sessions(filter: SessionFilter = {}): ReadStream<SessionEntry> {
    const compiled = compileSessionFilter(filter, this.#clock.wallMs());
    const list = (report: ReadReport): SessionLogs[] => this.#list(report);
    const isStore = this.#inputs === undefined;
    const { dir } = this;
    return new ReadStream(function* (report) {
      if (isStore) {
        const index = new SessionIndex(dir);
        const sessions = selectedSessions(index, compiled, report, filter.onProgress !== undefined);
        yield* pageOf(foldEach(sessions, compiled, report, index), compiled);
      } else {
        const inputs = list(report);
        if (filter.onProgress !== undefined) report.bytesTotal = bytesOfLogs(inputs);
        yield* pageOf(foldInputs(inputs, compiled, report), compiled);
      }
    }, filter);
  }

  /**
   * One session with its figures, and how its name was understood.
   *
   * @param name its id, an unambiguous beginning of it, or an agent id (its latest session)
   * @param observe called with each of its events, in order, so that nothing has to be read twice
   * @throws TracekeepError `NO_SESSION` when there is none of that name, or several
   */
  session(
    name: string,
    observe?: SessionFilter["observe"],
  ): { session: SessionEntry; matched: MatchedBy; report: ReadReport } {
    const report = new ReadReport();
    const index = this.#inputs === undefined ? new SessionIndex(this.dir) : undefined;
    const { session: logs, matched } = resolveSession(index?.list(report) ?? this.#list(report), name);
    const filter = compileSessionFilter({ observe }, this.#clock.wallMs());
    const steps = foldSession(logs, filter, report, index);
    for (;;) {
      const { done, value } = steps.next();
      if (done !== true) continue;
      assert(value !== undefined, "a session of any time to have an entry");
      return { session: value, matched, report };
    }
  }

  /**
   * Which sessions each session started, by start. Reads first lines only, about 11 µs a session; of files that are not a
   * store's, it knows those of our sessions.
   */
  children(): ReadonlyMap<string, readonly string[]> {
    const children = new Map<string, string[]>();
    for (const { sessionId, parentId } of this.#list(new ReadReport())) {
      if (parentId === undefined) continue;
      const siblings = children.get(parentId);
      if (siblings === undefined) children.set(parentId, [sessionId]);
      else siblings.push(sessionId);
    }
    return children;
  }

  /**
   * One event again, from the place where a read found it: about 20 µs. When its file has been moved since, from
   * wherever it is now, which costs reading the session; undefined when it is gone.
   */
  eventAt(place: EventPlace): Event | undefined {
    const found = eventAt(place);
    if (found !== undefined) return found;
    const { session_id: session, seq } = place;
    const predicate = (event: Event): boolean => event.seq === seq && event.session_id === session;
    try {
      const [event] = this.events({ session, predicate });
      return event;
    } catch (error) {
      if (error instanceof TracekeepError && error.code === "NO_SESSION") return undefined;
      throw error;
    }
  }

  /**
   * What goes into the index of the store (`tracekeep index` writes it): its sessions and what they add up to, as far as
   * nothing in them had to be skipped. Sessions that an index knows already are not read again.
   *
   * @throws TypeError when it is not a store that is read
   * @internal
   */
  indexRows(options: ReadStreamOptions = {}): ReadStream<SnapshotRow> {
    const dir = this.#store("have an index");
    return new ReadStream((report) => indexRows(dir, report, options.onProgress !== undefined), options);
  }

  /**
   * The block indexes of the store's long segments, and the tally of its sessions, that are missing or behind, as files of
   * its index; the lines that nobody knows are read once, about 0.5 GB a second. `orphans` are files of the index whose segments are gone.
   *
   * @throws TypeError when it is not a store that is read
   */
  blockIndexes(): ReturnType<typeof outdatedIndexes> {
    return outdatedIndexes(this.#store("have an index"));
  }

  /** Its folder. @throws TypeError when it is not a store that is read */
  #store(what: string): string {
    if (this.#inputs === undefined) return this.dir;
    throw new TypeError(`only a store can ${what}, and this reader was opened on files or a stream`);
  }

  #list(report: ReadReport): SessionLogs[] {
    return this.#inputs?.(report) ?? listSessions(this.dir, report);
  }

  /** @param question `counter` takes in the events, `sum` what they cost, instead of their being given */
  #stream<T>(
    filter: EventFilter,
    valueOf: (found: FoundEvent) => T,
    { counter, sum }: { counter?: EventCounter; sum?: CostSum } = {},
  ): ReadStream<T> {
    const isStore = this.#inputs === undefined;
    const nowMs = this.#clock.wallMs();
    const asked = compileFilter(filter, nowMs, { sessionByEvent: !isStore });
    // Lines without a price need not be decoded.
    const compiled =
      sum === undefined || filter.last !== undefined
        ? asked
        : { ...asked, lineTest: asked.testWith(PRICED_FIELD) };
    const cost = sum && asked.decidedByBytes ? { test: asked.lineTest, sum } : undefined;
    const list = (report: ReadReport): SessionLogs[] => this.#list(report);
    const { dir } = this;
    return new ReadStream(function* (report, canWait) {
      const index = isStore ? new SessionIndex(dir) : undefined;
      const { session, after } = filter;
      const choose = (all: SessionLogs[]): SessionLogs[] => {
        const named = session !== undefined && isStore ? [resolveSession(all, session).session] : all;
        return after === undefined ? named : sessionsFrom(named, after);
      };
      // The last events are read from the ends of the logs, as far as it takes.
      const isWhole = filter.last === undefined;
      const choice = session === undefined && after === undefined ? undefined : choose;
      const pass = (events: number): void => void (report.read += events);
      let sessions: SessionLogs[];
      let tally: SessionTally | undefined;
      if (index === undefined) sessions = choose(list(report));
      else if (isWhole) {
        const tallies = { counter: asked.decidedByBytes ? counter : undefined, cost };
        const question = askBlocks(compiled.lineTest, pass, tallies);
        sessions = sessionsToRead(dir, index, report, question, choice);
      } else {
        const count = asked.decidedByBytes ? filter.last : undefined;
        const question = askBlocks(asked.lineTest, pass);
        ({ sessions, tally } = sessionsOfLast(dir, index, report, question, { count, choose: choice }));
      }
      if (filter.onProgress !== undefined && isWhole) report.bytesTotal = bytesOfLogs(sessions);
      const indexes = isStore ? new SegmentIndexes(dir) : undefined;
      const found =
        filter.last === undefined
          ? allEvents(sessions, compiled, report, { counter, cost, indexes, canWait })
          : lastEvents(sessions, asked, filter.last, report, { index, indexes, tally });
      for (const event of found) {
        if (isPause(event)) yield event;
        else if (counter !== undefined) counter.add(event.event.event, 1);
        else if (sum !== undefined) sum.add(costOf(event.event));
        else yield valueOf(event);
      }
    }, filter);
  }
}

// --- internal ---

function* allEvents(
  sessions: readonly SessionLogs[],
  { lineTest, decidedByBytes, accepts }: CompiledFilter,
  report: ReadReport,
  { counter, ...rest }: ScanOptions,
): Generator<FoundEvent | Pause, void, undefined> {
  const options = decidedByBytes ? { counter, ...rest } : rest;
  for (const session of sessions) {
    for (const found of scanSession(session, lineTest, report, options)) {
      if (isPause(found) || accepts(found.event)) yield found;
    }
  }
}

function* foldEach(
  sessions: Iterable<SessionLogs>,
  filter: CompiledSessionFilter,
  report: ReadReport,
  index: SessionIndex,
): Generator<SessionEntry | Pause, void, undefined> {
  for (const session of sessions) yield yield* foldSession(session, filter, report, index);
}

/** The session that a cursor is in, and those behind it. */
function sessionsFrom(sessions: readonly SessionLogs[], { session_id: id }: EventCursor): SessionLogs[] {
  const at = sessions.findIndex(({ sessionId }) => sessionId === id);
  if (at >= 0) return sessions.slice(at);
  throw new TracekeepError("NO_SESSION", `there is no session "${id}", in which the read is to go on`, {
    hint: "it may have been deleted; read from the beginning, or from a time",
  });
}
