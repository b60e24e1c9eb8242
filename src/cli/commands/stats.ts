// Figures by one key.

import { STATS_KEYS, statsRows } from "../../report/stats.ts";
import type { StatsKey, StatsRow } from "../../report/stats.ts";
import { renderTable } from "../../report/table.ts";
import type { Column } from "../../report/table.ts";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatPercent,
  formatShort,
  formatUsd,
  printable,
} from "../../report/text.ts";
import { MB } from "../../store/lifecycle/plan.ts";
import { storeStats } from "../../store/lifecycle/store-stats.ts";
import { SessionCatalog } from "../../store/session/catalog.ts";
import { findStore } from "../../store/session/find.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { timesOf } from "../filters.ts";
import { INPUT_OPERANDS, readerOf, readProgress } from "../reader.ts";
import { reportSkipped } from "../skipped.ts";
import { upkeep } from "../upkeep.ts";
import { UsageError } from "../usage-error.ts";

export const stats: Command = {
  name: "stats",
  summary: "figures by tool, model, agent, project, hour or session",
  operands: INPUT_OPERANDS,
  options: {
    by: { kind: "text", value: "KEY", about: `${STATS_KEYS.join(", ")} (default tool)` },
    agent: { kind: "text", value: "GLOB", about: "only these agents: *, ?, [a-z]" },
    session: { kind: "text", value: "ID", about: "only this session" },
    since: {
      kind: "text",
      value: "TIME",
      about: "not before: RFC 3339 with an offset, or how long ago (2h, 7d)",
    },
    until: { kind: "text", value: "TIME", about: "not after" },
    store: {
      kind: "flag",
      about: "how many log files there are, in and outside the archive, and their sizes",
    },
    json: { kind: "flag", about: "one JSON object a line" },
  },
  examples: [
    ["stats", "calls, failures and time of each tool"],
    ["stats --by hour --since 1d", "the last day hour by hour"],
    ["stats --store", "files and sizes"],
    ["stats --by model", "tokens and money of each model"],
  ],
  run,
};

async function run(context: CommandContext): Promise<ExitCode> {
  if (context.flag("store")) return printStore(context);
  if (context.operands.length === 0) await upkeep(context, { foldsIndex: true });
  const progress = readProgress(context);
  const by = context.choice("by", STATS_KEYS) ?? "tool";
  let code: ExitCode = EXIT.done;
  const rows = await statsRows(readerOf(context), {
    by,
    agent: context.text("agent"),
    session: context.text("session"),
    ...timesOf(context),
    signal: context.signal,
    onProgress: progress.onProgress,
    onReport: (report) => {
      progress.clear();
      code = reportSkipped(context, report);
    },
  }).finally(progress.clear);
  if (context.flag("json")) for (const row of rows) context.stdout.json(row);
  else print(context, by, rows);
  return code;
}

// --- internal ---

function printStore(context: CommandContext): ExitCode {
  if (context.operands.length > 0) throw new UsageError("--store and paths exclude each other");
  const figures = storeStats(new SessionCatalog(findStore(context.place)).refresh());
  if (context.flag("json")) {
    context.stdout.json(figures);
    return EXIT.done;
  }
  const rows = (["active", "archive", "total"] as const).map((where) => [
    where,
    formatCount(figures[`${where}_files`]),
    formatBytes(figures[`${where}_size_mb`] * MB),
  ]);
  const columns = [{ title: "" }, { title: "files", ...right }, { title: "size", ...right }];
  for (const line of renderTable(columns, rows, context.stdout.lineColumns)) context.stdout.line(line);
  return EXIT.done;
}

interface StatsColumn extends Column {
  cell: (row: StatsRow) => string;
  /** Keys for which the column says nothing. */
  not?: readonly StatsKey[];
}

const right = { align: "right" } as const;

const COLUMNS: readonly StatsColumn[] = [
  { title: "sessions", ...right, not: ["session"], cell: (row) => formatCount(row.sessions) },
  { title: "calls", ...right, not: ["model"], cell: (row) => formatCount(row.tool_calls) },
  { title: "failed", ...right, not: ["model"], cell: (row) => formatCount(row.tool_errors) },
  { title: "rate", ...right, not: ["model"], cell: (row) => formatPercent(row.tool_errors, row.tool_calls) },
  { title: "time", ...right, not: ["model"], cell: (row) => formatDuration(row.tool_duration_ms) },
  { title: "model calls", ...right, not: ["tool"], cell: (row) => formatCount(row.model_calls) },
  { title: "in", ...right, not: ["tool"], cell: (row) => formatShort(row.tokens.input) },
  { title: "cached", ...right, not: ["tool"], cell: (row) => formatShort(row.tokens.cache_read) },
  { title: "to cache", ...right, not: ["tool"], cell: (row) => formatShort(row.tokens.cache_write) },
  { title: "out", ...right, not: ["tool"], cell: (row) => formatShort(row.tokens.output) },
  {
    title: "cost",
    ...right,
    not: ["tool"],
    cell: ({ cost_usd: cost }) => (cost === null ? "–" : formatUsd(cost)),
  },
];

function print({ stdout }: CommandContext, by: StatsKey, rows: readonly StatsRow[]): void {
  if (rows.length === 0) {
    stdout.line("Nothing to count.");
    return;
  }
  const shown = COLUMNS.filter(({ not }) => not?.includes(by) !== true);
  const table = rows.map((row) => [
    printable(by === "hour" ? row.key.slice(0, 16).replace("T", " ") : row.key),
    ...shown.map(({ cell }) => cell(row)),
  ]);
  for (const line of renderTable([{ title: by, shrinks: true }, ...shown], table, stdout.lineColumns))
    stdout.line(line);
}
