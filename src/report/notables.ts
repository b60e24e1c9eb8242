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
  readonly #maxErrors: number;

  constructor(maxErrors: number) {
    this.#maxErrors = maxErrors;
  }

  observe(event: Event): void {
    if (event.copy_of === undefined && isFailure(event, event)) this.#noteError(event);
    if (event.event === "GAP" && event.source !== undefined && this.skipped.length < MAX_LISTED) {
      const { file, offset } = event.source;
      const bytes = typeof event["bytes"] === "number" ? event["bytes"] : 0;
      this.skipped.push({ file, from: offset, to: offset + bytes, reason: String(event["reason"]) });
    }
  }

  silencesOf(session: SessionEntry): void {
    const { session_id, agent_id } = session;
    for (const { ms, after_seq: seq, after_at: timestamp } of session.silences) {
      this.silences.push({ session_id, agent_id, seq, timestamp, ms });
    }
    this.silences.sort((left, right) => right.ms - left.ms);
    this.silences.length = Math.min(this.silences.length, MAX_SILENCES);
  }

  noteAnomalies(rows: readonly AnomalyRow[]): void {
    for (const row of rows) if (this.anomalies.length < MAX_LISTED) this.anomalies.push(row);
  }

  noteRecent(session: SessionEntry): void {
    if (session.parent_id !== null) return;
    const { session_id, agent_id, status, started_at, last_at, events, tool_calls } = session;
    this.recent.unshift({ session_id, agent_id, status, started_at, last_at, events, tool_calls });
    this.recent.sort((left, right) => ((left.last_at ?? "") < (right.last_at ?? "") ? 1 : -1));
    this.recent.length = Math.min(this.recent.length, MAX_RECENT);
  }

  #noteError(event: Event): void {
    const timeMs = instantOf(event.timestamp);
    const at = this.errors.findLastIndex(({ timestamp }) => instantOf(timestamp) > timeMs) + 1;
    if (at >= this.#maxErrors) return;
    const tool = typeof event["tool"] === "string" ? event["tool"] : null;
    this.errors.splice(at, 0, { ...placeOf(event), event: event.event, tool, message: messageOf(event) });
    this.errors.length = Math.min(this.errors.length, this.#maxErrors);
  }
}

// --- internal ---

function placeOf({ session_id, agent_id, seq, timestamp }: Event): EventPlace {
  return { session_id, agent_id, seq, timestamp };
}

/** Kept short: the event itself has the rest. */
const MAX_MESSAGE_CHARACTERS = 500;

function messageOf(event: Event): string {
  return gistOf(event).slice(0, MAX_MESSAGE_CHARACTERS);
}
