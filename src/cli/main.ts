#!/usr/bin/env node
// The command line's entry: the only file that reads the process's arguments and decides how it ends. `hook` goes its
// own way before anything else is loaded, and without Node's loader of ES modules, whose start would cost it more than
// all else that it does.

import { createRequire } from "node:module";

void main(process.argv.slice(2));

// --- internal ---

async function main(argv: readonly string[]): Promise<void> {
  if (argv[0] === "hook" && !argv.includes("--help") && !argv.includes("-h")) {
    const hook: typeof import("./hook.ts") = createRequire(import.meta.url)("./hook.cjs");
    process.exitCode = 0;
    const question = hook.runHook(argv.slice(1), { env: process.env, cwd: process.cwd() });
    if (question === undefined) return;
    const { answerToolUse } = await import("./budget-gate.ts");
    await answerToolUse(question);
  } else {
    const { runProgram } = await import("./program.ts");
    process.exitCode = await runProgram(argv);
  }
}
