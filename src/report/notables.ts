// What an audit names one by one: the latest failures, the longest silences, anomalies, what could not be read, and the
// latest sessions.

import type { Event } from "../event/index.ts";
import type { SessionEntry, SkippedBytes } from "../read/index.ts";
import { instantOf, isFailure } from "../summary/index.ts";
import { gistOf } from "./event-text.ts";
import type { AnomalyRow } from "./findings.ts";
import type { EventPlace } from "./place.ts";

export interface ErrorRow extends EventPlace {
  event: string;
  tool: string | null;
  message: string;
}

/** A time without an event inside a session, after event `seq`. */
export interface SilenceRow extends EventPlace {
  ms: number;
}

export interface RecentSession {
  session_id: string;
  agent_id: string;
  status: string;
  started_at: string | null;
  last_at: string | null;
  events: number;
  tool_calls: number;
}

/** Lists are cut to this many, so that one damaged store cannot fill the memory. */
const MAX_LISTED = 10_000;
const MAX_SILENCES = 5;
const MAX_RECENT = 5;

/** What is worth naming one by one. */
export class Notables {
  readonly errors: ErrorRow[] = [];
  readonly silences: SilenceRow[] = [];
  readonly skipped: SkippedBytes[] = [];
  readonly anomalies: AnomalyRow[] = [];
  readonly recent: RecentSession[] = [];
  /** Failures of the sessions that are still to be given, and what could not be read of their sources. */
  readonly #observed = new Map<string, { errors: ErrorRow[]; skipped: SkippedBytes[] }>();
  readonly #maxErrors: number;

  constructor(maxErrors: number) {
    this.#maxErrors = maxErrors;
  }

  observe(event: Event): void {
    const { session_id: id } = event;
    const { errors, skipped } = this.#observed.get(id) ?? { errors: [], skipped: [] };
    if (event.copy_of === undefined && isFailure(event, event)) this.#add(errors, errorOf(event));
    if (event.event === "GAP" && event.source !== undefined && skipped.length < MAX_LISTED) {
      const { file, offset } = event.source;
      const bytes = typeof event["bytes"] === "number" ? event["bytes"] : 0;
      skipped.push({ file, from: offset, to: offset + bytes, reason: String(event["reason"]) });
    }
    if (errors.length + skipped.length > 0) this.#observed.set(id, { errors, skipped });
  }

  /** Takes in what a session says of itself, and what was observed of it. */
  noteSession(session: SessionEntry): void {
    const { session_id: id } = session;
    const { errors, skipped } = this.#observed.get(id) ?? { errors: [], skipped: [] };
    this.#observed.delete(id);
    for (const error of errors.toReversed()) this.#add(this.errors, error);
    this.skipped.push(...skipped.slice(0, MAX_LISTED - this.skipped.length));
    this.#noteSilences(session);
    this.#noteRecent(session);
  }

  noteAnomalies(rows: readonly AnomalyRow[]): void {
    for (const row of rows) if (this.anomalies.length < MAX_LISTED) this.anomalies.push(row);
  }

  // --- internal ---

  #noteSilences(session: SessionEntry): void {
    const { session_id, agent_id } = session;
    for (const { ms, after_seq: seq, after_at: timestamp } of session.silences) {
      this.silences.push({ session_id, agent_id, seq, timestamp, ms });
    }
    this.silences.sort((left, right) => right.ms - left.ms);
    this.silences.length = Math.min(this.silences.length, MAX_SILENCES);
  }

  #noteRecent(session: SessionEntry): void {
    if (session.parent_id !== null) return;
    const { session_id, agent_id, status, started_at, last_at, events, tool_calls } = session;
    this.recent.unshift({ session_id, agent_id, status, started_at, last_at, events, tool_calls });
    this.recent.sort((left, right) => lastMs(right) - lastMs(left));
    this.recent.length = Math.min(this.recent.length, MAX_RECENT);
  }

  /** To a list of the latest, the latest first. */
  #add(errors: ErrorRow[], error: ErrorRow): void {
    const timeMs = instantOf(error.timestamp);
    const at = errors.findLastIndex(({ timestamp }) => instantOf(timestamp) > timeMs) + 1;
    if (at >= this.#maxErrors) return;
    errors.splice(at, 0, error);
    errors.length = Math.min(errors.length, this.#maxErrors);
  }
}

// --- internal ---

/** Of others' sessions there may be none that has a time. */
function lastMs({ last_at: lastAt }: RecentSession): number {
  return lastAt === null ? -Infinity : instantOf(lastAt);
}

function errorOf(event: Event): ErrorRow {
  const { session_id, agent_id, seq, timestamp } = event;
  const tool = typeof event["tool"] === "string" ? event["tool"] : null;
  return { session_id, agent_id, seq, timestamp, event: event.event, tool, message: messageOf(event) };
}

/** Kept short: the event itself has the rest. */
const MAX_MESSAGE_CHARACTERS = 500;

function messageOf(event: Event): string {
  return gistOf(event).slice(0, MAX_MESSAGE_CHARACTERS);
}
