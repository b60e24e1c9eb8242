// A store open for reading: it is found, and nothing else is done to it. Reading never creates, writes, locks or blocks
// (promise P8), so it may go on while others record.

import { assert } from "../base/assert.ts";
import { systemClock } from "../base/clock.ts";
import type { Clock } from "../base/clock.ts";
import { checkOptionNames } from "../base/options.ts";
import type { Event } from "../event/index.ts";
import type { LiveEvent } from "../live/index.ts";
import { findStore } from "../store/find.ts";
import type { StorePlace } from "../store/find.ts";
import { eventAt } from "./event-at.ts";
import type { EventPlace } from "./event-at.ts";
import { compileFilter } from "./filter.ts";
import type { CompiledFilter, EventFilter } from "./filter.ts";
import { lastEvents } from "./last-events.ts";
import { ReadReport } from "./report.ts";
import { scanSession } from "./scan.ts";
import type { FoundEvent } from "./scan.ts";
import { listSessions, resolveSession } from "./session-logs.ts";
import type { MatchedBy, SessionLogs } from "./session-logs.ts";
import { compileSessionFilter, foldSession } from "./sessions.ts";
import type { SessionEntry, SessionFilter } from "./sessions.ts";
import { ReadStream } from "./stream.ts";
import { subscribeEvents, subscribeLines } from "./subscribe.ts";
import type { FollowedLine } from "./subscribe.ts";
import type { SubscribeOptions } from "./subscribe-options.ts";
import type { Subscription } from "./subscription.ts";

export interface ReaderOptions extends StorePlace {
  /** For what "ago" means. Default: the system's. */
  clock?: Clock | undefined;
}

/** An event together with the line it stands on. */
export interface StoredLine {
  event: Event;
  /** The line as it is stored, its `\n` included. */
  text: string;
  file: string;
  offset: number;
}

/**
 * Opens a store for reading.
 *
 * @throws TracekeepError `NO_STORE` when there is none
 * @example
 * const reader = openReader();
 * for await (const event of reader.events({ severity: "ERROR", since: "2h" })) console.log(event.seq, event.event);
 */
export function openReader(options: ReaderOptions = {}): Reader {
  checkOptionNames("openReader", options, ["dir", "cwd", "env", "clock"]);
  return new Reader(findStore(options), options.clock ?? systemClock);
}

/**
 * {@link Reader.subscribe} on the store found from the current folder, or the one that is named.
 *
 * @throws TracekeepError `NO_STORE` when there is none; TypeError, RangeError
 * @example for await (const event of subscribe({ minSeverity: "ERROR" })) console.log(event.session_id, event.event);
 */
export function subscribe(options: SubscribeOptions & ReaderOptions = {}): Subscription<LiveEvent> {
  const { dir, cwd, env, clock, ...rest } = options;
  return openReader({ dir, cwd, env, clock }).subscribe(rest);
}

export class Reader {
  /** The store's folder. */
  readonly dir: string;
  readonly #clock: Clock;

  constructor(dir: string, clock: Clock) {
    this.dir = dir;
    this.#clock = clock;
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
      return { event, text: bytes.toString("utf8"), file: file.path, offset };
    });
  }

  /**
   * Events as they happen, in this process or another, until it is left: an async generator that also ends with its
   * session, its timeouts or its signal. See {@link SubscribeOptions} for where it begins and what becomes of a
   * subscriber that is too slow; no subscriber slows down who records. Costs a watch on the store's folder.
   *
   * @throws TypeError, RangeError for options that cannot be understood
   * @example
   * for await (const event of reader.subscribe({ session: "deploy-42", idleTimeoutMs: 60_000 })) {
   *   console.log(event.event, event["message"]);
   * }
   */
  subscribe(options: SubscribeOptions = {}): Subscription<LiveEvent> {
    return subscribeEvents(this.dir, this.#clock, options);
  }

  /** The same with the stored lines, for passing them on as they are. */
  follow(options: SubscribeOptions = {}): Subscription<FollowedLine> {
    return subscribeLines(this.dir, this.#clock, options);
  }

  /** Sessions with their figures, by start, then id. Reads all their events, about 140 MB a second. */
  sessions(filter: SessionFilter = {}): ReadStream<SessionEntry> {
    const compiled = compileSessionFilter(filter, this.#clock.wallMs());
    const { dir } = this;
    return new ReadStream(function* (report) {
      for (const session of compiled.select(listSessions(dir, report))) {
        yield yield* foldSession(session, compiled, report);
      }
    }, filter.signal);
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
    const { session: logs, matched } = resolveSession(listSessions(this.dir, report), name);
    const steps = foldSession(logs, compileSessionFilter({ observe }, this.#clock.wallMs()), report);
    for (;;) {
      const { done, value } = steps.next();
      if (done !== true) continue;
      assert(value !== undefined, "a session of any time to have an entry");
      return { session: value, matched, report };
    }
  }

  /** Which sessions each session started, by start. Reads first lines only, about 11 µs a session. */
  children(): ReadonlyMap<string, readonly string[]> {
    const children = new Map<string, string[]>();
    for (const { sessionId, parentId } of listSessions(this.dir, new ReadReport())) {
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
    for (const event of this.events({ session, predicate: (each) => each.seq === seq })) return event;
    return undefined;
  }

  #stream<T>(filter: EventFilter, valueOf: (found: FoundEvent) => T): ReadStream<T> {
    const compiled = compileFilter(filter, this.#clock.wallMs());
    const { dir } = this;
    return new ReadStream(function* (report) {
      const all = listSessions(dir, report);
      const sessions = filter.session === undefined ? all : [resolveSession(all, filter.session).session];
      const found =
        filter.last === undefined
          ? allEvents(sessions, compiled, report)
          : lastEvents(sessions, compiled, filter.last, report);
      for (const event of found) yield event === undefined ? undefined : valueOf(event);
    }, filter.signal);
  }
}

// --- internal ---

function* allEvents(
  sessions: readonly SessionLogs[],
  { lineTest, accepts }: CompiledFilter,
  report: ReadReport,
): Generator<FoundEvent | undefined, void, undefined> {
  for (const session of sessions) {
    for (const found of scanSession(session, lineTest, report)) {
      if (found === undefined || accepts(found.event)) yield found;
    }
  }
}
