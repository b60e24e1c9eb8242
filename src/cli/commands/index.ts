// Writes down what the sessions add up to, so that nobody has to read them again to know.

import { openReader } from "../../read/index.ts";
import { formatCount, plural } from "../../report/index.ts";
import { nodeDisk } from "../../store/disk.ts";
import { writeSummaryLines } from "../../store/summary-file.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import type { ExitCode } from "../exit-codes.ts";
import { readProgress } from "../reader.ts";
import { reportSkipped } from "../skipped.ts";

export const index: Command = {
  name: "index",
  summary: "write down what the sessions add up to, so that lists and audits need not read them",
  options: { json: { kind: "flag", about: "print what was done as one JSON object" } },
  examples: [["index", "run it when lists get slow; it reads only what is new"]],
  run,
};

async function run(context: CommandContext): Promise<ExitCode> {
  const reader = openReader(context.place);
  const progress = readProgress(context);
  const lines: string[] = [];
  const found = reader.indexLines({ signal: context.signal, onProgress: progress.onProgress });
  for await (const line of found) lines.push(line);
  progress.clear();
  writeSummaryLines(nodeDisk, reader.dir, lines);
  const { read } = found.report;
  if (context.flag("json")) context.stdout.json({ sessions: lines.length, events: read });
  else context.stdout.line(`${plural(lines.length, "session")}, ${formatCount(read)} events`);
  return reportSkipped(context, found.report);
}
