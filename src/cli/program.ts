// Every command but `hook`.

import { RECORDER } from "../record/version.ts";
import type { Command } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { runCommand } from "./run.ts";
import { processSurroundings } from "./surroundings.ts";

/**
 * Runs a command line of this process and returns its exit code.
 *
 * @param loaded commands that are there already, by their names
 */
export function runProgram(
  argv: readonly string[],
  loaded: Readonly<Record<string, Command>> = {},
): Promise<number> {
  const commands = COMMANDS.map((entry) => {
    const command = loaded[entry.name];
    return command === undefined ? entry : { ...entry, load: () => Promise.resolve(command) };
  });
  return runCommand(commands, argv, processSurroundings(), RECORDER.replace("/", " "));
}
