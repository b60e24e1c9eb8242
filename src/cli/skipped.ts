// What a command says about what it could not read: on standard error, so that output stays clean, and by its
// exit code.

import { UNFINISHED_LINE } from "../read/index.ts";
import type { ReadReport, SkippedBytes } from "../read/index.ts";
import { renderSkipped } from "../report/skipped-text.ts";
import { printable } from "../report/text.ts";
import type { CommandContext } from "./context.ts";
import { EXIT } from "./exit-codes.ts";
import type { ExitCode } from "./exit-codes.ts";

/** Exit code 3 when something was skipped that should have been readable. */
export function reportSkipped(context: CommandContext, report: ReadReport): ExitCode {
  const { stderr } = context;
  for (const folder of report.emptyFolders) {
    stderr.line(`nothing to read in ${printable(folder)}: it holds no .jsonl, .ndjson or .gz file`);
  }
  return reportPlaces(context, report.skipped);
}

/** The same of what a report of several reads lists. */
export function reportPlaces({ stderr }: CommandContext, skipped: readonly SkippedBytes[]): ExitCode {
  for (const line of renderSkipped(skipped)) stderr.line(line);
  return hasDamage(skipped) ? EXIT.findings : EXIT.done;
}

/** Whether anything is among it that is no line in the making. */
export function hasDamage(skipped: readonly SkippedBytes[]): boolean {
  return skipped.some(({ reason }) => reason !== UNFINISHED_LINE);
}
