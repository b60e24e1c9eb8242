// A summary as one flat list and back: an eighth of what it takes with its names. Places that hold much the same in many
// sessions (names, hosts) are apart from those that do not, so that lists of many sessions can be kept as columns. The
// order of the fields is the format; whoever changes it changes PACKED_VERSION.

import type { JsonValue } from "../event/index.ts";
import { newFigures, NO_FIGURES } from "./figures.ts";
import type { Figures, TokenCounts, Usage } from "./figures.ts";
import { newHealthFacts, NO_HEALTH_FACTS } from "./health.ts";
import type { HealthFacts } from "./health.ts";
import { OpenCalls } from "./open-calls.ts";
import { MAX_OPEN_CALLS } from "./session-summary.ts";
import type { OpenCall, SessionSummary, SessionWriter, Silence } from "./session-summary.ts";

/** Belongs into the head of every file that holds packed summaries. */
export const PACKED_VERSION = 3;

/** Everything of a summary but the ids of session and agent. */
export type PackedSummary = JsonValue[];

export function packSummary(summary: SessionSummary): PackedSummary {
  const { gaps, writer, tool_times: times, reported, progress } = summary;
  return [
    summary.origin,
    summary.parent_id,
    summary.title,
    summary.project,
    summary.preview,
    summary.started_at,
    summary.last_at,
    summary.ended_at === summary.last_at ? SAME : summary.ended_at,
    summary.ended_reason,
    summary.active_ms,
    packSilences(summary.silences),
    gaps.lost,
    gaps.unreadable,
    writer?.host ?? null,
    writer?.boot_id ?? "",
    writer?.pid ?? 0,
    writer?.process_start ?? "",
    times.count,
    times.total_ms,
    times.max_ms,
    reported.health_score,
    packMetrics(reported.metrics),
    packHealth(summary.health),
    packWriter(summary.agent_process),
    summary.hook_events,
    summary.copies.events === 0 ? 0 : packFigures(summary.copies),
    packCalls(progress.openCalls),
    // NaN, of a session without any time yet, is null in JSON.
    progress.lastMs === progress.maxMs ? SAME : progress.lastMs,
    progress.lastSeq,
    progress.minMs,
    progress.maxMs,
    ...packFigures(summary),
  ];
}

/**
 * The summary that {@link packSummary} packed, ready to be folded on. It shares nothing with the list, which may go on
 * behind it. About 0.7 µs, which would be twice that if the list were destructured.
 */
export function unpackSummary(
  sessionId: string,
  agentId: string,
  packed: readonly JsonValue[],
): SessionSummary {
  const list = packed as unknown as Packed;
  const own = unpackFigures(packed, FIGURES_AT);
  return {
    session_id: sessionId,
    agent_id: agentId,
    origin: list[0],
    parent_id: list[1],
    title: list[2],
    project: list[3],
    preview: list[4],
    started_at: list[5],
    last_at: list[6],
    ended_at: list[7] === SAME ? list[6] : list[7],
    ended_reason: list[8],
    active_ms: list[9],
    silences: unpackSilences(list[10]),
    gaps: { lost: list[11], unreadable: list[12] },
    writer: unpackWriter(list[13], list[14], list[15], list[16]),
    tool_times: { count: list[17], total_ms: list[18], max_ms: list[19] },
    reported: { health_score: list[20], metrics: unpackMetrics(list[21]) },
    health: unpackHealth(list[22]),
    agent_process: list[23] === 0 ? null : unpackWriter(...list[23]),
    hook_events: list[24],
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
    copies: list[25] === 0 ? NO_FIGURES : unpackFigures(list[25], 0),
    progress: {
      openCalls: unpackCalls(list[26]),
      lastMs: (list[27] === SAME ? list[30] : list[27]) ?? NaN,
      lastSeq: list[28],
      minMs: list[29] ?? Infinity,
      maxMs: list[30] ?? -Infinity,
    },
  };
}

/** Whether there is a summary in a list, and not nothing but nulls. */
export function isPacked(packed: readonly JsonValue[]): boolean {
  return typeof packed[FIGURES_AT] === "number";
}

