// Looks at the store and the machine, and says what is wrong together with the command that mends it.

import { runChecks } from "../checks.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";

export const doctor: Command = {
  name: "doctor",
  summary: "check the store and this machine",
  options: {
    json: { kind: "flag", about: "print one JSON object for each check: {name, ok, about, hint?}" },
  },
  examples: [["doctor", "check everything"]],
  run,
};

async function run(context: CommandContext): Promise<ExitCode> {
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
