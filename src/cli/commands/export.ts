// Sessions in other formats: to standard output, into a file, or into a folder by day.

import * as fs from "node:fs";
import path from "node:path";

import { nearestName } from "../../base/nearest.ts";
import {
  csv,
  decepticon,
  exportFile,
  exportFiles,
  json,
  jsonl,
  markdown,
  SessionExport,
} from "../../export/index.ts";
import type { ExportFormat, ExportOptions, ExportReport } from "../../export/index.ts";
import { openReader } from "../../read/index.ts";
import { formatCount, plural } from "../../report/index.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { FILTER_OPTIONS, filterOf, LAST_OPTION, lastOf } from "../filters.ts";
import { readProgress } from "../reader.ts";
import { reportSkipped } from "../skipped.ts";
import { upkeep } from "../upkeep.ts";
import { UsageError } from "../usage-error.ts";

const { session: _, ...EVENT_OPTIONS } = FILTER_OPTIONS;

const FORMATS: Readonly<Record<string, (context: CommandContext) => ExportFormat>> = {
  jsonl,
  json,
  markdown: (context) => markdown(context.flag("full") ? { maxCharacters: Number.MAX_SAFE_INTEGER } : {}),
  csv: (context) => csv({ fields: context.text("fields")?.split(",") }),
  decepticon,
};

export const exportCommand: Command = {
  name: "export",
  summary: "sessions as JSON Lines, JSON documents, Markdown, CSV or for Decepticon",
  operands: { usage: "FORMAT [SESSION...]", min: 1, max: 10_000 },
  options: {
    out: {
      kind: "text",
      value: "PATH",
      about: "a file; or a folder (that is there, or ends with /): a file for each session, in YYYY/MM/DD/",
    },
    ...EVENT_OPTIONS,
    ...LAST_OPTION,
    all: { kind: "flag", about: "also sessions in which nothing happened between START and END" },
    fields: { kind: "text", value: "A,B,…", about: "csv: the columns, e.g. timestamp,tool,args.command" },
    full: { kind: "flag", about: "markdown: cut nothing" },
    json: { kind: "flag", about: "with --out: the report as one JSON object" },
  },
  examples: [
    ["export markdown 019b9f2e --out run.md", "one session as a transcript"],
    ["export json --out backup/", "every session as a document that `import json` takes back"],
    ["export csv --event TOOL_CALL --fields timestamp,tool,args.command", "tool calls as a table"],
    ["export jsonl --since 1d --severity ERROR", "event lines as they are stored"],
    ["export jsonl --last 100", "the latest hundred"],
    ["export decepticon --out logs/", "for Decepticon's viewer"],
  ],
  run,
};

async function run(context: CommandContext): Promise<ExitCode> {
  const [name = "", ...sessions] = context.operands;
  const format = formatOf(name)(context);
  if (context.text("fields") !== undefined && name !== "csv") throw new UsageError("--fields is for csv");
  if (context.flag("full") && name !== "markdown") throw new UsageError("--full is for markdown");
  await upkeep(context);
  const progress = readProgress(context);
  const options: ExportOptions = {
    ...eventFilterOf(context),
    sessions: sessions.length === 0 ? undefined : sessions,
    empty: context.flag("all"),
    onProgress: progress.onProgress,
  };
  try {
    const out = context.text("out");
    return out === undefined
      ? await print(context, format, options, sessions.length)
      : await write(context, format, options, out, sessions.length);
  } finally {
    progress.clear();
  }
}

// --- internal ---

function formatOf(name: string): (context: CommandContext) => ExportFormat {
  const names = Object.keys(FORMATS);
  const format = names.includes(name) ? FORMATS[name] : undefined;
  if (format !== undefined) return format;
  const nearest = nearestName(name, names);
  throw new UsageError(
    `there is no format "${name}"; ${nearest === undefined ? `take one of ${names.join(", ")}` : `did you mean ${nearest}?`}`,
  );
}

/** Sessions stand behind the format, so there is no option for one. */
function eventFilterOf(context: CommandContext): Omit<ExportOptions, "sessions" | "empty"> {
  const { session: _session, after: _after, ...filter } = { ...filterOf(context), ...lastOf(context) };
  return filter;
}

async function print(
  context: CommandContext,
  format: ExportFormat,
  options: ExportOptions,
  named: number,
): Promise<ExitCode> {
  if (context.flag("json")) throw new UsageError("--json reports on files: give --out, too");
  // Said before the first of them is printed; without names it shows with the second.
  if (format.oneSession && named > 1) throw severalSessions(format);
  const { stdout } = context;
  const exported = new SessionExport(openReader(context.place), format, options);
  let first: string | undefined;
  for await (const { session, text } of exported) {
    first ??= session.session_id;
    if (format.oneSession && session.session_id !== first) throw severalSessions(format);
    stdout.write(text);
    if (stdout.isFull) await stdout.drain();
  }
  return tell(context, format, exported.report);
}

function severalSessions({ name }: ExportFormat): UsageError {
  return new UsageError(`${name} is one document a session: name one session, or a folder with --out`);
}

async function write(
  context: CommandContext,
  format: ExportFormat,
  options: ExportOptions,
  out: string,
  named: number,
): Promise<ExitCode> {
  const place = path.resolve(context.cwd, out);
  const isFolder = out.endsWith("/") || fs.statSync(place, { throwIfNoEntry: false })?.isDirectory() === true;
  if (!isFolder && format.oneSession && named !== 1) {
    throw new UsageError(
      `${format.name} is one document a session: name one session, or a folder: --out ${out}/`,
    );
  }
  const reader = openReader(context.place);
  const into = isFolder ? exportFiles : exportFile;
  const report = await into(reader, format, place, options);
  const { sessions, events, left_out, files } = report;
  if (context.flag("json")) {
    const skipped = report.reads.flatMap((read) => read.skipped);
    context.stdout.json({ format: format.name, sessions, events, left_out, files, skipped });
  } else {
    const what = `${plural(sessions, "session")}, ${plural(events, "event")}`;
    const where = files.length === 1 ? (files[0] ?? "") : `${plural(files.length, "file")} in ${place}`;
    context.stdout.line(files.length === 0 ? "nothing to export" : `${what}: ${where}`);
  }
  return tell(context, format, report);
}

function tell(context: CommandContext, format: ExportFormat, report: ExportReport): ExitCode {
  if (report.left_out > 0) {
    context.stderr.line(
      `${formatCount(report.left_out)} events have no place in ${format.name} and were left out`,
    );
  }
  const codes = report.reads.map((read) => reportSkipped(context, read));
  return codes.includes(EXIT.findings) ? EXIT.findings : EXIT.done;
}
