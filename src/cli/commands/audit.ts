// The audit: what a person wants to see first.

import { parseDuration, UNFINISHED_LINE } from "../../read/index.ts";
import { auditReport, renderAudit } from "../../report/index.ts";
import { UsageError } from "../usage-error.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { INPUT_OPERANDS, readerOf, readProgress } from "../reader.ts";

/** With --errors so many are listed. */
const ERRORS_LISTED = 50;

export const audit: Command = {
  name: "audit",
  summary: "what the agents did: calls, errors, tokens, money",
  operands: INPUT_OPERANDS,
  options: {
    last: { kind: "text", value: "AGO", about: "only the time since: 90s, 30m, 2h, 7d, 1h30m" },
    session: {
      kind: "text",
      value: "ID",
      about: "one session: its id, the beginning of it, or an agent (its latest)",
    },
    errors: { kind: "flag", about: `list up to ${ERRORS_LISTED} errors instead of five` },
    json: { kind: "flag", about: "print the report as one JSON object" },
  },
  examples: [
    ["audit", "everything in the store"],
    ["audit --last 7d", "the last seven days"],
    ["audit --session 019b9f2e --errors", "one session, with its errors"],
  ],
  run,
};

async function run(context: CommandContext): Promise<ExitCode> {
  const progress = readProgress(context);
  const last = context.text("last");
  if (last !== undefined && parseDuration(last) === undefined) {
    throw new UsageError(`--last takes how long ago: 90s, 30m, 2h, 7d, 1h30m; got "${last}"`);
  }
  const report = await auditReport(readerOf(context), {
    last,
    session: context.text("session"),
    signal: context.signal,
    onProgress: progress.onProgress,
    ...(context.flag("errors") ? { errors: ERRORS_LISTED } : {}),
  });
  progress.clear();
  const { stdout } = context;
  if (context.flag("json")) stdout.json(report);
  else stdout.write(renderAudit(report, { columns: stdout.columns, color: stdout.color }));
  const damaged = report.skipped.some(({ reason }) => reason !== UNFINISHED_LINE);
  return damaged || report.anomalies.length > 0 || report.lost > 0 ? EXIT.findings : EXIT.done;
}
