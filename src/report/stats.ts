// Figures by tool, model, agent, project, hour or session.

import type { Reader, ReadReport } from "../read/index.ts";
import { addFigures, foldEvent, hourOf, newFigures, newSummary } from "../summary/index.ts";
import type { Figures, SessionSummary, TokenCounts } from "../summary/index.ts";
import { roundCost } from "./session-row.ts";

export const STATS_KEYS = ["tool", "model", "agent", "project", "hour", "session"] as const;
export type StatsKey = (typeof STATS_KEYS)[number];

export interface StatsOptions {
  by: StatsKey;
  since?: string | undefined;
  until?: string | undefined;
  agent?: string | undefined;
  session?: string | undefined;
  signal?: AbortSignal | undefined;
  /** Called now and then with how far the read is. */
  onProgress?: ((report: ReadReport) => void) | undefined;
  /** Called once at the end with what was read and what had to be skipped. */
  onReport?: ((report: ReadReport) => void) | undefined;
}

export interface StatsRow {
  /** Name of the tool, model, agent, project or session; for hours, when it begins. */
  key: string;
  sessions: number;
  events: number;
  errors: number;
  tool_calls: number;
  tool_errors: number;
  tool_duration_ms: number;
  model_calls: number;
  tokens: TokenCounts;
  cost_usd: number | null;
}

/** Rows in order of their key for hours, else the busiest first. Copied calls are counted where they were made. */
export async function statsRows(reader: Reader, options: StatsOptions): Promise<StatsRow[]> {
  const { by, since, until, agent, session, signal, onProgress, onReport } = options;
  const groups = new Map<string, { sessions: number; figures: Figures }>();
  const add = (key: string, figures: Figures, sign: 1 | -1 = 1): void => {
    const group = groups.get(key) ?? { sessions: 0, figures: newFigures() };
    groups.set(key, group);
    if (sign === 1) group.sessions++;
    addFigures(group.figures, figures, sign);
  };
  /** Of the sessions that are still to be given: in files of others they take turns. */
  const hours = new Map<string, Map<string, SessionSummary>>();
  const sessions = reader.sessions({
    since,
    until,
    agent,
    session,
    signal,
    onProgress,
    ...(by === "hour"
      ? {
          observe: (event, { session_id: id }) => {
            const own = hours.get(id) ?? new Map<string, SessionSummary>();
            hours.set(id, own);
            const hour = hourOf(event.timestamp);
            const summary = own.get(hour) ?? newSummary(id);
            own.set(hour, summary);
            foldEvent(summary, event, event);
          },
        }
      : {}),
  });
  for await (const each of sessions) {
    if (by === "hour") {
      for (const [hour, summary] of hours.get(each.session_id) ?? []) {
        add(hour, summary);
        add(hour, summary.copies, -1);
      }
      hours.delete(each.session_id);
      continue;
    }
    for (const key of keysOf(each, by)) {
      add(key, partOf(each, by, key));
      add(key, partOf(each.copies, by, key), -1);
    }
  }
  onReport?.(sessions.report);
  const rows = [...groups].map(([key, { sessions: count, figures }]) => rowOf(key, count, figures));
  const order = by === "hour" ? byKey : byWork;
  return rows.toSorted(order);
}

// --- internal ---

function keysOf(session: SessionSummary, by: StatsKey): string[] {
  switch (by) {
    case "tool":
      return Object.keys(session.tools);
    case "model":
      return Object.keys(session.models);
    case "agent":
      return [session.agent_id];
    case "project":
      return [session.project ?? "(unknown)"];
    default:
      return [session.session_id];
  }
}

/** Of a session's figures, those of one tool or model; for other keys all of them. */
function partOf(figures: Figures, by: StatsKey, key: string): Figures {
  if (by !== "tool" && by !== "model") return figures;
  const part = newFigures();
  const tool = figures.tools[key];
  const model = figures.models[key];
  if (by === "tool" && tool !== undefined) {
    part.tools[key] = tool;
    part.tool_calls = tool.calls;
    part.tool_errors = part.errors = tool.errors;
    part.events = tool.calls;
  }
  if (by === "model" && model !== undefined) {
    Object.assign(part, {
      tokens: model.tokens,
      cost_usd: model.cost_usd,
      priced: model.priced,
      unpriced: model.unpriced,
    });
    part.model_calls = part.events = model.calls;
  }
  return part;
}

function rowOf(key: string, sessions: number, figures: Figures): StatsRow {
  const durations = Object.values(figures.tools).map(({ duration_ms: ms }) => ms);
  return {
    key,
    sessions,
    events: figures.events,
    errors: figures.errors,
    tool_calls: figures.tool_calls,
    tool_errors: figures.tool_errors,
    tool_duration_ms: durations.reduce((sum, ms) => sum + ms, 0),
    model_calls: figures.model_calls,
    tokens: figures.tokens,
    cost_usd: roundCost(figures.cost_usd),
  };
}

function byKey(left: StatsRow, right: StatsRow): number {
  return left.key < right.key ? -1 : 1;
}

function byWork(left: StatsRow, right: StatsRow): number {
  return (right.cost_usd ?? 0) - (left.cost_usd ?? 0) || right.events - left.events || byKey(left, right);
}
