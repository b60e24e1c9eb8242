// A session as Sentinel's index has it, `sentinel/session_index/v1`: its fields by their names, and ours behind them.

import path from "node:path";

import type { Event } from "../event/index.ts";
import { UNTYPED } from "../read/index.ts";
import { healthOf, instantOf } from "../summary/index.ts";
import type { SessionSummary } from "../summary/index.ts";

export interface IndexedAnomaly {
  type: string;
  detected_at: string;
  details: string;
}

export interface IndexedSession {
  session_id: string;
  /** Name of its first file. */
  file: string;
  started_at: string | null;
  ended_at: string | null;
  ended_reason: string | null;
  trace_count: number;
  event_counts: Record<string, number>;
  /** Length of `anomalies`. */
  anomaly_count: number;
  anomalies: IndexedAnomaly[];
  /** 0 to 100. */
  health_score: number;
  metrics: {
    /** From the first event to the latest. */
    duration_seconds: number;
    /** Of the calls whose time is known; 0 when there is none. */
    avg_tool_duration_ms: number;
    max_tool_duration_ms: number;
    /** 100 × ERROR events / all events, one decimal. */
    error_rate_percent: number;
    [reported: string]: number;
  };
  agent_id: string;
  parent_id: string | null;
  origin: string | null;
  last_at: string | null;
  tool_calls: number;
  tool_errors: number;
  cost_usd: number | null;
}

/**
 * A session as it stands in the index.
 *
 * @param file its first
 */
export function indexedSession(
  entry: SessionSummary,
  file: string,
  anomalies: IndexedAnomaly[],
): IndexedSession {
  const { event_counts: counts, tool_times: times, reported, started_at: startedAt, last_at: lastAt } = entry;
  const durationMs = instantOf(lastAt ?? "") - instantOf(startedAt ?? "");
  const errors = counts["ERROR"] ?? 0;
  return {
    session_id: entry.session_id,
    file: path.basename(file),
    started_at: startedAt,
    ended_at: entry.ended_at,
    ended_reason: entry.ended_at === null ? null : (entry.ended_reason ?? "NORMAL"),
    trace_count: entry.events,
    event_counts: sorted(counts),
    anomaly_count: anomalies.length,
    anomalies,
    health_score: reported.health_score ?? healthOf(entry.health).score,
    metrics: {
      duration_seconds: durationMs > 0 ? durationMs / 1000 : 0,
      avg_tool_duration_ms: times.count === 0 ? 0 : Math.round(times.total_ms / times.count),
      max_tool_duration_ms: times.max_ms,
      error_rate_percent: entry.events === 0 ? 0 : Math.round((1000 * errors) / entry.events) / 10,
      ...reported.metrics,
    },
    agent_id: entry.agent_id,
    parent_id: entry.parent_id,
    origin: entry.origin,
    last_at: lastAt,
    tool_calls: entry.tool_calls,
    tool_errors: entry.tool_errors,
    cost_usd: entry.cost_usd,
  };
}

/** The same for a session of a file that our writer did not make: Sentinel's own, say. */
export function indexedForeign(
  entry: SessionSummary,
  file: string,
  anomalies: IndexedAnomaly[],
): IndexedSession {
  const session = indexedSession(entry, file, anomalies);
  const { [UNTYPED]: untyped, ...counts } = session.event_counts;
  if (untyped !== undefined) session.event_counts = sorted({ ...counts, UNKNOWN: untyped });
  if (counts["START"] !== undefined && entry.agent_id !== "") session.session_id = entry.agent_id;
  else {
    const [, date, hex] = /^session_(\d{8})_([0-9a-f]+)/.exec(session.file) ?? [];
    if (date !== undefined) session.session_id = `Unknown-${date}-${hex}`;
  }
  return session;
}

/** What an ANOMALY_DETECTED event says, in Sentinel's words. */
export function indexedAnomaly(event: Event): IndexedAnomaly {
  const { anomaly } = event;
  const told = (typeof anomaly === "object" && anomaly !== null ? anomaly : {}) as Record<string, unknown>;
  const text = (...names: string[]): string | undefined =>
    names.map((name) => told[name]).find((value): value is string => typeof value === "string");
  return {
    type: text("rule", "type") ?? "UNKNOWN",
    detected_at: text("detected_at") ?? event.timestamp,
    details: text("details", "message") ?? "",
  };
}

// --- internal ---

/** The order in which types first came is no part of what an index says. */
function sorted(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).toSorted(([left], [right]) => (left < right ? -1 : 1)));
}