// --- internal ---

type PackedWriter = [host: string, bootId: string, pid: number, processStart: string];
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
  types: string[],
  counts: number[],
  errors: number,
  toolCalls: number,
  toolErrors: number,
  tools: string[],
  toolFigures: number[],
  modelCalls: number,
  models: PackedRecord<number | PackedUsage>,
  usage: PackedUsage | 0,
];
type PackedCalls = [id: string, tool: string, startMs: number | null, finished: boolean][];

/** In place of a time that stands there already: that of the last event is mostly the latest, and that of the END. */
const SAME = true;

/** What {@link packSummary} gives, once it has been JSON. */
type Packed = [
  origin: string | null,
  parentId: string | null,
  title: string | null,
  project: string | null,
  preview: string | null,
  startedAt: string | null,
  lastAt: string | null,
  endedAt: string | null | typeof SAME,
  endedReason: string | null,
  activeMs: number,
  silences: (string | number)[],
  lost: number,
  unreadable: number,
  host: string | null,
  bootId: string,
  pid: number,
  processStart: string,
  timesCount: number,
  timesTotal: number,
  timesMax: number,
  healthScore: number | null,
  metrics: PackedRecord<number> | 0,
  health: PackedHealth | 0,
  agentProcess: PackedWriter | 0,
  hookEvents: number,
  copies: PackedFigures | 0,
  openCalls: PackedCalls | 0,
  lastMs: number | null | typeof SAME,
  lastSeq: number,
  minMs: number | null,
  maxMs: number | null,
  ...figures: PackedFigures,
];

/** Where the time of its first event stands. */
export const STARTED_AT = 5;
const FIGURES_AT = 31;
/** How long a packed summary is. */
export const PACKED_LENGTH: number = FIGURES_AT + 11;

/** Written out in loops: a writer packs its summary now and then, in code that has never become warm. */
function packFigures(figures: Figures): JsonValue[] {
  const types: string[] = [];
  const counts: number[] = [];
  for (const type in figures.event_counts) {
    types.push(type);
    counts.push(figures.event_counts[type] ?? 0);
  }
  const tools: string[] = [];
  const toolFigures: number[] = [];
  for (const name in figures.tools) {
    const tool = figures.tools[name];
    tools.push(name);
    toolFigures.push(tool?.calls ?? 0, tool?.errors ?? 0, tool?.duration_ms ?? 0);
  }
  const models: JsonValue[] = [];
  for (const name in figures.models) {
    const model = figures.models[name];
    if (model !== undefined) models.push(name, model.calls, packUsage(model));
  }
  return [
    figures.events,
    types,
    counts,
    figures.errors,
    figures.tool_calls,
    figures.tool_errors,
    tools,
    toolFigures,
    figures.model_calls,
    models,
    figures.priced + figures.unpriced === 0 && isZero(figures.tokens) ? 0 : packUsage(figures),
  ];
}

/** @param at where they begin in the list */
function unpackFigures(packed: readonly JsonValue[], at: number): Figures {
  const list = packed as unknown as readonly PackedFigures[number][];
  const figures = newFigures();
  figures.events = list[at] as number;
  const types = list[at + 1] as string[];
  const counts = list[at + 2] as number[];
  for (let each = 0; each < types.length; each++)
    figures.event_counts[propertyName(types[each] ?? "")] = counts[each] ?? 0;
  figures.errors = list[at + 3] as number;
  figures.tool_calls = list[at + 4] as number;
  figures.tool_errors = list[at + 5] as number;
  const tools = list[at + 6] as string[];
  const own = list[at + 7] as number[];
  for (let each = 0; each < tools.length; each++) {
    figures.tools[propertyName(tools[each] ?? "")] = {
      calls: own[3 * each] ?? 0,
      errors: own[3 * each + 1] ?? 0,
      duration_ms: own[3 * each + 2] ?? 0,
    };
  }
  figures.model_calls = list[at + 8] as number;
  const models = list[at + 9] as PackedRecord<number | PackedUsage>;
  for (let each = 0; each < models.length; each += 3) {
    const [packedTokens, cost, priced, unpriced] = models[each + 2] as PackedUsage;
    const tokens = unpackTokens(packedTokens);
    figures.models[propertyName(models[each] as string)] = {
      calls: models[each + 1] as number,
      tokens,
      cost_usd: cost,
      priced,
      unpriced,
    };
  }
  const usage = list[at + 10] as PackedUsage | 0;
  if (usage !== 0) {
    figures.tokens = unpackTokens(usage[0]);
    figures.cost_usd = usage[1];
    figures.priced = usage[2];
    figures.unpriced = usage[3];
  }
  return figures;
}

