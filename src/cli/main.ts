#!/usr/bin/env node
// The command line's entry: the only file that reads the process's arguments and decides how it ends. `hook` goes its
// own way before anything else is loaded, and as the commands that only read, without Node's loader of ES modules, whose
// start would cost them more than all else that they do.

import { createRequire } from "node:module";

import { commandPosition } from "./args.ts";
import { currentFolder } from "./current-folder.ts";
import { READING_COMMANDS } from "./reading.ts";

void main(process.argv.slice(2));

// --- internal ---

async function main(argv: readonly string[]): Promise<void> {
  const load = createRequire(import.meta.url);
  const at = commandPosition(argv);
  const name = argv[at] ?? "";
  if (name === "hook" && !argv.includes("--help") && !argv.includes("-h")) {
    const hook: typeof import("./hook.ts") = load("./hook.cjs");
    process.exitCode = 0;
    const question = hook.runHook(argv.toSpliced(at, 1), {
      env: process.env,
      cwd: currentFolder(process.env),
    });
    if (question === undefined) return;
    const { answerToolUse } = await import("./budget-gate.ts");
    await answerToolUse(question);
  } else {
    // Until it says how it went, a command has failed: also one that waits for what nothing brings any more.
    process.exitCode = 1;
    const bundle = Object.keys(READING_COMMANDS).find((file) => READING_COMMANDS[file]?.includes(name));
    const program: typeof import("./program.ts") =
      bundle === undefined ? await import("./program.ts") : load(`./${bundle}`);
    process.exitCode = await program.runProgram(argv);
  }
}
