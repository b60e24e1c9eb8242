// The audit for people: fits a terminal, most important first.

import { paint } from "./paint.ts";

import type { AuditReport } from "./audit.ts";
import type { GroupRow } from "./groups.ts";
import { coverageText } from "./coverage-text.ts";
import { formatPlace, formatShortId } from "./event-text.ts";
import type { EventPlace } from "./place.ts";
import { renderSkipped } from "./skipped-text.ts";
import { renderTable } from "./table.ts";
import type { Column } from "./table.ts";
import {
  fitText,
  formatCount,
  formatDuration,
  formatMinute,
  formatPercent,
  formatShort,
  formatUsd,
  plural,
  printable,
} from "./text.ts";

export interface TextOptions {
  /** Width of the terminal. */
  columns: number;
  color: boolean;
  /** Errors were asked for, so that there are none is said. Default false. */
  errors?: boolean | undefined;
}

/** Rows of a table; what is beyond is summed up in one more. */
const MAX_ROWS = 10;

/** Shorter times without an event are no news. */
const SHORTEST_SILENCE_MS = 60_000;

/** The report as text, ended by a newline. */
export function renderAudit(report: AuditReport, options: TextOptions): string {
  const page = new Page(options);
  if (report.sessions === 0) page.lines.push("No sessions. Record something, or try: tracekeep import");
  else {
    page.head(report);
    if (report.agents.length > 1 || report.projects.length <= 1) page.groups("Agents", report.agents);
    if (report.projects.length > 1) page.groups("Projects", report.projects);
    page.tools(report);
    page.models(report);
    page.errors(report);
    page.silences(report);
    page.recent(report);
  }
  page.notes(report);
  return `${page.lines.join("\n")}\n`;
}

// --- internal ---

const right = { align: "right" } as const;

class Page {
  readonly lines: string[] = [];
  readonly #options: TextOptions;

  constructor(options: TextOptions) {
    this.#options = options;
  }

  head(report: AuditReport): void {
    const span =
      report.started_at === null || report.last_at === null
        ? ""
        : `, ${formatMinute(report.started_at)} to ${formatMinute(report.last_at)} UTC`;
    this.lines.push(
      this.#bold(`${plural(report.sessions, "session")}, ${plural(report.events, "event")}${span}`),
    );
    const statuses = Object.entries(report.statuses).map(
      ([status, count]) => `${formatCount(count)} ${status}`,
    );
    this.lines.push(`${statuses.join(", ")}; active for ${formatDuration(report.active_ms)}`);
    const { tokens } = report;
    const models =
      report.model_calls === 0
        ? "no model calls"
        : `${plural(report.model_calls, "model call")}, ${report.cost_usd === null ? "not priced" : formatUsd(report.cost_usd)}`;
    this.lines.push(
      `${plural(report.tool_calls, "tool call")}, ${formatCount(report.tool_errors)} failed ` +
        `(${formatPercent(report.tool_errors, report.tool_calls)}); ${models}`,
    );
    const { average, worst } = report.health;
    if (average !== null && average < 100) {
      const [sick] = worst;
      const example =
        sick === undefined ? "" : `; least: ${formatShortId(sick.session_id)} with ${sick.score}`;
      this.lines.push(`health: ${average} of 100 on average${example}`);
    }
    if (report.model_calls === 0) return;
    this.lines.push(
      `tokens: ${formatShort(tokens.input)} in, ${formatShort(tokens.cache_read)} from cache, ` +
        `${formatShort(tokens.cache_write)} to cache, ${formatShort(tokens.output)} out`,
    );
  }

