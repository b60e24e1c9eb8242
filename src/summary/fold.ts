// The one fold over a session's events. END, session lists, statistics, audits and indexes all take their figures from
// here, so they cannot disagree. Each event costs the same, however long the session is, and the state is bounded.

import type { EventSource } from "../event/index.ts";
import { addType, addUsage, modelIn, newFigures, NO_FIGURES, toolIn } from "./figures.ts";
import type { Figures, Usage } from "./figures.ts";
import { foldHealth } from "./health.ts";
import { instantOf } from "./instant.ts";
import type { OpenCalls } from "./open-calls.ts";
import { IDLE_MS, MAX_SILENCES, PREVIEW_CHARACTERS } from "./session-summary.ts";
import type { OpenCall, SessionSummary, SessionWriter, Silence } from "./session-summary.ts";
import { amountOf, countOf, isModelCall, textOf, usageOf } from "./usage.ts";
import type { BodyFields } from "./usage.ts";

/** What the fold takes from an event's envelope. */
export interface EventHead {
  event: string;
  timestamp: string;
  severity: string;
  seq: number;
  agent_id?: string | undefined;
  call_id?: string | undefined;
  copy_of?: string | undefined;
  source?: EventSource | undefined;
}

/**
 * Fields of a body that the fold reads, but of the types in {@link TYPES_FOLDED_WHOLE}, of a USER_MESSAGE, and of events
 * that tell of an `agent_process`: whoever knows these of an event need not know more of it.
 */
export const FOLDED_FIELDS = [
  "agent_process",
  "cache_read_tokens",
  "cache_write_tokens",
  "continues",
  "cost_usd",
  "duration_ms",
  "input_tokens",
  "metadata",
  "model",
  "output_tokens",
  "reasoning_tokens",
  "status",
  "tool",
] as const;

/** What it reads besides of those. */
const OTHER_FOLDED_FIELDS = [
  "anomaly",
  "boot_id",
  "count",
  "health_score",
  "host",
  "message",
  "metrics",
  "origin",
  "parent_session_id",
  "pid",
  "process_start",
  "project",
  "reason",
  "title",
] as const;

/** Types of which the fold reads other fields as well. */
export const TYPES_FOLDED_WHOLE: ReadonlySet<string> = new Set(
  "START RESUMED END RETURN ANOMALY_DETECTED SESSION_METRICS GAP".split(" "),
);

export type FoldedBody = Record<(typeof FOLDED_FIELDS | typeof OTHER_FOLDED_FIELDS)[number], unknown>;

/**
 * What the fold reads of an event, in objects that have the same fields for all events. The engine compiles the fold for the
 * few forms of objects that come by; parsed events have as many forms as there are types, with which it would look up
 * each field by its name, of all events from then on.
 */
export class FoldedEvent {
  readonly head: EventHead = {
    event: "",
    timestamp: "",
    severity: "",
    seq: 0,
    agent_id: "",
    call_id: undefined,
    copy_of: undefined,
    source: undefined,
  };
  readonly body: FoldedBody;

  constructor() {
    const fields = [...FOLDED_FIELDS, ...OTHER_FOLDED_FIELDS];
    this.body = Object.fromEntries(fields.map((name) => [name, undefined])) as FoldedBody;
  }

  /** Becomes a parsed event. */
  take(event: EventHead & BodyFields): void {
    const { head, body } = this;
    head.event = event.event;
    head.timestamp = event.timestamp;
    head.severity = event.severity;
    head.seq = event.seq;
    head.agent_id = event.agent_id;
    head.call_id = event.call_id;
    head.copy_of = event.copy_of;
    head.source = event.source;
    for (const name of FOLDED_FIELDS) body[name] = event[name];
    for (const name of OTHER_FOLDED_FIELDS) body[name] = event[name];
  }
}

/**
 * Takes one event into a summary; call it with every event of the session, in order. Never throws, whatever the fields
 * of `body` hold. About 250 ns.
 *
 * @param head the event's envelope
 * @param body the object that carries its body's fields: for a decoded event, the event itself
 */
