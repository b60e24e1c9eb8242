// What the agents did, as data: one pass over the sessions. Totals count a call once; what resumed and forked sessions
// repeat stands apart in `copies`.

import type { Event } from "../event/index.ts";
import type { Reader, ReadReport, SessionEntry, SkippedBytes } from "../read/index.ts";
import { addSummary, newTotals, unpricedModels } from "../summary/index.ts";
import type { Figures, TokenCounts, Totals } from "../summary/index.ts";
import { CoverageFold } from "./coverage.ts";
import type { Coverage } from "./coverage.ts";
import { FindingsWatch } from "./findings.ts";
import type { AnomalyRow } from "./findings.ts";
import { Groups } from "./groups.ts";
import type { GroupRow } from "./groups.ts";
import { HealthTotals } from "./health-totals.ts";
import type { HealthReport } from "./health-totals.ts";
import { Notables } from "./notables.ts";
import type { ErrorRow, RecentSession, SilenceRow } from "./notables.ts";
import { roundCost } from "./session-row.ts";

export interface AuditOptions {
  /** Only events of this long ago until now, e.g. "1h". */
  last?: string | undefined;
  /** One session: its id, the beginning of it, or an agent. */
  session?: string | undefined;
  /** Only sessions of agents whose name matches: `*` and `?` as in file names. */
  agent?: string | undefined;
  /** How many of the latest failures are listed. Default 5. */
  errors?: number | undefined;
  /**
   * Whether the rules look at the history now. Default false: only what was recorded is reported, which an index can
   * tell without the events being read.
   */
  rules?: boolean | undefined;
  signal?: AbortSignal | undefined;
  /** Called now and then with how far the read is. */
  onProgress?: ((report: ReadReport) => void) | undefined;
}

export interface AuditReport {
  sessions: number;
  events: number;
  started_at: string | null;
  last_at: string | null;
  active_ms: number;
  statuses: Record<string, number>;
  event_counts: Record<string, number>;
  errors: number;
  tool_calls: number;
  tool_errors: number;
  tools: Record<string, { calls: number; errors: number; duration_ms: number }>;
  model_calls: number;
  models: Record<string, { calls: number; tokens: TokenCounts; cost_usd: number | null }>;
  tokens: TokenCounts;
  cost_usd: number | null;
  /** Models whose price is not known. */
  unpriced: string[];
  agents: GroupRow[];
  projects: GroupRow[];
  latest_errors: ErrorRow[];
  /** Longest times without an event inside a session. */
  silences: SilenceRow[];
  /** What resumed and forked sessions repeat, not counted above. */
  copies: {
    events: number;
    tool_calls: number;
    tool_errors: number;
    model_calls: number;
    tokens: TokenCounts;
    cost_usd: number | null;
  };
  /** Events that were lost or refused while recording. */
  lost: number;
  /** What reading skipped now, and what imports could not read. */
  skipped: SkippedBytes[];
  /** Recorded ones, and what the rules find now. */
  anomalies: AnomalyRow[];
  health: HealthReport;
  /** The latest sessions that no other session started. */
  recent: RecentSession[];
  /** What hooks and transcripts told of, each and together. */
  coverage: Coverage;
}

/** As many of the latest failures an index knows; for more, the events themselves have to be read. */
const MAX_KNOWN_ERRORS = 100;

/**
 * Reads the store once and adds everything up.
 *
 * @throws RangeError for a `last` that is no duration; TracekeepError for a session that is not there
 */
