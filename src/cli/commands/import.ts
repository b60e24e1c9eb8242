// Brings in what other tools recorded. Safe to run again and again: only what is new is added.

import * as fs from "node:fs";
import path from "node:path";

import { TracekeepError } from "../../base/errors.ts";
import { aiCore, decepticon, importSessions, IMPORTERS, sentinel } from "../../import/index.ts";
import type { Importer, ImportReport } from "../../import/index.ts";
import { openStore } from "../../record/index.ts";
import { nearestName } from "../../base/nearest.ts";
import { UsageError } from "../usage-error.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { importDocuments } from "../import-documents.ts";
import { ProgressLine } from "../progress.ts";
import { formatCount, plural, renderSkipped } from "../../report/index.ts";

export const importCommand: Command = {
  name: "import",
  summary:
    "bring in what Claude Code, Codex, Decepticon, Vivarium, AiCore, agentlogsafe or Sentinel recorded, or sessions of ours from documents",
  operands: { usage: "[SOURCE] [PATH...]", min: 0, max: 10_000 },
  options: {
    zone: {
      kind: "text",
      value: "ZONE",
      about: "decepticon, aicore, sentinel: of times without an offset: local, UTC, +09:00, Asia/Seoul",
    },
    as: { kind: "text", value: "ID", about: "json: the id that the session gets here (default: its own)" },
    again: { kind: "flag", about: "bring back what was deleted by the retention policy, or erased" },
    json: { kind: "flag", about: "print the report as one JSON object" },
  },
  examples: [
    ["import", "everything found on this machine"],
    ["import claude-code", "only what Claude Code recorded"],
    ["import vivarium ~/.scout", "Vivarium's audit log and its archives"],
    ["import codex ~/backup/sessions", "Codex rollouts from another folder"],
    ["import decepticon logs --zone local", "Decepticon's sessions, with this machine's times"],
    ["import aicore observability_data --zone UTC", "the model calls that AiCore's collector kept"],
    ["import sentinel .claude/audit --zone local", "Sentinel's sessions, those in its archive, too"],
    ["import agentlogsafe agent_events.jsonl", "each run of agentlogsafe as a session"],
    ["import json backup", "what `export json` wrote, as it was"],
    ["import some-transcript.jsonl", "one file; what it is, is found out"],
  ],
  run,
};

async function run(context: CommandContext): Promise<ExitCode> {
  if (context.operands[0] === "json") return importDocuments(context);
  if (context.text("as") !== undefined) throw new UsageError("--as is for: import json PATH");
  const { importers, paths } = chosen(context);
  checkPaths(context, paths);
  const store = openStore({ ...context.place, durability: "os", handleSignals: false });
  const progress = new ProgressLine(context.stderr);
  let report: ImportReport;
  try {
    report = await importSessions(store, {
      importers,
      ...(paths.length === 0 ? {} : { paths }),
      env: context.env,
      home: context.home,
      cwd: context.cwd,
      again: context.flag("again"),
      signal: context.signal,
      onProgress: ({ bytes, bytesDone, filesDone, files }) =>
        progress.show(bytesDone, bytes, `${filesDone}/${files} files`),
    });
  } finally {
    progress.clear();
    store.close();
  }
  if (context.flag("json")) context.stdout.json(report);
  else printReport(context, report, paths.length > 0);
  return report.skipped.length > 0 ? EXIT.findings : EXIT.done;
}

// --- internal ---

/** They write to the folder they are started in, to that of a project, or where they are told to. */
const WITHOUT_A_PLACE: ReadonlySet<string> = new Set(["decepticon", "sentinel", "agentlogsafe"]);

function chosen(context: CommandContext): { importers: readonly Importer[]; paths: readonly string[] } {
  const { operands } = context;
  const [first = ""] = operands;
  const zone = context.text("zone");
  const zoned: Readonly<Record<string, Importer>> = {
    decepticon: decepticon({ zone }),
    aicore: aiCore({ zone }),
    sentinel: sentinel({ zone }),
  };
  const known = IMPORTERS.map((each) => zoned[each.name] ?? each);
  const named = known.find(({ name }) => name === first);
  if (named !== undefined && WITHOUT_A_PLACE.has(named.name) && operands.length === 1) {
    const { name } = named;
    throw new UsageError(`${name} has no one place for its recordings: import ${name} PATH`);
  }
  if (named !== undefined) return { importers: [named], paths: operands.slice(1) };
  // A lone word that is no path is a misspelt source rather than a file.
  if (first !== "" && /^[a-z-]+$/.test(first)) {
    const nearest = nearestName(first, [...known.map(({ name }) => name), "json"]);
    if (nearest !== undefined)
      throw new UsageError(`there is no source "${first}"; did you mean ${nearest}?`);
  }
  return { importers: known, paths: operands };
}

/** Before a store is created for them. */
function checkPaths({ cwd }: CommandContext, paths: readonly string[]): void {
  for (const named of paths) {
    const file = path.resolve(cwd, named);
    if (fs.existsSync(file)) continue;
    const sources = [...IMPORTERS.map(({ name }) => name), "json"].join(", ");
    throw new TracekeepError("NO_FILE", `there is no file or folder ${file}`, {
      path: file,
      hint: `name a path, or a source: ${sources}`,
    });
  }
}

function printReport({ stdout }: CommandContext, report: ImportReport, named: boolean): void {
  if (report.files === 0) {
    stdout.line(
      named
        ? "no recordings there"
        : "no recordings of Claude Code, Codex, Vivarium or AiCore were found on this machine; elsewhere: tracekeep import PATH",
    );
  } else {
    const from = `${plural(report.sessions, "session")} in ${plural(report.files, "file")}`;
    const known = report.events_known > 0 ? `, ${formatCount(report.events_known)} were known` : "";
    stdout.line(`${from}: ${plural(report.events_added, "event")} added${known}`);
  }
  if (report.sessions_deleted.length > 0) {
    const deleted = plural(report.sessions_deleted.length, "session");
    stdout.line(`${deleted} left out: deleted here by the retention policy (--again brings them back)`);
  }
  for (const { file, from } of report.unfinished) {
    stdout.line(`unfinished last line, left for the next import: ${file} from byte ${formatCount(from)}`);
  }
  for (const line of renderSkipped(report.skipped)) stdout.line(line);
}
