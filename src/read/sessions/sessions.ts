// Sessions with their figures, folded from their logs.

import { checkOptionNames, choiceOption, integerOption } from "../../base/options.ts";
import type { Event } from "../../event/index.ts";
import { isProcessAlive } from "../../store/disk/process.ts";
import type { SessionLogFile } from "../../store/session/catalog.ts";
import { foldContext, foldEvent, instantOf, newSummary, sessionStatus } from "../../summary/index.ts";
import type { SessionState, SessionSummary } from "../../summary/index.ts";
import { compileGlob } from "../filter/glob.ts";
import { parseMoment } from "../filter/moment.ts";
import type { Moment } from "../filter/moment.ts";
import { LineTest } from "../lines/line-test.ts";
import type { ReadReport } from "../lines/report.ts";
import { scanSession } from "../scan/scan.ts";
import { bytesToRead, resolveSession } from "../scan/session-logs.ts";
import type { SessionLogs } from "../scan/session-logs.ts";
import { isPause } from "../scan/stream.ts";
import type { Pause } from "../scan/stream.ts";
import { foldWhole, withEvents } from "./session-fold.ts";
import { isNotable } from "./session-index.ts";
import type { SessionIndex } from "./session-index.ts";

export interface SessionFilter {
  /** One session: its id, an unambiguous beginning of it, or an agent id (its latest session). */
  session?: string | undefined;
  /** Only sessions with exactly one of these ids; ids of none are passed over. */
  ids?: ReadonlySet<string> | undefined;
  /** Pattern of the agent id. */
  agent?: string | undefined;
  /** Figures of the events from `since` to `until` only; sessions that have none then are left out. */
  since?: Moment | undefined;
  until?: Moment | undefined;
  /** Only the last so many sessions by start. */
  last?: number | undefined;
  /** `"newest"` gives the session that started last first. Default `"oldest"`. */
  order?: "oldest" | "newest" | undefined;
  /** Sessions in which nothing happened between START and END. Default true: they are given too. */
  empty?: boolean | undefined;
  /** Pages: leave out so many of the sessions that would be given. Default 0. */
  offset?: number | undefined;
  /** Pages: give no more than so many. What is behind them is not read. Default: all. */
  limit?: number | undefined;
  /**
   * Called with every event that is counted, in order and before its session is given, so that nothing has to be read
   * twice. In files that are not a store's, sessions take turns, and which are wanted shows at the end: there it is called
   * for all of them.
   */
  observe?: ((event: Event, summary: SessionSummary) => void) | undefined;
  /**
   * Called with those of them that report a failure, GAP and ANOMALY_DETECTED, in order. Unlike `observe` it needs no
   * event to be read that an index (`tracekeep index`) has counted already; of each session's failures only the 100
   * latest are sure to be given.
   */
  notable?: ((event: Event) => void) | undefined;
  /** Ends the read by throwing its reason. */
  signal?: AbortSignal | undefined;
  /** Called now and then with the report, whose `bytes` and `bytesTotal` say how far the read is. */
  onProgress?: ((report: ReadReport) => void) | undefined;
}

/** A session with its figures, as they are now. */
export interface SessionEntry extends SessionSummary {
  status: SessionState;
  /** Paths of its log's files, in order. */
  files: string[];
}

export interface CompiledSessionFilter {
  select: <T extends SessionLogs>(sessions: readonly T[]) => readonly T[];
  /** How many of the last sessions it selects from; where it may take more, with how many to begin. */
  selectsFrom: number;
  beginsWith: number;
  /** Refuses lines that neither count nor say anything about those that do; undefined when all count. */
  lineTest: LineTest | undefined;
  counts: (event: Event) => boolean;
  observe: ((event: Event, summary: SessionSummary) => void) | undefined;
  notable: ((event: Event) => void) | undefined;
  window: { sinceMs: number; untilMs: number } | undefined;
  page: { offset: number; limit: number };
  /** Whether a session with these figures is wanted. */
  isGiven: (session: SessionEntry) => boolean;
}

