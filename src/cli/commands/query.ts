// Events that match: as lines for people, as they are stored, or only how many.

import { csvTable } from "../../export/csv.ts";
import type { CsvTable } from "../../export/csv.ts";
import type { EventFilter, Reader } from "../../read/index.ts";
import { eventText } from "../../report/event-text.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import type { ExitCode } from "../exit-codes.ts";
import { FILTER_OPTIONS, filterOf, LAST_OPTION, lastOf } from "../filters.ts";
import { INPUT_OPERANDS, readerOf, readProgress } from "../reader.ts";
import { reportSkipped } from "../skipped.ts";
import { upkeep } from "../upkeep.ts";
import { UsageError } from "../usage-error.ts";

export const query: Command = {
  name: "query",
  summary: "find events",
  operands: INPUT_OPERANDS,
  options: {
    ...FILTER_OPTIONS,
    ...LAST_OPTION,
    count: { kind: "flag", about: "only how many there are; with --json also of which types" },
    json: { kind: "flag", about: "event lines as they are stored" },
    csv: { kind: "flag", about: "a table, with a line of names first" },
    fields: { kind: "text", value: "A,B,…", about: "csv: the columns, e.g. timestamp,tool,args.command" },
  },
  examples: [
    ["query --severity ERROR --last 5", "the latest errors"],
    ["query --event TOOL_CALL --where tool=Bash --since 1d", "shell commands of the last day"],
    ["query --grep 'rm -rf' --json | jq .args", "who removed what"],
    ["query --csv --fields timestamp,tool,args.command --event TOOL_CALL", "tool calls as a table"],
    ["query --severity WARN logs/ old.jsonl.gz", "any JSON Lines, compressed or not"],
    ["query --where level=error - < app.log", "what a program prints"],
  ],
  run,
};

async function run(context: CommandContext): Promise<ExitCode> {
  const chosen = ["count", "csv", "json"].filter((name) => context.flag(name));
  if (chosen.length > 1 && context.flag("csv"))
    throw new UsageError(`--${chosen.join(" and --")} do not go together`);
  const fields = context.text("fields")?.split(",");
  if (fields !== undefined && !context.flag("csv")) throw new UsageError("--fields is for --csv");
  const table = context.flag("csv") ? csvTable({ fields }) : undefined;
  if (context.operands.length === 0) await upkeep(context);
  const reader = readerOf(context);
  const progress = readProgress(context);
  const { onProgress } = progress;
  const filter = { ...filterOf(context), ...lastOf(context), onProgress };
  try {
    return context.flag("count")
      ? await printCount(context, reader, filter)
      : await printEvents(context, reader, filter, table);
  } finally {
    progress.clear();
  }
}

// --- internal ---

async function printCount(context: CommandContext, reader: Reader, filter: EventFilter): Promise<ExitCode> {
  const { events, event_counts: counts, report } = await reader.count(filter);
  if (context.flag("json")) context.stdout.json({ events, event_counts: counts });
  else context.stdout.line(String(events));
  return reportSkipped(context, report);
}

async function printEvents(
  context: CommandContext,
  reader: Reader,
  filter: EventFilter,
  table: CsvTable | undefined,
): Promise<ExitCode> {
  const { stdout } = context;
  const lines = reader.lines(filter);
  if (table !== undefined) stdout.write(table.head);
  for await (const { event, text } of lines) {
    if (table !== undefined) stdout.write(table.row(event));
    else if (context.flag("json")) stdout.write(text);
    else stdout.line(eventText(event, { columns: stdout.lineColumns, color: stdout.color, place: true }));
    if (stdout.isFull) await stdout.drain();
  }
  return reportSkipped(context, lines.report);
}
