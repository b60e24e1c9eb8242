// A summary as one flat list and back: an eighth of what it takes with its names, and parsed in a microsecond, so that a
// list of ten thousand sessions is there in no time. The order of the fields is the format; whoever changes it changes
// PACKED_VERSION.

import type { JsonValue } from "../event/index.ts";
import { newFigures } from "./figures.ts";
import type { Figures, TokenCounts, Usage } from "./figures.ts";
import { MAX_OPEN_CALLS } from "./fold.ts";
import type { OpenCall, SessionSummary, SessionWriter, Silence } from "./fold.ts";
import { newHealthFacts } from "./health.ts";
import type { HealthFacts } from "./health.ts";
import { OpenCalls } from "./open-calls.ts";

/** Belongs into the head of every file that holds packed summaries. */
export const PACKED_VERSION = 1;

/** Everything of a summary but the ids of session and agent. */
export type PackedSummary = JsonValue[];

export function packSummary(summary: SessionSummary): PackedSummary {
  const { gaps, tool_times: times, reported, progress } = summary;
  return [
    summary.origin,
    summary.parent_id,
    summary.title,
    summary.project,
    summary.preview,
    summary.started_at,
    summary.last_at,
    summary.ended_at,
    summary.ended_reason,
    summary.active_ms,
    summary.silences.flatMap(({ ms, after_seq: seq, after_at: at }) => [ms, seq, at]),
    gaps.lost,
    gaps.unreadable,
    packWriter(summary.writer),
    times.count,
    times.total_ms,
    times.max_ms,
    reported.health_score,
    packMetrics(reported.metrics),
    packHealth(summary.health),
    packWriter(summary.agent_process),
    summary.hook_events,
    packFigures(summary),
    summary.copies.events === 0 ? 0 : packFigures(summary.copies),
    packCalls(progress.openCalls),
    // NaN, of a session without any time yet, is null in JSON.
    progress.lastMs,
    progress.lastSeq,
    progress.minMs,
    progress.maxMs,
  ];
}

/** The summary that {@link packSummary} packed, ready to be folded on. About 2 µs. */
export function unpackSummary(sessionId: string, agentId: string, packed: PackedSummary): SessionSummary {
  // prettier-ignore
  const [
    origin, parentId, title, project, preview, startedAt, lastAt, endedAt, endedReason, activeMs, silences, lost, unreadable,
    writer, timesCount, timesTotal, timesMax, healthScore, metrics, health, agentProcess, hookEvents,
    figures, copies, openCalls, lastMs, lastSeq, minMs, maxMs,
  ] = packed as unknown as Packed;
  const own = unpackFigures(figures);
  return {
    session_id: sessionId,
    agent_id: agentId,
    origin,
    parent_id: parentId,
    title,
    project,
    preview,
    started_at: startedAt,
    last_at: lastAt,
    ended_at: endedAt,
    ended_reason: endedReason,
    active_ms: activeMs,
    silences: unpackSilences(silences),
    gaps: { lost, unreadable },
    writer: unpackWriter(writer),
    tool_times: { count: timesCount, total_ms: timesTotal, max_ms: timesMax },
    reported: { health_score: healthScore, metrics: unpackMetrics(metrics) },
    health: unpackHealth(health),
    agent_process: unpackWriter(agentProcess),
    hook_events: hookEvents,
    events: own.events,
    event_counts: own.event_counts,
    errors: own.errors,
    tool_calls: own.tool_calls,
    tool_errors: own.tool_errors,
    tools: own.tools,
    model_calls: own.model_calls,
    models: own.models,
    tokens: own.tokens,
    cost_usd: own.cost_usd,
    priced: own.priced,
    unpriced: own.unpriced,
    copies: copies === 0 ? newFigures() : unpackFigures(copies),
    progress: {
      openCalls: unpackCalls(openCalls),
      lastMs: lastMs ?? NaN,
      lastSeq,
      minMs: minMs ?? Infinity,
      maxMs: maxMs ?? -Infinity,
    },
  };
}

// --- internal ---

type PackedWriter = 0 | [host: string, bootId: string, pid: number, processStart: string];
type PackedRules = [rule: string, severity: HealthFacts["rules"][string]["severity"], count: number][];
type PackedHealth = [
  rules: PackedRules,
  clean: number,
  fast: number,
  recoveries: number,
  lastFailed: boolean,
];
type PackedUsage = [tokens: number[], cost: number | null, priced: number, unpriced: number];
// Names come from outside, and `{"__proto__":…}` is no record of one name once it is parsed; so records are lists of names and values.
type PackedRecord<T> = (string | T)[];
type PackedFigures = [
  events: number,
  counts: PackedRecord<number>,
  errors: number,
  toolCalls: number,
  toolErrors: number,
  tools: PackedRecord<number>,
  modelCalls: number,
  models: PackedRecord<number | PackedUsage>,
  usage: PackedUsage | 0,
];
type PackedCalls = [id: string, tool: string, startMs: number | null, finished: boolean][];

/** What {@link packSummary} gives, once it has been JSON. */
type Packed = [
  origin: string | null,
  parentId: string | null,
  title: string | null,
  project: string | null,
  preview: string | null,
  startedAt: string | null,
  lastAt: string | null,
  endedAt: string | null,
  endedReason: string | null,
  activeMs: number,
  silences: (string | number)[],
  lost: number,
  unreadable: number,
  writer: PackedWriter,
  timesCount: number,
  timesTotal: number,
  timesMax: number,
  healthScore: number | null,
  metrics: PackedRecord<number> | 0,
  health: PackedHealth | 0,
  agentProcess: PackedWriter,
  hookEvents: number,
  figures: PackedFigures,
  copies: PackedFigures | 0,
  openCalls: PackedCalls | 0,
  lastMs: number | null,
  lastSeq: number,
  minMs: number | null,
  maxMs: number | null,
];

