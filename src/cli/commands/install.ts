// Has an agent's host run `tracekeep hook` at every step, and takes that back.

import * as fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { install as installHooks, uninstall } from "../../integrations/index.ts";
import type { Installation } from "../../integrations/index.ts";
import { fitText, plural, printable } from "../../report/index.ts";
import { diffLines } from "../diff.ts";
import { UsageError } from "../usage-error.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";

export const install: Command = {
  name: "install",
  summary: "have Claude Code recorded as it works; --uninstall takes it back",
  operands: { usage: "claude-code", min: 1, max: 1 },
  options: {
    scope: {
      kind: "text",
      value: "SCOPE",
      about: "project (this folder's .claude, the default) or user (every project)",
    },
    uninstall: { kind: "flag", about: "take the hooks out again and restore the settings" },
    "enforce-budgets": {
      kind: "flag",
      about: "have tool calls wait for an answer, and refuse them once a budget of settings.json is used up",
    },
    "dry-run": { kind: "flag", about: "show what would change and change nothing" },
    json: { kind: "flag", about: "print {changes[{file, before, after}], kept, notes[]} as one JSON object" },
  },
  examples: [
    ["install claude-code", "record what Claude Code does in this project"],
    ["install claude-code --scope user", "in every project"],
    ["install claude-code --uninstall", "take it back"],
  ],
  run,
};

async function run(context: CommandContext): Promise<ExitCode> {
  const [host] = context.operands;
  if (host !== "claude-code") throw new UsageError(`install knows claude-code, not "${host ?? ""}"`);
  const scope = context.choice("scope", ["project", "user"]) ?? "project";
  const options = {
    folder: settingsFolder(context, scope),
    auditCommand: fs.readFileSync(AUDIT_COMMAND, "utf8"),
    dryRun: context.flag("dry-run"),
  };
  const isBack = context.flag("uninstall");
  const budgets = context.flag("enforce-budgets") ? " --enforce-budgets" : "";
  const command = `${program(context.env)} hook claude-code --scope ${scope}${budgets}`;
  const done = isBack ? uninstall(options) : installHooks({ ...options, command });
  if (context.flag("json")) context.stdout.json(done);
  else print(context, done, isBack);
  return EXIT.done;
}

// --- internal ---

/** The same text as the plugin's. */
const AUDIT_COMMAND = new URL("../../../plugins/claude-code/commands/audit.md", import.meta.url);

function settingsFolder({ cwd, env, home }: CommandContext, scope: "project" | "user"): string {
  if (scope === "project") return path.join(cwd, ".claude");
  const [configured = ""] = (env["CLAUDE_CONFIG_DIR"] ?? "").split(",");
  return configured.trim() === "" ? path.join(home, ".claude") : path.resolve(cwd, configured.trim());
}

/** By name where the shell finds it, which lasts through updates; else by where it is. */
function program(env: CommandContext["env"]): string {
  const folders = (env["PATH"] ?? "").split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  if (folders.some((folder) => fs.existsSync(path.join(folder, "tracekeep")))) return "tracekeep";
  const main = fileURLToPath(new URL("../main.cjs", import.meta.url));
  return `${shellQuoted(process.execPath)} ${shellQuoted(main)}`;
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function print(context: CommandContext, { changes, kept, notes }: Installation, isBack: boolean): void {
  const { stdout } = context;
  for (const { file, before, after } of changes) {
    stdout.line(after === undefined ? `removed ${printable(file)}` : printable(file));
    if (after === undefined) continue;
    for (const line of diffLines(before ?? "", after))
      stdout.line(`  ${fitText(printable(line), stdout.columns - 2)}`);
  }
  for (const note of notes) stdout.line(printable(note));
  if (kept !== undefined) stdout.line(`the old file is kept: ${printable(kept)}`);
  if (changes.length === 0) stdout.line(isBack ? "nothing of ours is there" : "already installed");
  else if (context.flag("dry-run")) stdout.line(`${plural(changes.length, "file")} would change`);
  else if (isBack) stdout.line("Claude Code is no longer recorded; what was recorded stays.");
  else stdout.line("Claude Code is recorded from its next session on. Ask it: /audit");
}