export function foldEvent(summary: SessionSummary, head: EventHead, body: BodyFields): void {
  const call = foldContext(summary, head, body);
  foldTime(summary, head);
  let counts: EventCounts = {
    type: head.event,
    failed: isFailure(head, body),
    tool: toolCountsOf(head, body, call),
    usage: usageOf(head.event, body),
    model: textOf(body["model"]),
    isModelCall: isModelCall(head.event, body),
  };
  // A second witness (hooks beside the transcript) tells again what this very session holds: an event, no further call.
  if (head.copy_of === summary.session_id) {
    counts = { ...counts, failed: false, tool: undefined, usage: undefined, isModelCall: false };
  }
  const { metadata } = body;
  if (typeof metadata === "object" && metadata !== null && "hook" in metadata) summary.hook_events++;
  countEvent(summary, counts);
  if (counts.tool?.isTimed === true) foldToolTime(summary, counts.tool);
  if (head.event === "SESSION_METRICS") foldReported(summary, body);
  if (typeof head.copy_of === "string") {
    if (summary.copies === NO_FIGURES) summary.copies = newFigures();
    countEvent(summary.copies, counts);
  } else summary.health = foldHealth(summary.health, head.event, body);
  if (head.event === "GAP") {
    const count = countOf(body["count"]) ?? 1;
    if (typeof head.source === "object") summary.gaps.unreadable += count;
    else summary.gaps.lost += count;
  }
}

/**
 * Takes from an event what it says about its session and about later events, without counting it: for figures of a
 * time window, from the events before it.
 *
 * @returns for a TOOL_RESULT, the call it answers
 */
export function foldContext(
  summary: SessionSummary,
  head: EventHead,
  body: BodyFields,
): OpenCall | undefined {
  if (typeof body["agent_process"] === "object") {
    summary.agent_process = writerOf(body["agent_process"] as BodyFields);
    summary.ended_at = summary.ended_reason = null;
  }
  if (summary.started_at === null) {
    summary.started_at = head.timestamp;
    summary.agent_id = textOf(head.agent_id) ?? summary.agent_id;
  }
  switch (head.event) {
    case "TOOL_CALL":
      rememberCall(summary.progress.openCalls, head, body);
      return undefined;
    case "TOOL_RESULT":
      return takeCall(summary.progress.openCalls, head);
    case "USER_MESSAGE":
      summary.preview ??= previewOf(textOf(body["message"]));
      return undefined;
    case "START":
      summary.origin = textOf(body["origin"]) ?? null;
      summary.parent_id = textOf(body["parent_session_id"]) ?? null;
      summary.title = textOf(body["title"]) ?? null;
      summary.project = textOf(body["project"]) ?? null;
      summary.writer = writerOf(body);
      return undefined;
    case "RESUMED":
      summary.writer = writerOf(body);
      // When a transcript was imported further says nothing of whether its session goes on.
      if (isRecorded(summary)) summary.ended_at = summary.ended_reason = null;
      return undefined;
    case "END":
      summary.ended_at = head.timestamp;
      summary.ended_reason = textOf(body["reason"]) ?? null;
      return undefined;
    default:
      return undefined;
  }
}

/** Whether an event reports a failure. */
export function isFailure(head: Pick<EventHead, "severity">, body: BodyFields): boolean {
  return head.severity === "ERROR" || head.severity === "CRITICAL" || body["status"] === "error";
}

// --- internal ---

interface ToolCounts {
  name: string;
  calls: number;
  errors: number;
  durationMs: number;
  isTimed: boolean;
}

interface EventCounts {
  type: string;
  failed: boolean;
  tool: ToolCounts | undefined;
  usage: Usage | undefined;
  model: string | undefined;
  isModelCall: boolean;
}

const UNNAMED = "(unnamed)";

function countEvent(
  figures: Figures,
  { type, failed, tool, usage, model, isModelCall: isCall }: EventCounts,
): void {
  figures.events++;
  addType(figures, type, 1);
  if (failed) figures.errors++;
  if (tool !== undefined) {
    const own = toolIn(figures, tool.name);
    own.calls += tool.calls;
    own.errors += tool.errors;
    own.duration_ms += tool.durationMs;
    figures.tool_calls += tool.calls;
    figures.tool_errors += tool.errors;
  }
  if (usage === undefined) return;
  addUsage(figures, usage);
  if (isCall) figures.model_calls++;
  // Money can be spent without a model; a model's call always belongs to one.
  if (model === undefined && !isCall) return;
  const own = modelIn(figures, model ?? UNNAMED);
  addUsage(own, usage);
  if (isCall) own.calls++;
}