function packFigures(figures: Figures): JsonValue[] {
  return [
    figures.events,
    Object.entries(figures.event_counts).flat(),
    figures.errors,
    figures.tool_calls,
    figures.tool_errors,
    Object.entries(figures.tools).flatMap(([name, tool]) => [
      name,
      tool.calls,
      tool.errors,
      tool.duration_ms,
    ]),
    figures.model_calls,
    Object.entries(figures.models).flatMap(([name, model]) => [name, model.calls, packUsage(model)]),
    figures.priced + figures.unpriced === 0 && isZero(figures.tokens) ? 0 : packUsage(figures),
  ];
}

function unpackFigures(packed: PackedFigures): Figures {
  const [events, counts, errors, toolCalls, toolErrors, tools, modelCalls, models, usage] = packed;
  const figures = newFigures();
  figures.events = events;
  figures.errors = errors;
  figures.tool_calls = toolCalls;
  figures.tool_errors = toolErrors;
  figures.model_calls = modelCalls;
  for (let at = 0; at < counts.length; at += 2) {
    figures.event_counts[counts[at] as string] = counts[at + 1] as number;
  }
  for (let at = 0; at < tools.length; at += 4) {
    const [calls, callErrors, durationMs] = [tools[at + 1], tools[at + 2], tools[at + 3]] as number[];
    figures.tools[tools[at] as string] = {
      calls: calls ?? 0,
      errors: callErrors ?? 0,
      duration_ms: durationMs ?? 0,
    };
  }
  for (let at = 0; at < models.length; at += 3) {
    const own = unpackUsage(models[at + 2] as PackedUsage);
    figures.models[models[at] as string] = { calls: models[at + 1] as number, ...own };
  }
  if (usage !== 0) Object.assign(figures, unpackUsage(usage));
  return figures;
}

function packUsage({ tokens, cost_usd: cost, priced, unpriced }: Usage): PackedUsage {
  const { input, output, cache_read: cacheRead, cache_write: cacheWrite, reasoning } = tokens;
  return [[input, output, cacheRead, cacheWrite, reasoning], cost, priced, unpriced];
}

function unpackUsage([counts, cost, priced, unpriced]: PackedUsage): Usage {
  const [input = 0, output = 0, cacheRead = 0, cacheWrite = 0, reasoning = 0] = counts;
  const tokens = { input, output, cache_read: cacheRead, cache_write: cacheWrite, reasoning };
  return { tokens, cost_usd: cost, priced, unpriced };
}

function isZero({ input, output, cache_read, cache_write, reasoning }: TokenCounts): boolean {
  return input === 0 && output === 0 && cache_read === 0 && cache_write === 0 && reasoning === 0;
}

function packMetrics(metrics: Readonly<Record<string, number>>): PackedRecord<number> | 0 {
  const packed = Object.entries(metrics).flat();
  return packed.length === 0 ? 0 : packed;
}

function unpackMetrics(packed: PackedRecord<number> | 0): Record<string, number> {
  const metrics: Record<string, number> = {};
  if (packed === 0) return metrics;
  for (let at = 0; at < packed.length; at += 2) metrics[packed[at] as string] = packed[at + 1] as number;
  return metrics;
}

function packWriter(writer: SessionWriter | null): PackedWriter {
  return writer === null ? 0 : [writer.host, writer.boot_id, writer.pid, writer.process_start];
}

function unpackWriter(packed: PackedWriter): SessionWriter | null {
  if (packed === 0) return null;
  const [host, bootId, pid, processStart] = packed;
  return { host, boot_id: bootId, pid, process_start: processStart };
}

function packHealth(facts: HealthFacts): PackedHealth | 0 {
  const rules = Object.entries(facts.rules).map(([rule, own]): PackedRules[number] => [
    rule,
    own.severity,
    own.count,
  ]);
  const { clean_delegations: clean, fast_delegations: fast, recoveries, last_failed: failed } = facts;
  if (rules.length === 0 && clean === 0 && !failed) return 0;
  return [rules, clean, fast, recoveries, failed];
}

function unpackHealth(packed: PackedHealth | 0): HealthFacts {
  const facts = newHealthFacts();
  if (packed === 0) return facts;
  const [rules, clean, fast, recoveries, failed] = packed;
  for (const [rule, severity, count] of rules) facts.rules[rule] = { severity, count };
  facts.clean_delegations = clean;
  facts.fast_delegations = fast;
  facts.recoveries = recoveries;
  facts.last_failed = failed;
  return facts;
}

function unpackSilences(packed: readonly (string | number)[]): Silence[] {
  const silences: Silence[] = [];
  for (let at = 0; at < packed.length; at += 3) {
    const [ms, seq, after] = [packed[at], packed[at + 1], packed[at + 2]] as [number, number, string];
    silences.push({ ms, after_seq: seq, after_at: after });
  }
  return silences;
}

function packCalls(calls: OpenCalls<OpenCall>): PackedCalls | 0 {
  const packed = [...calls.entries()].map(([id, { tool, startMs, finished }]): PackedCalls[number] => [
    id,
    tool,
    startMs,
    finished,
  ]);
  return packed.length === 0 ? 0 : packed;
}

function unpackCalls(packed: PackedCalls | 0): OpenCalls<OpenCall> {
  const calls = new OpenCalls<OpenCall>(MAX_OPEN_CALLS);
  if (packed === 0) return calls;
  for (const [id, tool, startMs, finished] of packed)
    calls.remember(id, { tool, startMs: startMs ?? NaN, finished });
  return calls;
}
