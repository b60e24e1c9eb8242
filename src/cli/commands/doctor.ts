// Looks at the store and the machine, and says what is wrong together with the command that mends it.

import { nodeDisk } from "../../store/disk/disk.ts";
import { removeLeftTemporaryFiles } from "../../store/disk/temporary-file.ts";
import { findStore } from "../../store/session/find.ts";
import { fixModes, runChecks } from "../checks.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";

export const doctor: Command = {
  name: "doctor",
  summary: "check the store and this machine",
  options: {
    fix: {
      kind: "flag",
      about: "first make the store's files yours alone, and remove what dead writers left unfinished",
    },
    json: { kind: "flag", about: "print one JSON object for each check: {name, ok, about, hint?}" },
  },
  examples: [
    ["doctor", "check everything"],
    ["doctor --fix", "and repair what can be repaired"],
  ],
  run,
};

async function run(context: CommandContext): Promise<ExitCode> {
  if (context.flag("fix")) {
    const dir = findStore(context.place);
    fixModes(dir);
    removeLeftTemporaryFiles(nodeDisk, dir);
  }
  const checks = runChecks(context.place);
  for (const check of checks) {
    if (context.flag("json")) {
      context.stdout.json(check);
      continue;
    }
    context.stdout.line(`${check.ok ? "ok  " : "look"}  ${check.name}: ${check.about}`);
    if (check.hint !== undefined) context.stdout.line(`        ${check.hint}`);
  }
  await context.stdout.drain();
  return checks.every(({ ok }) => ok) ? EXIT.done : EXIT.findings;
}
