// `import json`: sessions of ours back from their documents. Each is restored whole or not at all; one that cannot be is
// reported, and the others are restored all the same.

import { TracekeepError } from "../base/errors.ts";
import { findDocuments, newReport, restoreDocument } from "../import/index.ts";
import type { ImportReport } from "../import/index.ts";
import { openStore } from "../record/index.ts";
import { formatCount, plural, printable } from "../report/index.ts";
import type { CommandContext } from "./context.ts";
import { EXIT } from "./exit-codes.ts";
import type { ExitCode } from "./exit-codes.ts";
import { UsageError } from "./usage-error.ts";

/** @throws UsageError; TracekeepError when there is one document and it cannot be restored */
export async function importDocuments(context: CommandContext): Promise<ExitCode> {
  const paths = context.operands.slice(1);
  const id = context.text("as");
  if (paths.length === 0) throw new UsageError("name the documents, or a folder of them: import json PATH");
  if (context.text("zone") !== undefined) throw new UsageError("--zone is for decepticon and aicore");
  const files = findDocuments(paths, context.cwd);
  if (id !== undefined && files.length !== 1) {
    throw new UsageError(`--as is for one document, and there are ${formatCount(files.length)}`);
  }
  const report = newReport();
  const store = openStore({ ...context.place, handleSignals: false });
  try {
    for (const file of files) {
      context.signal.throwIfAborted();
      report.files++;
      try {
        report.events_added += restoreDocument(store, file, { id }).events;
        report.sessions++;
      } catch (error) {
        if (!(error instanceof TracekeepError) || files.length === 1) throw error;
        report.skipped.push({ file, from: 0, to: 0, reason: error.message });
      }
      // Others in this process, and Ctrl-C, have their turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    store.close();
  }
  print(context, report);
  return report.skipped.length > 0 ? EXIT.findings : EXIT.done;
}

// --- internal ---

function print(context: CommandContext, report: ImportReport): void {
  const { stdout } = context;
  if (context.flag("json")) {
    stdout.json(report);
    return;
  }
  const { files, sessions, events_added: events, skipped } = report;
  if (files === 0) stdout.line("no documents there");
  else
    stdout.line(
      `${plural(sessions, "session")} from ${plural(files, "document")}: ${plural(events, "event")} added`,
    );
  for (const { file, reason } of skipped) stdout.line(`refused ${printable(file)}: ${printable(reason)}`);
}
