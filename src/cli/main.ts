#!/usr/bin/env node
// The command line's entry: the only file that reads the process's arguments and decides how it ends. `hook` goes its
// own way before anything else is loaded.

const argv = process.argv.slice(2);

if (argv[0] === "hook" && !argv.includes("--help") && !argv.includes("-h")) {
  const { readHookInput, runHook } = await import("./hook.ts");
  runHook(argv.slice(1), { env: process.env, cwd: process.cwd(), readInput: () => readHookInput(0) });
  process.exitCode = 0;
} else {
  const { runProgram } = await import("./program.ts");
  process.exitCode = await runProgram(argv);
}
