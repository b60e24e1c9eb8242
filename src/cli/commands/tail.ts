// The last events, and those to come.

import type { Event } from "../../event/index.ts";
import { openReader } from "../../read/index.ts";
import type { FollowedLine, ReadStream, StoredLine, Subscription } from "../../read/index.ts";
import { eventText } from "../../report/event-text.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import type { ExitCode } from "../exit-codes.ts";
import { FILTER_OPTIONS, filterOf } from "../filters.ts";
import { reportSkipped } from "../skipped.ts";
import { upkeep } from "../upkeep.ts";

const DEFAULT_COUNT = 10;

export const tail: Command = {
  name: "tail",
  summary: "the last events, and with -f those to come",
  options: {
    ...FILTER_OPTIONS,
    last: {
      kind: "text",
      short: "n",
      value: "N",
      about: `the last N of them (default ${DEFAULT_COUNT}); 0 with -f for none`,
    },
    follow: {
      kind: "flag",
      short: "f",
      about:
        "go on with what comes, new sessions too; a --session that is still to come is waited for, and its end ends this",
    },
    json: { kind: "flag", about: "event lines as they are stored" },
  },
  examples: [
    ["tail -f", "watch all agents"],
    ["tail -n 50 --session deploy-42", "how a session ended"],
    ["tail -f --severity ERROR --json | jq .error", "failures as they happen"],
  ],
  run,
};

async function run(context: CommandContext): Promise<ExitCode> {
  const { stdout } = context;
  const follows = context.flag("follow");
  await upkeep(context);
  const lines = linesOf(context, follows);
  for await (const { event, text } of lines) {
    if (context.flag("json")) stdout.write(text);
    else
      stdout.line(
        eventText(event as Event, { columns: stdout.lineColumns, color: stdout.color, place: true }),
      );
    if (follows || stdout.isFull) await stdout.drain();
  }
  return reportSkipped(context, lines.report);
}

// --- internal ---

function linesOf(
  context: CommandContext,
  follows: boolean,
): ReadStream<StoredLine> | Subscription<FollowedLine> {
  const reader = openReader(context.place);
  const last = follows && context.text("last") === "0" ? 0 : (context.count("last") ?? DEFAULT_COUNT);
  const { severity, ...filter } = filterOf(context);
  if (!follows) return reader.lines({ ...filter, severity, last });
  return reader.follow({ ...filter, minSeverity: severity, last: last === 0 ? undefined : last });
}
