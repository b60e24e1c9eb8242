// The audit: what a person, or the agent that was asked, wants to see first. Its views are in ../audit-views.ts.

import { existsSync } from "node:fs";
import path from "node:path";

import { nearestName } from "../../base/nearest.ts";
import { openReader, parseDuration } from "../../read/index.ts";
import type { Reader } from "../../read/index.ts";
import { fencedData } from "../../report/index.ts";
import { AUDIT_VIEWS } from "../audit-views.ts";
import { UsageError } from "../usage-error.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { readerOf, readProgress } from "../reader.ts";
import { reportPlaces } from "../skipped.ts";
import { upkeep } from "../upkeep.ts";

export const audit: Command = {
  name: "audit",
  summary: "what the agents did: calls, errors, tokens, money",
  operands: { usage: `[${Object.keys(AUDIT_VIEWS).join("|")}] [NAME] | PATH...`, min: 0, max: 10_000 },
  options: {
    last: { kind: "text", value: "AGO", about: "only the time since: 90s, 30m, 2h, 7d, 1h30m" },
    session: {
      kind: "text",
      value: "ID",
      about: "one session: its id, the beginning of it, or an agent (its latest)",
    },
    errors: { kind: "flag", about: "list up to 50 errors instead of five" },
    anomalies: {
      kind: "flag",
      about: "list what the rules find (docs/detection.md); exit code 3 when there is any",
    },
    mermaid: { kind: "flag", about: "with flow: a Mermaid graph" },
    markdown: {
      kind: "flag",
      about: "for an agent to read: log content fenced, cut and without hidden text",
    },
    json: { kind: "flag", about: "print the report as one JSON object" },
  },
  examples: [
    ["audit", "everything in the store"],
    ["audit --last 7d", "the last seven days"],
    ["audit --anomalies --last 1d", "loops, storms, streaks of errors: nothing should be listed"],
    ["audit --session 019b9f2e --errors", "one session, with its errors"],
    ["audit agent claude-code", "one agent; * and ? as in file names"],
    ["audit flow", "who handed work to whom"],
    ["audit permissions", "who allowed what, and how"],
    ["audit coverage", "what hooks and transcripts saw"],
    ["audit validate", "whether the logs keep their format"],
    ["audit .claude/audit", "files and folders, whoever wrote them; - is standard input"],
  ],
  run,
};

async function run(context: CommandContext): Promise<ExitCode> {
  const last = context.text("last");
  if (last !== undefined && parseDuration(last) === undefined) {
    throw new UsageError(`--last takes how long ago: 90s, 30m, 2h, 7d, 1h30m; got "${last}"`);
  }
  const { name, view, agent, reader } = chosenView(context);
  if (reader === undefined) await upkeep(context, { foldsIndex: true });
  const { stdout } = context;
  const asMarkdown = context.flag("markdown");
  const progress = readProgress(context);
  const found = view(reader ?? openReader(context.place), {
    last,
    session: context.text("session"),
    agent,
    errors: context.flag("errors"),
    mermaid: context.flag("mermaid"),
    columns: asMarkdown ? MARKDOWN_COLUMNS : stdout.columns,
    color: !asMarkdown && stdout.color,
    signal: context.signal,
    onProgress: progress.onProgress,
  });
  const { data, text, hasFindings, skipped = [] } = await found.finally(progress.clear);
  if (context.flag("json")) stdout.json(data);
  else if (asMarkdown) stdout.write(fencedData(`Audit: ${name}`, text()));
  else stdout.write(text());
  reportPlaces(context, skipped);
  return hasFindings ? EXIT.findings : EXIT.done;
}

// --- internal ---

const MARKDOWN_COLUMNS = 100;

interface ChosenView {
  name: string;
  view: (typeof AUDIT_VIEWS)[string];
  agent: string | undefined;
  /** Of the paths that are named instead of a view; undefined for the store. */
  reader: Reader | undefined;
}

function chosenView(context: CommandContext): ChosenView {
  const { operands, cwd } = context;
  const usual = context.flag("anomalies") ? "anomalies" : "summary";
  const [first = usual] = operands;
  const isPath =
    first === "-" || (!Object.hasOwn(AUDIT_VIEWS, first) && existsSync(path.resolve(cwd, first)));
  const reader = isPath ? readerOf(context) : undefined;
  const [name = usual, agent, ...more] = isPath ? [] : operands;
  if (more.length > 0) throw new UsageError(`audit takes a view and a name, or paths; got "${more[0]}" too`);
  const view = AUDIT_VIEWS[name];
  if (view === undefined || !Object.hasOwn(AUDIT_VIEWS, name)) {
    const nearest = nearestName(name, Object.keys(AUDIT_VIEWS));
    const hint =
      nearest === undefined
        ? `; there are ${Object.keys(AUDIT_VIEWS).join(", ")}`
        : `; did you mean ${nearest}?`;
    throw new UsageError(`there is no view or file "${name}"${hint}`);
  }
  if ((agent === undefined) === (name === "agent")) {
    throw new UsageError(
      name === "agent" ? "agent needs a name: audit agent NAME" : `${name} takes no "${agent ?? ""}"`,
    );
  }
  if (context.flag("mermaid") && name !== "flow") throw new UsageError("--mermaid is for: audit flow");
  if (name === "validate" && context.text("last") !== undefined) {
    throw new UsageError("validate looks at whole sessions: leave --last out");
  }
  return { name, view, agent, reader };
}