/** @throws TypeError, RangeError for what cannot be understood */
export function compileSessionFilter(filter: SessionFilter, nowMs: number): CompiledSessionFilter {
  checkOptionNames("sessions", filter, FILTER_NAMES);
  const { session, ids, agent, since, until, observe, notable } = filter;
  const last = integerOption("sessions", "last", filter.last, {
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    default: Number.MAX_SAFE_INTEGER,
  });
  const count = (name: "offset" | "limit", fallback: number): number =>
    integerOption("sessions", name, filter[name], {
      min: name === "limit" ? 1 : 0,
      max: Number.MAX_SAFE_INTEGER,
      default: fallback,
    });
  const page = { offset: count("offset", 0), limit: count("limit", Number.MAX_SAFE_INTEGER) };
  const order = choiceOption("sessions", "order", filter.order, ["oldest", "newest"], "oldest");
  const matches = agent === undefined ? undefined : compileGlob(agent);
  const sinceMs = since === undefined ? undefined : parseMoment("since", since, nowMs);
  const untilMs = until === undefined ? undefined : parseMoment("until", until, nowMs);
  const isWindow = sinceMs !== undefined || untilMs !== undefined;
  const isAll = ids === undefined && matches === undefined;
  const selectsFrom = session === undefined && isAll ? last : Number.MAX_SAFE_INTEGER;
  // A page of the newest is mostly full with so many, in some of which nothing happened.
  const isPage = order === "newest" && session === undefined && isAll;
  return {
    select: (all) => {
      const one = session === undefined ? undefined : resolveSession(all, session).session;
      const named = one === undefined ? all : all.filter((each) => each === one);
      const isChosen = ({ sessionId, agentId }: SessionLogs): boolean =>
        ids?.has(sessionId) !== false && matches?.(agentId) !== false;
      // Most lists are of all sessions, and what each is called is read from an index when it is asked for.
      const chosen = (isAll ? named : named.filter(isChosen)).slice(-last);
      return order === "newest" ? chosen.reverse() : chosen;
    },
    selectsFrom,
    beginsWith: isPage ? Math.min(selectsFrom, 2 * (page.offset + page.limit)) : selectsFrom,
    lineTest: isWindow ? new LineTest({ sinceMs, untilMs, timelessTypes: CONTEXT_TYPES }) : undefined,
    counts: ({ timestamp }) => {
      if (!isWindow) return true;
      const timeMs = instantOf(timestamp);
      return timeMs >= (sinceMs ?? -Infinity) && timeMs <= (untilMs ?? Infinity);
    },
    observe,
    notable,
    page,
    isGiven: (entry) => filter.empty !== false || !isEmptySession(entry),
    window: isWindow ? { sinceMs: sinceMs ?? -Infinity, untilMs: untilMs ?? Infinity } : undefined,
  };
}

/** The sessions that a filter selects; of those that are given newest first, no more are listed than are asked for. */
export function* selectedSessions(
  index: SessionIndex,
  { select, selectsFrom, beginsWith }: CompiledSessionFilter,
  report: ReadReport,
  withBytes: boolean,
): Generator<SessionLogs, void, undefined> {
  const list = (last: number): readonly SessionLogs[] => {
    const sessions = select(index.list(report, { last }));
    if (withBytes) report.bytesTotal = bytesToRead(sessions);
    return sessions;
  };
  const { skippedCount } = report;
  const first = list(beginsWith);
  // A list that had to be looked for in the folder is of all, whatever was asked, and tells what is no log.
  const isPart =
    beginsWith < selectsFrom && first.length === beginsWith && skippedCount === report.skippedCount;
  yield* first;
  if (!isPart) return;
  const given = new Set(first.map(({ sessionId }) => sessionId));
  for (const session of list(selectsFrom)) if (!given.has(session.sessionId)) yield session;
}

/**
 * Folds a session, with pauses; returns undefined when none of its events counts.
 *
 * @param index what is known of sessions already
 */
export function* foldSession(
  session: SessionLogs,
  filter: CompiledSessionFilter,
  report: ReadReport,
  index?: SessionIndex,
): Generator<Pause, SessionEntry | undefined, undefined> {
  const { window, notable, observe } = filter;
  const isPlain = window === undefined && notable === undefined && observe === undefined;
  const summed = isPlain ? index?.summaryOf(session) : undefined;
  if (summed !== undefined) {
    report.read += summed.events;
    return entryOf(summed, session);
  }
  const known = index?.find(session);
  if (known !== undefined && window !== undefined && !known.hasMore) {
    const { minMs, maxMs } = known.summary.progress;
    if (maxMs < window.sinceMs || minMs > window.untilMs) {
      report.read += known.summary.events;
      return undefined;
    }
  }
  const isWhole = window === undefined || (known?.hasMore === false && isWithin(known.summary, window));
  if (isWhole && observe === undefined) {
    if (known?.hasMore === false && notable === undefined) {
      report.read += known.summary.events;
      return entryOf(known.summary, session);
    }
    const folded = yield* foldWhole(
      session,
      notable === undefined ? known : withEvents(known, session),
      report,
      notable,
    );
    return entryOf(folded.summary, session);
  }
  const summary = newSummary(session.sessionId, session.agentId);
  for (const found of scanSession(session, filter.lineTest, report)) {
    if (isPause(found)) yield found;
    else fold(summary, found.event, filter);
  }
  if (filter.lineTest !== undefined && summary.events === 0) return undefined;
  return entryOf(summary, session);
}

