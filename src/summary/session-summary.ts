// What is known of a session: its figures and what its events say of it. fold.ts adds event after event.

import { newFigures, NO_FIGURES } from "./figures.ts";
import type { Figures } from "./figures.ts";
import { NO_HEALTH_FACTS } from "./health.ts";
import type { HealthFacts } from "./health.ts";
import { OpenCalls } from "./open-calls.ts";

/** The process that writes a session, as START or RESUMED tell of it. */
export interface SessionWriter {
  host: string;
  boot_id: string;
  pid: number;
  process_start: string;
}

export interface Silence {
  ms: number;
  /** Number and time of the event before it. */
  after_seq: number;
  after_at: string;
}

/** A session's figures, copies included, and what is known about the session itself. */
export interface SessionSummary extends Figures {
  session_id: string;
  agent_id: string;
  /** "recorded", or the importer's name; null when the session's START is missing. */
  origin: string | null;
  parent_id: string | null;
  title: string | null;
  project: string | null;
  /** The beginning of the first USER_MESSAGE, at most {@link PREVIEW_CHARACTERS}. */
  preview: string | null;
  started_at: string | null;
  /** Time of the latest event, which need not be the last one. */
  last_at: string | null;
  /** Of END; null again once the session was resumed. */
  ended_at: string | null;
  ended_reason: string | null;
  /** Time between events that are at most {@link IDLE_MS} apart. */
  active_ms: number;
  /** The longest times without an event, longest first. */
  silences: Silence[];
  /** Events that were lost or refused, and lines of a source that could not be read. */
  gaps: { lost: number; unreadable: number };
  /** Of the last START or RESUMED. */
  writer: SessionWriter | null;
  /** Calls whose time is known, by their results or as they were finished. */
  tool_times: { count: number; total_ms: number; max_ms: number };
  /** What somebody said of the session, by SESSION_METRICS events: the last of each counts. */
  reported: { health_score: number | null; metrics: Record<string, number> };
  /** What was found wrong while it was recorded, and what went well: see `healthOf`. */
  health: HealthFacts;
  /** The program that is recorded, where hooks tell of it; null elsewhere. */
  agent_process: SessionWriter | null;
  /** Events that hooks told of. */
  hook_events: number;
  /** The part of the figures that other sessions count already: events marked `copy_of`. */
  copies: Figures;
  /** @internal */
  readonly progress: Progress;
}

/** Longer times without an event count as idle. */
export const IDLE_MS: number = 5 * 60_000;
/** Longest `preview`, in characters; a longer message is cut and ends with `…`. */
export const PREVIEW_CHARACTERS = 100;
/** Length of `silences`. */
export const MAX_SILENCES = 5;
/** Calls without a result that are remembered. The oldest are forgotten, half of them at a time; their results then stand alone. */
export const MAX_OPEN_CALLS = 10_000;

/** @param agentId default: that of the first event */
export function newSummary(sessionId: string, agentId = ""): SessionSummary {
  return {
    session_id: sessionId,
    agent_id: agentId,
    origin: null,
    parent_id: null,
    title: null,
    project: null,
    preview: null,
    started_at: null,
    last_at: null,
    ended_at: null,
    ended_reason: null,
    active_ms: 0,
    silences: [],
    gaps: { lost: 0, unreadable: 0 },
    writer: null,
    tool_times: { count: 0, total_ms: 0, max_ms: 0 },
    reported: { health_score: null, metrics: {} },
    health: NO_HEALTH_FACTS,
    agent_process: null,
    hook_events: 0,
    ...newFigures(),
    copies: NO_FIGURES,
    progress: {
      openCalls: new OpenCalls(MAX_OPEN_CALLS),
      lastMs: NaN,
      lastSeq: 0,
      minMs: Infinity,
      maxMs: -Infinity,
    },
  };
}

/** What the fold itself remembers. */
export interface Progress {
  openCalls: OpenCalls<OpenCall>;
  /** Latest time so far, and the number of the event that has it. */
  lastMs: number;
  lastSeq: number;
  /** Earliest and latest time of all its events. */
  minMs: number;
  maxMs: number;
}

export interface OpenCall {
  tool: string;
  startMs: number;
  /** It told its own end, so its result adds nothing. */
  finished: boolean;
}
