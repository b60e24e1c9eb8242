// Events that match: as lines for people, as they are stored, or only how many.

import { openReader, parseDuration } from "../../read/index.ts";
import { eventText } from "../../report/index.ts";
import { UsageError } from "../usage-error.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import type { ExitCode } from "../exit-codes.ts";
import { FILTER_OPTIONS, filterOf } from "../filters.ts";
import { reportSkipped } from "../skipped.ts";
import { upkeep } from "../upkeep.ts";

export const query: Command = {
  name: "query",
  summary: "find events",
  options: {
    ...FILTER_OPTIONS,
    last: {
      kind: "text",
      value: "N|AGO",
      about: "the last N of them, or those of this long ago until now (90s, 1h, 7d)",
    },
    count: { kind: "flag", about: "only how many there are" },
    json: { kind: "flag", about: "event lines as they are stored" },
  },
  examples: [
    ["query --severity ERROR --last 5", "the latest errors"],
    ["query --event TOOL_CALL --where tool=Bash --since 1d", "shell commands of the last day"],
    ["query --grep 'rm -rf' --json | jq .args", "who removed what"],
  ],
  run,
};

async function run(context: CommandContext): Promise<ExitCode> {
  await upkeep(context);
  const { stdout } = context;
  const reader = openReader(context.place);
  const lines = reader.lines({ ...filterOf(context), ...lastOf(context) });
  let count = 0;
  for await (const { event, text } of lines) {
    count++;
    if (context.flag("count")) continue;
    if (context.flag("json")) stdout.write(text);
    else stdout.line(eventText(event, { columns: stdout.lineColumns, color: stdout.color, place: true }));
    if (stdout.isFull) await stdout.drain();
  }
  if (context.flag("count")) stdout.line(String(count));
  return reportSkipped(context, lines.report);
}

// --- internal ---

function lastOf(context: CommandContext): { last?: number; since?: string } {
  const text = context.text("last");
  if (text === undefined) return {};
  if (/^\d+$/.test(text)) return { last: context.count("last") ?? 1 };
  if (parseDuration(text) === undefined) {
    throw new UsageError(
      `--last takes a number of events, or how long ago (90s, 30m, 2h, 7d, 1h30m), got "${text}"`,
    );
  }
  if (context.text("since") !== undefined)
    throw new UsageError("--last with a time and --since say the same: give one");
  return { since: text };
}
