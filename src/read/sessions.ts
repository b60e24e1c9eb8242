// Sessions with their figures, folded from their logs.

import { checkOptionNames, integerOption } from "../base/options.ts";
import type { Event } from "../event/index.ts";
import { isProcessAlive } from "../store/process.ts";
import { foldContext, foldEvent, instantOf, newSummary, sessionStatus } from "../summary/index.ts";
import type { SessionState, SessionSummary } from "../summary/index.ts";
import { compileGlob } from "./glob.ts";
import { LineTest } from "./line-test.ts";
import { parseMoment } from "./moment.ts";
import type { Moment } from "./moment.ts";
import type { ReadReport } from "./report.ts";
import { scanSession } from "./scan.ts";
import { resolveSession } from "./session-logs.ts";
import type { SessionLogs } from "./session-logs.ts";

export interface SessionFilter {
  /** One session: its id, an unambiguous beginning of it, or an agent id (its latest session). */
  session?: string | undefined;
  /** Pattern of the agent id. */
  agent?: string | undefined;
  /** Figures of the events from `since` to `until` only; sessions that have none then are left out. */
  since?: Moment | undefined;
  until?: Moment | undefined;
  /** Only the last so many sessions by start. */
  last?: number | undefined;
  /** Called with every event that is counted, in order, so that nothing has to be read twice. */
  observe?: ((event: Event, summary: SessionSummary) => void) | undefined;
  /** Ends the read by throwing its reason. */
  signal?: AbortSignal | undefined;
}

/** A session with its figures, as they are now. */
export interface SessionEntry extends SessionSummary {
  status: SessionState;
  /** Paths of its log's files, in order. */
  files: string[];
}

export interface CompiledSessionFilter {
  select: (sessions: readonly SessionLogs[]) => readonly SessionLogs[];
  /** Refuses lines that neither count nor say anything about those that do; undefined when all count. */
  lineTest: LineTest | undefined;
  counts: (event: Event) => boolean;
  observe: ((event: Event, summary: SessionSummary) => void) | undefined;
}

/** @throws TypeError, RangeError for what cannot be understood */
export function compileSessionFilter(filter: SessionFilter, nowMs: number): CompiledSessionFilter {
  checkOptionNames("sessions", filter, FILTER_NAMES);
  const { session, agent, since, until, observe } = filter;
  const last = integerOption("sessions", "last", filter.last, {
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    default: Number.MAX_SAFE_INTEGER,
  });
  const matches = agent === undefined ? undefined : compileGlob(agent);
  const sinceMs = since === undefined ? undefined : parseMoment("since", since, nowMs);
  const untilMs = until === undefined ? undefined : parseMoment("until", until, nowMs);
  const isWindow = sinceMs !== undefined || untilMs !== undefined;
  return {
    select: (all) => {
      const named = session === undefined ? all : [resolveSession(all, session).session];
      return named.filter(({ agentId }) => matches?.(agentId) !== false).slice(-last);
    },
    lineTest: isWindow ? new LineTest({ sinceMs, untilMs, timelessTypes: CONTEXT_TYPES }) : undefined,
    counts: ({ timestamp }) => {
      if (!isWindow) return true;
      const timeMs = instantOf(timestamp);
      return timeMs >= (sinceMs ?? -Infinity) && timeMs <= (untilMs ?? Infinity);
    },
    observe,
  };
}

/** Folds a session, with pauses; returns undefined when none of its events counts. */
export function* foldSession(
  session: SessionLogs,
  { lineTest, counts, observe }: CompiledSessionFilter,
  report: ReadReport,
): Generator<undefined, SessionEntry | undefined, undefined> {
  const summary = newSummary(session.sessionId, session.agentId);
  for (const found of scanSession(session, lineTest, report)) {
    if (found === undefined) yield undefined;
    else if (counts(found.event)) {
      foldEvent(summary, found.event, found.event);
      observe?.(found.event, summary);
    } else {
      foldContext(summary, found.event, found.event);
    }
  }
  if (lineTest !== undefined && summary.events === 0) return undefined;
  const status = sessionStatus(summary, isProcessAlive);
  return { ...summary, status, files: session.files.map(({ path }) => path) };
}

// --- internal ---

/** What an event outside the window may say about those in it: see `foldContext`. */
const CONTEXT_TYPES = ["START", "RESUMED", "END", "TOOL_CALL", "TOOL_RESULT"];

// prettier-ignore
const FILTER_NAMES = [
  "session", "agent", "since", "until", "last", "observe", "signal",
] as const satisfies readonly (keyof SessionFilter)[];
