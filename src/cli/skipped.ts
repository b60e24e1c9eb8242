// What a command says about what it could not read: on standard error, so that output stays clean, and by its
// exit code.

import type { ReadReport } from "../read/index.ts";
import { renderSkipped } from "../report/skipped-text.ts";
import { printable } from "../report/text.ts";
import type { CommandContext } from "./context.ts";
import { EXIT } from "./exit-codes.ts";
import type { ExitCode } from "./exit-codes.ts";

/** Exit code 3 when something was skipped that should have been readable. */
export function reportSkipped({ stderr }: CommandContext, report: ReadReport): ExitCode {
  for (const folder of report.emptyFolders) {
    stderr.line(`nothing to read in ${printable(folder)}: it holds no .jsonl, .ndjson or .gz file`);
  }
  for (const line of renderSkipped(report.skipped)) stderr.line(line);
  return report.hasDamage ? EXIT.findings : EXIT.done;
}