  groups(title: string, rows: readonly GroupRow[]): void {
    this.#table(
      [
        { title, shrinks: true },
        { title: "sessions", ...right },
        { title: "tools", ...right },
        { title: "failed", ...right },
        { title: "models", ...right },
        { title: "cost", ...right },
        { title: "active", ...right },
      ],
      rows.map((row) => [
        printable(row.name),
        formatCount(row.sessions),
        formatCount(row.tool_calls),
        formatCount(row.tool_errors),
        formatCount(row.model_calls),
        row.cost_usd === null ? "–" : formatUsd(row.cost_usd),
        formatDuration(row.active_ms),
      ]),
    );
  }

  tools({ tools }: AuditReport): void {
    const rows = Object.entries(tools)
      .toSorted(([, left], [, other]) => other.calls - left.calls)
      .map(([name, { calls, errors, duration_ms: ms }]) => [
        printable(name),
        formatCount(calls),
        formatCount(errors),
        formatPercent(errors, calls),
        calls > 0 ? formatDuration(ms / calls) : "–",
        formatDuration(ms),
      ]);
    this.#table(
      [
        { title: "Tools", shrinks: true },
        { title: "calls", ...right },
        { title: "failed", ...right },
        { title: "rate", ...right },
        { title: "mean", ...right },
        { title: "total", ...right },
      ],
      rows,
    );
  }

  models({ models, unpriced }: AuditReport): void {
    const rows = Object.entries(models)
      .toSorted(([, left], [, other]) => other.calls - left.calls)
      .map(([name, { calls, tokens, cost_usd: cost }]) => [
        printable(name),
        formatCount(calls),
        formatShort(tokens.input),
        formatShort(tokens.cache_read),
        formatShort(tokens.cache_write),
        formatShort(tokens.output),
        cost === null ? "unpriced" : formatUsd(cost) + (unpriced.includes(name) ? " +?" : ""),
      ]);
    this.#table(
      [
        { title: "Models", shrinks: true },
        { title: "calls", ...right },
        { title: "in", ...right },
        { title: "cached", ...right },
        { title: "to cache", ...right },
        { title: "out", ...right },
        { title: "cost", ...right },
      ],
      rows,
    );
  }

  errors({ latest_errors: errors, errors: count }: AuditReport): void {
    if (errors.length === 0) {
      if (this.#options.errors === true) this.#title("No errors");
      return;
    }
    this.#title(`Latest errors (${formatCount(errors.length)} of ${formatCount(count)})`);
    for (const error of errors) {
      this.#line(`${formatMinute(error.timestamp)}  ${place(error)}  ${printable(error.message)}`, "red");
    }
  }

  silences({ silences }: AuditReport): void {
    const long = silences.filter(({ ms }) => ms >= SHORTEST_SILENCE_MS);
    if (long.length === 0) return;
    this.#title("Longest silences");
    for (const silence of long)
      this.#line(`${formatDuration(silence.ms).padStart(10)}  after ${place(silence)}`);
  }

  recent({ recent, sessions }: AuditReport): void {
    if (sessions < 2) return;
    this.#table(
      [
        { title: "Recent sessions" },
        { title: "agent", shrinks: true },
        { title: "status" },
        { title: "last event (UTC)" },
        { title: "events", ...right },
        { title: "tools", ...right },
      ],
      recent.map((session) => [
        formatShortId(session.session_id),
        printable(session.agent_id),
        session.status,
        session.last_at === null ? "" : formatMinute(session.last_at),
        formatCount(session.events),
        formatCount(session.tool_calls),
      ]),
    );
  }

  notes({ coverage, unpriced, copies, lost, skipped, anomalies }: AuditReport): void {
    const notes: string[] = [];
    if (coverage.sessions > 0) notes.push(coverageText(coverage));
    if (unpriced.length > 0) notes.push(`not priced: ${unpriced.map(printable).join(", ")}`);
    if (copies.tool_calls + copies.model_calls > 0) {
      notes.push(
        `${plural(copies.tool_calls, "tool call")} and ${plural(copies.model_calls, "model call")} are copies in resumed ` +
          "or forked sessions; the totals leave them out",
      );
    }
    if (lost > 0) notes.push(`${plural(lost, "event")} could not be recorded`);
    if (anomalies.length > 0)
      notes.push(`${plural(anomalies.length, "anomaly", "anomalies")}; see: tracekeep audit --anomalies`);
    notes.push(...renderSkipped(skipped));
    if (notes.length === 0) return;
    this.#title("Notes");
    for (const note of notes) {
      const [first = "", ...more] = wrap(note, this.#options.columns - 4);
      this.lines.push(`  ${first}`, ...more.map((line) => `    ${line}`));
    }
  }

  #table(spec: readonly Column[], rows: readonly (readonly string[])[]): void {
    if (rows.length === 0) return;
    const shown = rows.length > MAX_ROWS + 1 ? rows.slice(0, MAX_ROWS) : rows;
    const [titles = "", ...lines] = renderTable(spec, shown, this.#options.columns);
    this.lines.push("", this.#bold(titles), ...lines);
    if (rows.length > shown.length) this.lines.push(`… and ${formatCount(rows.length - shown.length)} more`);
  }

  #title(text: string): void {
    this.lines.push("", this.#bold(text));
  }

  #line(text: string, color?: "red"): void {
    const fitted = `  ${fitText(text, this.#options.columns - 2)}`;
    this.lines.push(color !== undefined && this.#options.color ? paint(color, fitted) : fitted);
  }

  #bold(text: string): string {
    const fitted = fitText(text, this.#options.columns);
    return this.#options.color ? paint("bold", fitted) : fitted;
  }
}

function place({ session_id: id, seq }: EventPlace): string {
  return formatPlace(id, seq);
}

function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
