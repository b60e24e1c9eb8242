// Every command but `hook`.

import { RECORDER } from "../record/version.ts";
import { COMMANDS } from "./commands.ts";
import { runCommand } from "./run.ts";
import { processSurroundings } from "./surroundings.ts";

/** Runs a command line of this process and returns its exit code. */
export function runProgram(argv: readonly string[]): Promise<number> {
  return runCommand(COMMANDS, argv, processSurroundings(), RECORDER.replace("/", " "));
}