const propertyNames = new Map<string, string>();
const MAX_PROPERTY_NAMES = 1000;

/**
 * The same text as V8 keeps it for names of properties. Storing under a text that was just parsed costs ten times as
 * much as looking it up here, which would be most of what a summary takes to unpack.
 */
function propertyName(text: string): string {
  const known = propertyNames.get(text);
  if (known !== undefined) return known;
  const name = Object.keys({ [text]: 0 })[0] ?? text;
  if (propertyNames.size < MAX_PROPERTY_NAMES) propertyNames.set(text, name);
  return name;
}

function packUsage({ tokens, cost_usd: cost, priced, unpriced }: Usage): PackedUsage {
  const { input, output, cache_read: cacheRead, cache_write: cacheWrite, reasoning } = tokens;
  return [[input, output, cacheRead, cacheWrite, reasoning], cost, priced, unpriced];
}

function unpackTokens(counts: readonly number[]): TokenCounts {
  return {
    input: counts[0] ?? 0,
    output: counts[1] ?? 0,
    cache_read: counts[2] ?? 0,
    cache_write: counts[3] ?? 0,
    reasoning: counts[4] ?? 0,
  };
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

function packWriter(writer: SessionWriter | null): PackedWriter | 0 {
  return writer === null ? 0 : [writer.host, writer.boot_id, writer.pid, writer.process_start];
}

function unpackWriter(
  host: string | null,
  bootId: string,
  pid: number,
  processStart: string,
): SessionWriter | null {
  return host === null ? null : { host, boot_id: bootId, pid, process_start: processStart };
}

function packHealth(facts: HealthFacts): PackedHealth | 0 {
  if (facts === NO_HEALTH_FACTS) return 0;
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
  if (packed === 0) return NO_HEALTH_FACTS;
  const facts = newHealthFacts();
  const [rules, clean, fast, recoveries, failed] = packed;
  for (const [rule, severity, count] of rules) facts.rules[rule] = { severity, count };
  facts.clean_delegations = clean;
  facts.fast_delegations = fast;
  facts.recoveries = recoveries;
  facts.last_failed = failed;
  return facts;
}

function packSilences(silences: readonly Silence[]): (string | number)[] {
  const packed: (string | number)[] = [];
  for (const { ms, after_seq: seq, after_at: at } of silences) packed.push(ms, seq, at);
  return packed;
}

function unpackSilences(packed: readonly (string | number)[]): Silence[] {
  const silences: Silence[] = [];
  for (let at = 0; at < packed.length; at += 3) {
    silences.push({
      ms: packed[at] as number,
      after_seq: packed[at + 1] as number,
      after_at: packed[at + 2] as string,
    });
  }
  return silences;
}

function packCalls(calls: OpenCalls<OpenCall>): PackedCalls | 0 {
  if (calls.isEmpty) return 0;
  return [...calls.entries()].map(([id, { tool, startMs, finished }]): PackedCalls[number] => [
    id,
    tool,
    startMs,
    finished,
  ]);
}

function unpackCalls(packed: PackedCalls | 0): OpenCalls<OpenCall> {
  const calls = new OpenCalls<OpenCall>(MAX_OPEN_CALLS);
  if (packed === 0) return calls;
  for (const [id, tool, startMs, finished] of packed)
    calls.remember(id, { tool, startMs: startMs ?? NaN, finished });
  return calls;
}
