// The sessions of the store, oldest first: what a person wants to pick one from.

import { openReader } from "../../read/index.ts";
import {
  FindingsWatch,
  formatCount,
  formatMinute,
  formatShortId,
  formatUsd,
  printable,
  renderTable,
  sessionRow,
} from "../../report/index.ts";
import type { SessionRow } from "../../report/index.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import type { ExitCode } from "../exit-codes.ts";
import { reportSkipped } from "../skipped.ts";
import { upkeep } from "../upkeep.ts";

export const sessions: Command = {
  name: "sessions",
  summary: "list the sessions",
  options: {
    agent: { kind: "text", value: "GLOB", about: "sessions of these agents: *, ?, [a-z]" },
    since: {
      kind: "text",
      value: "TIME",
      about: "figures of the time from then on: RFC 3339, or how long ago (2h, 7d)",
    },
    until: { kind: "text", value: "TIME", about: "figures of the time up to then" },
    last: { kind: "text", value: "N", about: "only the last N sessions" },
    json: { kind: "flag", about: "one JSON object a line" },
  },
  examples: [
    ["sessions --last 10", "the ten that began last"],
    ["sessions --json | jq .cost_usd", "money of each"],
  ],
  run,
};

async function run(context: CommandContext): Promise<ExitCode> {
  await upkeep(context);
  const reader = openReader(context.place);
  const watch = new FindingsWatch();
  const found = reader.sessions({
    agent: context.text("agent"),
    since: context.text("since"),
    until: context.text("until"),
    last: context.count("last"),
    observe: (event) => watch.observe(event),
    signal: context.signal,
  });
  const rows: SessionRow[] = [];
  for await (const session of found) {
    const row = { ...sessionRow(session), health: watch.take(session).health };
    if (!context.flag("json")) {
      rows.push(row);
      continue;
    }
    context.stdout.json(row);
    if (context.stdout.isFull) await context.stdout.drain();
  }
  if (!context.flag("json")) print(context, rows);
  return reportSkipped(context, found.report);
}

// --- internal ---

const right = { align: "right" } as const;

function print({ stdout }: CommandContext, rows: readonly SessionRow[]): void {
  if (rows.length === 0) {
    stdout.line("No sessions. Record something, or try: tracekeep import");
    return;
  }
  const lines = renderTable(
    [
      { title: "started (UTC)" },
      { title: "session" },
      { title: "agent / title", shrinks: true },
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
      printable(row.title ?? row.agent_id),
      row.status,
      formatCount(row.events),
      formatCount(row.tool_calls),
      formatCount(row.tool_errors),
      row.cost_usd === null ? "–" : formatUsd(row.cost_usd),
      String(row.health.score),
    ]),
    stdout.isTerminal ? stdout.columns : stdout.lineColumns,
  );
  for (const line of lines) stdout.line(line);
}
