// One session in full: its figures, then its events as lines, or whole.

import { openReader } from "../../read/index.ts";
import {
  eventText,
  FindingsWatch,
  fitText,
  formatCount,
  formatDuration,
  formatMinute,
  formatShort,
  formatUsd,
  plural,
  printable,
  sessionRow,
} from "../../report/index.ts";
import type { SessionRow } from "../../report/index.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import type { ExitCode } from "../exit-codes.ts";
import { reportSkipped } from "../skipped.ts";
import { upkeep } from "../upkeep.ts";

export const show: Command = {
  name: "show",
  summary: "show one session in full",
  operands: { usage: "ID", min: 1, max: 1 },
  options: {
    full: { kind: "flag", about: "whole events instead of one line for each" },
    json: { kind: "flag", about: "the session's row as one JSON object, then its events as they are stored" },
  },
  examples: [
    ["show 019b9f2e", "an id may be cut short as long as one session has it"],
    ["show claude-code", "the latest session of an agent"],
    ["show 019b9f2e --full", "every event with all of its fields"],
  ],
  run,
};

async function run(context: CommandContext): Promise<ExitCode> {
  await upkeep(context);
  const { stdout, stderr } = context;
  const reader = openReader(context.place);
  const name = context.operands[0] ?? "";
  const watch = new FindingsWatch();
  const { session, matched } = reader.session(name, (event) => watch.observe(event));
  if (matched === "agent")
    stderr.line(`the latest session of ${printable(name)}: ${printable(session.session_id)}`);
  const row = { ...sessionRow(session), health: watch.take(session).health };
  const lines = reader.lines({ session: session.session_id, signal: context.signal });
  if (context.flag("json")) stdout.json(row);
  else printHead(context, row, session.active_ms);
  for await (const { event, text } of lines) {
    if (context.flag("json")) stdout.write(text);
    else if (context.flag("full")) stdout.line(whole(event));
    else stdout.line(eventText(event, { columns: stdout.lineColumns, color: stdout.color }));
    if (stdout.isFull) await stdout.drain();
  }
  return reportSkipped(context, lines.report);
}

// --- internal ---

function printHead({ stdout }: CommandContext, row: SessionRow, activeMs: number): void {
  const field = (name: string, value: string | null): void => {
    if (value !== null) stdout.line(fitText(`${name.padEnd(9)} ${printable(value)}`, stdout.lineColumns));
  };
  field("session", row.session_id);
  field("title", row.title);
  field("agent", row.agent_id);
  field("parent", row.parent_id);
  field("project", row.project);
  field("source", row.source);
  const { started_at: startedAt, last_at: lastAt, tokens } = row;
  if (startedAt !== null && lastAt !== null) {
    const spanMs = Date.parse(lastAt) - Date.parse(startedAt);
    field(
      "time",
      `${formatMinute(startedAt)} to ${formatMinute(lastAt)} UTC (${formatDuration(spanMs)}, active ${formatDuration(activeMs)})`,
    );
  }
  field("status", row.status);
  field(
    "events",
    `${formatCount(row.events)}; ${plural(row.tool_calls, "tool call")}, ${formatCount(row.tool_errors)} failed; ${plural(row.model_calls, "model call")}`,
  );
  field(
    "tokens",
    `${formatShort(tokens.input)} in, ${formatShort(tokens.cache_read)} from cache, ${formatShort(tokens.cache_write)} to cache, ${formatShort(tokens.output)} out`,
  );
  field("cost", row.cost_usd === null ? "not priced" : formatUsd(row.cost_usd));
  if (row.unpriced.length > 0) field("unpriced", row.unpriced.join(", "));
  const { score, band, points } = row.health;
  const why = points.map(({ what, count }) => (count > 1 ? `${what} × ${count}` : what)).join(", ");
  field("health", `${score} of 100, ${band}${why === "" ? "" : `: ${why}`}`);
  if (row.copies.tool_calls + row.copies.model_calls > 0) {
    field(
      "copies",
      `${plural(row.copies.tool_calls, "tool call")}, ${plural(row.copies.model_calls, "model call")} of another session`,
    );
  }
  stdout.line();
}

/** An event over several lines; its strings keep their line ends, but nothing that could move the cursor. */
function whole(event: object): string {
  const json = JSON.stringify(event, null, 2).split("\n");
  return json.map(printable).join("\n");
}