export async function auditReport(reader: Reader, options: AuditOptions = {}): Promise<AuditReport> {
  const totals = newTotals();
  const statuses: Record<string, number> = {};
  const agents = new Groups();
  const projects = new Groups();
  const maxErrors = options.errors ?? 5;
  const found = new Notables(maxErrors);
  const watch = new FindingsWatch(options.rules === true);
  const health = new HealthTotals();
  const witnessed = new Set<string>();
  const observe = (event: Event): void => {
    found.observe(event);
    watch.observe(event);
  };
  const sessions = reader.sessions({
    session: options.session,
    agent: options.agent,
    since: options.last,
    ...(maxErrors > MAX_KNOWN_ERRORS || options.rules === true ? { observe } : { notable: observe }),
    signal: options.signal,
    onProgress: options.onProgress,
  });
  for await (const session of sessions) {
    addSummary(totals, session);
    statuses[session.status] = (statuses[session.status] ?? 0) + 1;
    agents.add(agentGroup(session), session);
    projects.add(session.project ?? "(unknown)", session);
    found.noteSession(session);
    const findings = watch.take(session);
    found.noteAnomalies(findings.anomalies);
    health.add(session, findings.health);
    if (session.hook_events > 0) witnessed.add(session.session_id);
  }
  return {
    sessions: totals.sessions,
    ...figuresOf(totals),
    started_at: totals.started_at,
    last_at: totals.last_at,
    active_ms: totals.active_ms,
    statuses,
    unpriced: unpricedModels(totals),
    agents: agents.rows(),
    projects: projects.rows(),
    latest_errors: found.errors,
    silences: found.silences,
    copies: copiesOf(totals.copies),
    lost: totals.gaps.lost,
    skipped: [...sessions.report.skipped, ...found.skipped],
    anomalies: found.anomalies,
    health: health.report(),
    recent: found.recent,
    coverage: await coverageOf(reader, witnessed, options),
  };
}

// --- internal ---

/** What hooks and transcripts told of these sessions, which are read once more for it. */
async function coverageOf(
  reader: Reader,
  ids: ReadonlySet<string>,
  { last, signal }: AuditOptions,
): Promise<Coverage> {
  const fold = new CoverageFold();
  if (ids.size === 0) return fold.coverage;
  const observe = (event: Event): void => fold.observe(event);
  for await (const entry of reader.sessions({ ids, since: last, signal, observe })) fold.endSession(entry);
  return fold.coverage;
}

function figuresOf(
  totals: Totals,
): Pick<
  AuditReport,
  | "events"
  | "event_counts"
  | "errors"
  | "tool_calls"
  | "tool_errors"
  | "tools"
  | "model_calls"
  | "models"
  | "tokens"
  | "cost_usd"
> {
  const models = Object.entries(totals.models)
    .filter(
      ([, { calls, tokens, cost_usd: cost }]) => calls > 0 || sum(tokens) > 0 || (roundCost(cost) ?? 0) > 0,
    )
    .map(
      ([name, { calls, tokens, cost_usd: cost }]) =>
        [name, { calls, tokens, cost_usd: roundCost(cost) }] as const,
    );
  const tools = Object.entries(totals.tools).filter(([, { calls, errors }]) => calls > 0 || errors > 0);
  // A type of which there are only copies is left with none.
  const types = Object.entries(totals.event_counts).filter(([, count]) => count > 0);
  return {
    events: totals.events,
    event_counts: Object.fromEntries(types),
    errors: totals.errors,
    tool_calls: totals.tool_calls,
    tool_errors: totals.tool_errors,
    tools: Object.fromEntries(tools),
    model_calls: totals.model_calls,
    models: Object.fromEntries(models),
    tokens: totals.tokens,
    cost_usd: roundCost(totals.cost_usd),
  };
}

/** Sub-agents named after the agent that started them count together: a run can have hundreds. */
function agentGroup({ agent_id: agentId, parent_id: parentId }: SessionEntry): string {
  const slash = agentId.indexOf("/");
  return parentId === null || slash < 0 ? agentId : `${agentId.slice(0, slash)}/*`;
}

function copiesOf(copies: Figures): AuditReport["copies"] {
  const { events, tool_calls, tool_errors, model_calls, tokens, cost_usd: cost } = copies;
  return { events, tool_calls, tool_errors, model_calls, tokens, cost_usd: roundCost(cost) };
}

function sum({ input, output, cache_read: read, cache_write: write }: TokenCounts): number {
  return input + output + read + write;
}
