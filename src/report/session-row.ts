// One session as `sessions --json` prints it. The fields are a contract (docs/cli.md): new ones may appear, none changes
// its meaning.

import type { SessionEntry } from "../read/index.ts";
import { healthOf, unpricedModels } from "../summary/index.ts";
import type { Health, TokenCounts } from "../summary/index.ts";

export interface SessionRow {
  session_id: string;
  agent_id: string;
  /** "recorded", or the importer's name. */
  source: string | null;
  parent_id: string | null;
  title: string | null;
  project: string | null;
  started_at: string | null;
  /** Of END; null for sessions without one. */
  ended_at: string | null;
  /** Time of the latest event. */
  last_at: string | null;
  status: string;
  events: number;
  event_counts: Record<string, number>;
  /** Events that report a failure. */
  errors: number;
  tool_calls: number;
  tool_errors: number;
  model_calls: number;
  tokens: TokenCounts;
  /** In US dollars; null when nothing was priced. */
  cost_usd: number | null;
  /** Models whose price is not known. */
  unpriced: string[];
  /** What of these figures other sessions count already: calls copied from a resumed or forked session. */
  copies: { tool_calls: number; model_calls: number; cost_usd: number | null };
  /** By what was found while it was recorded; {@link FindingsWatch} knows of what the rules find now, too. */
  health: Health;
}

export function sessionRow(session: SessionEntry): SessionRow {
  return {
    session_id: session.session_id,
    agent_id: session.agent_id,
    source: session.origin,
    parent_id: session.parent_id,
    title: session.title,
    project: session.project,
    started_at: session.started_at,
    ended_at: session.ended_at,
    last_at: session.last_at,
    status: session.status,
    events: session.events,
    event_counts: session.event_counts,
    errors: session.errors,
    tool_calls: session.tool_calls,
    tool_errors: session.tool_errors,
    model_calls: session.model_calls,
    tokens: session.tokens,
    cost_usd: roundCost(session.cost_usd),
    unpriced: unpricedModels(session),
    copies: {
      tool_calls: session.copies.tool_calls,
      model_calls: session.copies.model_calls,
      cost_usd: roundCost(session.copies.cost_usd),
    },
    health: healthOf(session.health),
  };
}

/** To a billionth of a dollar: adding thousands of prices leaves noise behind the last digit that means something. */
export function roundCost(usd: number | null): number | null {
  return usd === null ? null : Math.round(usd * 1e9) / 1e9;
}
