// The sessions of the store, oldest first: what a person wants to pick one from.

import { formatShortId } from "../../report/event-text.ts";
import { sessionRow } from "../../report/session-row.ts";
import type { SessionRow } from "../../report/session-row.ts";
import { renderTable } from "../../report/table.ts";
import { formatCount, formatMinute, formatUsd, printable } from "../../report/text.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import type { ExitCode } from "../exit-codes.ts";
import { timesOf } from "../filters.ts";
import { INPUT_OPERANDS, readerOf, readProgress } from "../reader.ts";
import { reportSkipped } from "../skipped.ts";
import { upkeep } from "../upkeep.ts";
import { UsageError } from "../usage-error.ts";

export const sessions: Command = {
  name: "sessions",
  summary: "list the sessions",
  operands: INPUT_OPERANDS,
  options: {
    agent: { kind: "text", value: "GLOB", about: "sessions of these agents: *, ?, [a-z]" },
    since: {
      kind: "text",
      value: "TIME",
      about: "figures of the time from then on: RFC 3339, or how long ago (2h, 7d)",
    },
    until: { kind: "text", value: "TIME", about: "figures of the time up to then" },
    last: { kind: "text", value: "N", about: "only the last N sessions" },
    limit: { kind: "text", value: "N", about: "a page of N sessions, the newest first" },
    offset: { kind: "text", value: "N", about: "how many of the newest sessions the page leaves out" },
    preview: { kind: "flag", about: "show the beginning of what the user said first" },
    all: { kind: "flag", about: "also those in which nothing happened between START and END" },
    json: { kind: "flag", about: "one JSON object a line" },
  },
  examples: [
    ["sessions --last 10", "the ten that began last"],
    ["sessions --limit 20 --offset 20 --preview", "the second page of twenty, and what they are about"],
    ["sessions --json | jq .cost_usd", "money of each"],
  ],
  run,
};

async function run(context: CommandContext): Promise<ExitCode> {
  if (context.operands.length === 0) await upkeep(context, { foldsIndex: true });
  const progress = readProgress(context);
  const reader = readerOf(context);
  // The last ones are a page as well, so that those in which nothing happened take no place in it.
  const last = context.count("last");
  const { limit, offset } = pageOf(context);
  const isPage = (last ?? limit ?? offset) !== undefined;
  const found = reader.sessions({
    order: isPage ? "newest" : "oldest",
    limit: last ?? limit,
    offset,
    empty: context.flag("all"),
    agent: context.text("agent"),
    ...timesOf(context),
    signal: context.signal,
    onProgress: progress.onProgress,
  });
  const rows: SessionRow[] = [];
  try {
    for await (const session of found) {
      const row = sessionRow(session);
      if (!context.flag("json") || last !== undefined) {
        rows.push(row);
        continue;
      }
      context.stdout.json(row);
      if (context.stdout.isFull) await context.stdout.drain();
    }
  } finally {
    progress.clear();
  }
  if (last !== undefined) rows.reverse();
  if (!context.flag("json")) print(context, rows);
  else for (const row of rows) context.stdout.json(row);
  return reportSkipped(context, found.report);
}

// --- internal ---

/** @throws UsageError */
function pageOf(context: CommandContext): { limit: number | undefined; offset: number | undefined } {
  const limit = context.count("limit");
  const offset = context.text("offset") === "0" ? 0 : context.count("offset");
  if ((limit ?? offset) !== undefined && context.text("last") !== undefined) {
    throw new UsageError("--last and a page by --limit and --offset exclude each other");
  }
  return { limit, offset };
}

const right = { align: "right" } as const;

function print(context: CommandContext, rows: readonly SessionRow[]): void {
  const { stdout } = context;
  if (rows.length === 0) {
    const hint = context.operands.length > 0 ? "" : " Record something, or try: tracekeep import";
    stdout.line(`No sessions.${hint}`);
    return;
  }
  const lines = renderTable(
    [
      { title: "started (UTC)" },
      { title: "session" },
      { title: context.flag("preview") ? "user" : "agent / title", shrinks: true },
      { title: "status" },
      { title: "events", ...right },
      { title: "tools", ...right },
      { title: "failed", ...right },
      { title: "cost", ...right },
      { title: "health", ...right },
    ],
    rows.map((row) => [
      row.started_at === null ? "" : formatMinute(row.started_at),
      formatShortId(row.session_id),
      printable((context.flag("preview") ? row.preview : row.title) ?? row.agent_id),
      row.status,
      formatCount(row.events),
      formatCount(row.tool_calls),
      formatCount(row.tool_errors),
      row.cost_usd === null ? "–" : formatUsd(row.cost_usd),
      // Nothing was recorded that says how well it went. `tracekeep health` looks at all of its events.
      row.health.points.length === 0 ? "–" : String(row.health.score),
    ]),
    stdout.lineColumns,
  );
  for (const line of lines) stdout.line(line);
}