/** The same for files, each of which may hold events of any number of sessions; all are given at the end. */
export function* foldInputs(
  inputs: readonly SessionLogs[],
  filter: CompiledSessionFilter,
  report: ReadReport,
): Generator<SessionEntry | Pause, void, undefined> {
  const sessions = new Map<string, { summary: SessionSummary; files: Set<SessionLogFile> }>();
  for (const input of inputs) {
    for (const found of scanSession(input, filter.lineTest, report)) {
      if (isPause(found)) {
        yield found;
        continue;
      }
      const { session_id: id } = found.event;
      const session = sessions.get(id) ?? { summary: newSummary(id), files: new Set() };
      sessions.set(id, session);
      session.files.add(found.file);
      fold(session.summary, found.event, filter);
    }
  }
  const entries = [...sessions.values()]
    .filter(({ summary }) => summary.events > 0)
    .map(({ summary, files }): SessionLogs & { summary: SessionSummary } => ({
      sessionId: summary.session_id,
      agentId: summary.agent_id,
      parentId: summary.parent_id ?? undefined,
      startMs: instantOf(summary.started_at ?? ""),
      files: [...files],
      summary,
    }));
  for (const entry of filter.select(entries)) yield entryOf(entry.summary, entry);
}

/** The sessions of a list that are wanted, as far as the page goes; what is behind it is not asked for. */
export function* pageOf(
  sessions: Iterable<SessionEntry | Pause>,
  { page, isGiven }: CompiledSessionFilter,
): Generator<SessionEntry | Pause, void, undefined> {
  let found = 0;
  for (const session of sessions) {
    if (isPause(session)) yield session;
    else if (isGiven(session) && ++found > page.offset) yield session;
    if (found - page.offset >= page.limit) return;
  }
}

// --- internal ---

/** What an event outside the window may say about those in it: see `foldContext`. */
const CONTEXT_TYPES = ["START", "RESUMED", "END", "USER_MESSAGE", "TOOL_CALL", "TOOL_RESULT"];

/** Whether nothing happened in it but what a recorder says of itself, and it is over. */
function isEmptySession({
  event_counts: counts,
  status,
}: Pick<SessionEntry, "event_counts" | "status">): boolean {
  return status !== "running" && Object.keys(counts).every((type) => OWN_TYPES.has(type));
}

const OWN_TYPES: ReadonlySet<string> = new Set(["START", "RESUMED", "SEGMENT", "END"]);

function isWithin(
  { progress: { minMs, maxMs } }: SessionSummary,
  { sinceMs, untilMs }: { sinceMs: number; untilMs: number },
): boolean {
  return minMs >= sinceMs && maxMs <= untilMs;
}

function fold(
  summary: SessionSummary,
  event: Event,
  { counts, observe, notable }: CompiledSessionFilter,
): void {
  if (counts(event)) {
    foldEvent(summary, event, event);
    observe?.(event, summary);
    if (notable !== undefined && isNotable(event, event)) notable(event);
  } else {
    foldContext(summary, event, event);
  }
}

/** The summary itself becomes the entry: a copy of so many fields takes longer than all else in a list of what is known. */
function entryOf(summary: SessionSummary, session: Pick<SessionLogs, "files" | "paths">): SessionEntry {
  const entry = summary as SessionEntry;
  entry.status = sessionStatus(summary, isProcessAlive);
  entry.files = session.paths ?? session.files.map(({ path }) => path);
  return entry;
}

// prettier-ignore
const FILTER_NAMES = [
  "session", "ids", "agent", "since", "until", "last", "order", "empty", "offset", "limit", "observe", "notable", "signal", "onProgress",
] as const satisfies readonly (keyof SessionFilter)[];
