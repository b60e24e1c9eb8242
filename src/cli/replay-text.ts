// What `replay` says in words: steps as a tree, the state at an event, how two runs differ. Every text from a log is made
// printable and fits its line.

import type { Event } from "../event/index.ts";
import type {
  Difference,
  Played,
  RestCount,
  RunDiff,
  SessionStateAt,
  Step,
  Timeline,
} from "../replay/index.ts";
import { walkSteps } from "../replay/index.ts";
import {
  eventText,
  fitText,
  formatCount,
  formatDuration,
  formatShort,
  formatUsd,
  gistOf,
  padText,
  plural,
  printable,
} from "../report/index.ts";

export interface ReplayTextOptions {
  columns: number;
  color: boolean;
  /** Of several sessions. */
  place?: boolean;
}

/** A played event as one line; a piece of a text as its own. */
export function playedText({ event, chunk }: Played, options: ReplayTextOptions): string {
  if (chunk === undefined) return eventText(event, options);
  return eventText(
    {
      ...event,
      event: `${event.event} ${chunk.index + 1}/${chunk.count}`,
      message: chunk.text,
      content: chunk.text,
    },
    options,
  );
}

/** A timeline as an indented tree, one line a step. */
export function* timelineText(timeline: Timeline, columns: number): Generator<string, void, undefined> {
  yield* timelineLines(timeline, columns, "");
  const hidden = [...walkSteps(timeline)].filter(isSourceRecord).length;
  if (hidden > 0)
    yield fitText(`and ${plural(hidden, "record")} of the source's own; --json has them`, columns);
}

export function* stateText(state: SessionStateAt, columns: number): Generator<string, void, undefined> {
  const { event, totals, conversation, open_calls: openCalls, files, tape } = state;
  const fit = (text: string): string => fitText(text, columns);
  yield fit(`session ${printable(state.session_id)} at event ${event.seq}:`);
  yield eventText(event, { columns, color: false });
  yield "";
  const { tokens } = totals;
  yield fit(
    `so far: ${plural(totals.tool_calls, "tool call")}, ${formatCount(totals.tool_errors)} failed; ${plural(totals.model_calls, "model call")}; ` +
      `${formatShort(tokens.input + tokens.cache_read + tokens.cache_write)} tokens in, ${formatShort(tokens.output)} out; ` +
      (totals.cost_usd === null ? "not priced" : formatUsd(totals.cost_usd)),
  );
  if (openCalls.length > 0)
    yield fit(
      `open:   ${openCalls.map(({ name, seq }) => `${printable(name ?? "call")} (${seq})`).join(", ")}`,
    );
  if (files.length > 0) yield `files:`;
  for (const file of files) yield fit(`  ${printable(file)}`);
  yield "";
  for (const place of conversation) {
    yield fit(
      `${String(place.seq).padStart(6)} ${padText(place.role, 9)} ${printable(gistOf(tape.read(place)))}`,
    );
  }
}

export function* diffText(diff: RunDiff, columns: number): Generator<string, void, undefined> {
  const { sessions, compared, same, divergence, rest, figures } = diff;
  const fit = (text: string): string => fitText(text, columns);
  yield fit(`A ${printable(sessions[0])}: ${formatCount(compared[0])} events compared`);
  yield fit(`B ${printable(sessions[1])}: ${formatCount(compared[1])} events compared`);
  if (divergence === null) yield "the runs are the same";
  else {
    yield "";
    yield same === 0 ? "the runs part at once:" : `${plural(same, "event")} alike, then the runs part:`;
    for (const [at, event] of divergence.events.entries())
      yield `${"AB"[at] ?? ""} ${sideText(event, columns - 2)}`;
    if (divergence.difference !== null) yield* differenceText(divergence.difference, columns);
    yield "";
    yield fit(`from there on ${plural(rest.both, "event")} are in both`);
    for (const [at, counts] of rest.only.entries())
      if (counts.length > 0) yield fit(`only in ${"AB"[at] ?? ""}: ${countsText(counts)}`);
  }
  if (figures.length > 0) yield "";
  for (const { name, values } of figures)
    yield fit(`${padText(name, 18)} ${values.map((value) => figureText(name, value)).join(" -> ")}`);
}

// --- internal ---

const MARKS: Readonly<Record<string, string>> = {
  error: "FAILED",
  open: "NO RESULT",
  cancelled: "CANCELLED",
};

function* timelineLines(
  timeline: Timeline,
  columns: number,
  indent: string,
): Generator<string, void, undefined> {
  const { summary, wall_ms: wallMs, active_ms: activeMs } = timeline;
  const head = [
    `${printable(timeline.agent_id)} ${printable(timeline.session_id)}`,
    `${formatDuration(wallMs)}, active ${formatDuration(activeMs)}`,
    plural(summary.tool_calls, "tool call"),
    plural(summary.model_calls, "model call"),
  ];
  yield fitText(indent + head.join("; "), columns);
  yield* stepLines(timeline, timeline.steps, columns, `${indent}  `);
}

function* stepLines(
  timeline: Timeline,
  steps: readonly Step[],
  columns: number,
  indent: string,
): Generator<string, void, undefined> {
  for (const step of steps) {
    if (isSourceRecord(step)) continue;
    yield fitText(`${indent}${stepText(step, timeline)}`, columns);
    yield* stepLines(timeline, step.steps, columns, `${indent}  `);
    if (step.child !== undefined) yield* timelineLines(step.child, columns, `${indent}  `);
  }
}

/** What an importer had no type for: the source's bookkeeping, called `source/type`. */
function isSourceRecord({ kind, name }: Step): boolean {
  return kind === "event" && name?.includes("/") === true;
}

function stepText(step: Step, { tape }: Timeline): string {
  const { kind, name, seq, status, unmatched, duration_ms: durationMs } = step;
  const mark = unmatched === "no call" ? "NO CALL" : MARKS[status ?? ""];
  const took = durationMs === null || kind === "event" ? undefined : formatDuration(durationMs);
  const isOwn = step.child === undefined || step.place.session_id === tape.sessionId;
  const gist = isOwn && kind !== "model" ? gistOf(tape.read(step.place)) : (name ?? "");
  const label = kind === "event" ? (name ?? "") : kind;
  return [String(seq).padStart(5), printable(label), mark, took, printable(gist).trim()]
    .filter((part) => part !== undefined && part !== "")
    .join(" ");
}

function sideText(event: Event | null, columns: number): string {
  if (event === null) return "has ended";
  return fitText(`${event.seq} ${printable(event.event)} ${printable(gistOf(event))}`, columns);
}

function* differenceText({ path, values }: Difference, columns: number): Generator<string, void, undefined> {
  const shown = (value: unknown): string =>
    printable(value === undefined ? "nothing" : JSON.stringify(value));
  yield fitText(`${printable(path)} differs:`, columns);
  for (const [at, value] of values.entries()) yield fitText(`  ${"AB"[at] ?? ""} ${shown(value)}`, columns);
}

function figureText(name: string, value: number | null): string {
  if (value === null) return "-";
  return name.endsWith("_ms")
    ? formatDuration(value)
    : name.endsWith("_usd")
      ? formatUsd(value)
      : formatCount(value);
}

function countsText(counts: readonly RestCount[]): string {
  return counts
    .map(
      ({ event, name, count }) =>
        `${formatCount(count)} ${printable(event)}${name === null ? "" : ` ${printable(name)}`}`,
    )
    .join(", ");
}
