// Writes down what the sessions add up to, and what stands where in long segments, so that nobody has to read them again
// to know.

import { openReader } from "../../read/index.ts";
import { formatCount, plural } from "../../report/index.ts";
import { writeIndex } from "../../session-index/build.ts";
import { nodeDisk } from "../../store/disk/disk.ts";
import { listIndexFiles, removeIndexFile, writeIndexFile } from "../../store/disk/index-file.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import type { ExitCode } from "../exit-codes.ts";
import { readProgress } from "../reader.ts";
import { reportSkipped } from "../skipped.ts";

export const index: Command = {
  name: "index",
  summary: "write down what the sessions add up to, so that lists and audits need not read them",
  options: {
    rebuild: { kind: "flag", about: "believe nothing of what is written down, and read all logs again" },
    json: { kind: "flag", about: "print what was done as one JSON object" },
  },
  examples: [
    ["index", "run it when lists get slow; it reads only what is new"],
    ["index --rebuild", "after logs were edited or put back by hand"],
  ],
  run,
};

async function run(context: CommandContext): Promise<ExitCode> {
  const reader = openReader(context.place);
  if (context.flag("rebuild"))
    for (const name of listIndexFiles(reader.dir)) removeIndexFile(nodeDisk, reader.dir, name);
  const progress = readProgress(context);
  const { data, report } = await writeIndex(reader, {
    signal: context.signal,
    onProgress: progress.onProgress,
  }).finally(progress.clear);
  const { outdated, orphans } = reader.blockIndexes();
  for (const { name, bytes } of outdated) writeIndexFile(nodeDisk, reader.dir, name, bytes);
  for (const name of orphans) removeIndexFile(nodeDisk, reader.dir, name);
  const { total_sessions: sessions } = data.summary;
  if (context.flag("json")) context.stdout.json({ sessions, events: report.read });
  else context.stdout.line(`${plural(sessions, "session")}, ${formatCount(report.read)} events`);
  return reportSkipped(context, report);
}