function foldTime(summary: SessionSummary, head: EventHead): void {
  const { progress } = summary;
  const timeMs = instantOf(head.timestamp);
  if (timeMs < progress.minMs) progress.minMs = timeMs;
  if (timeMs > progress.maxMs) progress.maxMs = timeMs;
  // When a transcript was imported further is no time of the session that it tells of.
  if (head.event === "RESUMED" && !isRecorded(summary)) return;
  // NaN for the first event, which has none before it.
  const gapMs = timeMs - progress.lastMs;
  // Time may go back, by a clock that was set or a source that is not in order; that is no silence.
  if (Number.isNaN(timeMs) || gapMs < 0) return;
  // Before RESUMED nobody was writing.
  if (gapMs > 0 && head.event !== "RESUMED") {
    if (gapMs <= IDLE_MS) summary.active_ms += gapMs;
    noteSilence(summary.silences, gapMs, progress.lastSeq, summary.last_at ?? "");
  }
  progress.lastMs = timeMs;
  progress.lastSeq = head.seq;
  summary.last_at = head.timestamp;
}

function previewOf(message: string | undefined): string | null {
  if (message === undefined) return null;
  // Looks no further than it has to: a message may be megabytes long. A character is at most two UTF-16 units.
  const characters = Array.from(message.slice(0, 2 * PREVIEW_CHARACTERS + 1));
  if (characters.length <= PREVIEW_CHARACTERS) return message;
  return `${characters.slice(0, PREVIEW_CHARACTERS).join("")}…`;
}

function foldToolTime({ tool_times: times }: SessionSummary, { durationMs }: ToolCounts): void {
  times.count++;
  times.total_ms += durationMs;
  times.max_ms = Math.max(times.max_ms, durationMs);
}

/** So many figures of a session are remembered by name. */
const MAX_REPORTED = 100;

function foldReported({ reported }: SessionSummary, body: BodyFields): void {
  reported.health_score = amountOf(body["health_score"]) ?? reported.health_score;
  const { metrics } = body;
  if (typeof metrics !== "object" || metrics === null) return;
  for (const [name, value] of Object.entries(metrics)) {
    const isNew = !Object.hasOwn(reported.metrics, name);
    if (typeof value !== "number" || name === "__proto__") continue;
    if (!isNew || Object.keys(reported.metrics).length < MAX_REPORTED) reported.metrics[name] = value;
  }
}

function isRecorded({ origin }: SessionSummary): boolean {
  return origin === "recorded" || origin === null;
}

function noteSilence(silences: Silence[], ms: number, afterSeq: number, afterAt: string): void {
  if (silences.length === MAX_SILENCES && ms <= (silences.at(-1)?.ms ?? 0)) return;
  const at = silences.findIndex((shorter) => shorter.ms < ms);
  silences.splice(at < 0 ? silences.length : at, 0, { ms, after_seq: afterSeq, after_at: afterAt });
  if (silences.length > MAX_SILENCES) silences.pop();
}

function rememberCall(openCalls: OpenCalls<OpenCall>, head: EventHead, body: BodyFields): void {
  const id = textOf(head.call_id);
  if (id === undefined) return;
  const tool = textOf(body["tool"]) ?? UNNAMED;
  openCalls.remember(id, { tool, startMs: instantOf(head.timestamp), finished: isFinished(body) });
}

function takeCall(openCalls: OpenCalls<OpenCall>, head: EventHead): OpenCall | undefined {
  const id = textOf(head.call_id);
  return id === undefined ? undefined : openCalls.take(id);
}

function isFinished(body: BodyFields): boolean {
  return amountOf(body["duration_ms"]) !== undefined || textOf(body["status"]) !== undefined;
}

function toolCountsOf(head: EventHead, body: BodyFields, call: OpenCall | undefined): ToolCounts | undefined {
  const isCall = head.event === "TOOL_CALL";
  if (!isCall && head.event !== "TOOL_RESULT") return undefined;
  const name = call?.tool ?? textOf(body["tool"]) ?? UNNAMED;
  if (call?.finished === true) return { name, calls: 0, errors: 0, durationMs: 0, isTimed: false };
  const told = amountOf(body["duration_ms"]);
  const waited = call === undefined ? 0 : Math.max(0, instantOf(head.timestamp) - call.startMs);
  return {
    name,
    calls: isCall ? 1 : 0,
    errors: body["status"] === "error" ? 1 : 0,
    durationMs: told ?? waited,
    isTimed: told !== undefined || (!isCall && call !== undefined),
  };
}

function writerOf(body: BodyFields | null): SessionWriter | null {
  if (body === null) return null;
  const { host, boot_id: bootId, pid, process_start: processStart } = body;
  if (typeof host !== "string" || typeof pid !== "number") return null;
  return {
    host,
    boot_id: typeof bootId === "string" ? bootId : "",
    pid,
    process_start: typeof processStart === "string" ? processStart : "",
  };
}
