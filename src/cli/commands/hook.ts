// The help of `hook`. The command itself is src/cli/hook.ts, which main.ts runs without loading any of this; here it is
// for command lines that begin otherwise, such as `tracekeep --dir DIR hook`.

import { HOOK_HOSTS } from "../../integrations/index.ts";
import { answerToolUse } from "../budget-gate.ts";
import { ENFORCE_BUDGETS, runHook } from "../hook.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";

export const hook: Command = {
  name: "hook",
  summary: "record one hook call (run by the agent's host)",
  operands: { usage: `[${HOOK_HOSTS.join("|")}]`, min: 0, max: 1 },
  options: {
    scope: {
      kind: "text",
      value: "SCOPE",
      about: "project (its store, created when there is none) or user (its store, else the user's own)",
    },
    "enforce-budgets": {
      kind: "flag",
      about: "answer PreToolUse with a refusal once a budget of settings.json is used up",
    },
  },
  examples: [
    ["hook claude-code < call.json", "one JSON object on standard input; prints nothing, always exits 0"],
  ],
  run,
};

async function run(context: CommandContext): Promise<ExitCode> {
  const { operands, env, cwd } = context;
  const named = (["dir", "scope"] as const).flatMap((name) => {
    const value = context.text(name);
    return value === undefined ? [] : [`--${name}`, value];
  });
  const chunks: Buffer[] = [];
  for await (const chunk of context.stdin) chunks.push(Buffer.from(chunk));
  const asked = context.flag("enforce-budgets") ? [ENFORCE_BUDGETS] : [];
  const readInput = (): Buffer => Buffer.concat(chunks);
  const question = runHook([...operands, ...named, ...asked], { env, cwd, readInput });
  if (question !== undefined) await answerToolUse(question);
  return EXIT.done;
}
