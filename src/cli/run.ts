// From a command line to an exit code. Everything that can go wrong on the way ends here, in one line that says what
// to do, and never in a stack trace unless it is our bug.

import { TracekeepError } from "../base/errors.ts";
import { nearestName } from "../base/nearest.ts";
import { printable } from "../report/index.ts";
import { commandPosition, parseArguments } from "./args.ts";
import { UsageError } from "./usage-error.ts";
import type { Command } from "./command.ts";
import { CommandContext } from "./context.ts";
import type { Surroundings } from "./context.ts";
import { EXIT } from "./exit-codes.ts";
import { commandHelp, programHelp } from "./help.ts";
import { ReaderGone } from "./output.ts";

/** A command that is loaded when it is asked for, so that each costs only its own code. */
export interface CommandEntry {
  name: string;
  summary: string;
  load: () => Promise<Command>;
}

/** Runs one command line. Never throws for what a user did. */
export async function runCommand(
  commands: readonly CommandEntry[],
  argv: readonly string[],
  surroundings: Surroundings,
  version: string,
): Promise<number> {
  const { stdout, stderr } = surroundings;
  let code: number;
  try {
    code = await dispatch(commands, argv, surroundings, version);
    await stdout.drain();
  } catch (error) {
    code = await explain(error, surroundings);
  }
  try {
    await stderr.drain();
  } catch (error) {
    if (!(error instanceof ReaderGone)) throw error;
  }
  return code;
}

// --- internal ---

async function dispatch(
  commands: readonly CommandEntry[],
  argv: readonly string[],
  surroundings: Surroundings,
  version: string,
): Promise<number> {
  const { stdout } = surroundings;
  const at = commandPosition(argv);
  const before = argv.slice(0, at);
  if (before.includes("--version")) {
    stdout.line(version);
    return EXIT.done;
  }
  const asked = parseArguments({ name: "tracekeep", options: {} }, before);
  const [name, ...rest] = argv.slice(at);
  // `help query` is `query --help`.
  if (name === "help" && rest[0] !== undefined) {
    return dispatch(commands, [rest[0], "--help"], surroundings, version);
  }
  if (asked.flags.has("help") || name === "help") {
    stdout.write(programHelp(commands));
    return EXIT.done;
  }
  if (name === undefined) throw new UsageError(`name a command\n\n${programHelp(commands)}`);
  const entry = commands.find((each) => each.name === name);
  if (entry === undefined) {
    const nearest = nearestName(
      name,
      commands.map((each) => each.name),
    );
    throw new UsageError(
      `there is no command "${name}"` +
        (nearest === undefined ? "; see: tracekeep --help" : `; did you mean ${nearest}?`),
    );
  }
  const command = await entry.load();
  try {
    const args = parseArguments(command, [...before, ...rest]);
    if (args.flags.has("help")) {
      stdout.write(commandHelp(command));
      return EXIT.done;
    }
    return await command.run(new CommandContext(surroundings, args));
  } catch (error) {
    // A RangeError from options that came straight off the command line is the user's to mend.
    if (!(error instanceof RangeError || error instanceof UsageError)) throw error;
    throw new UsageError(`${error.message}\nsee: tracekeep ${name} --help`);
  }
}

async function explain(error: unknown, { stdout, stderr, signal }: Surroundings): Promise<number> {
  // `tracekeep query | head` is no failure: the reader has what it wanted.
  if (error instanceof ReaderGone) return EXIT.done;
  if (signal.aborted) return EXIT.interrupted;
  try {
    await stdout.drain();
  } catch {
    // What went wrong first is what matters.
  }
  if (error instanceof UsageError) {
    stderr.line(`tracekeep: ${shown(error.message)}`);
    return EXIT.usage;
  }
  if (error instanceof TracekeepError) {
    stderr.line(`tracekeep: ${shown(error.message)}`);
    if (error.hint !== undefined) stderr.line(`  ${shown(error.hint)}`);
    return EXIT.failed;
  }
  const story = error instanceof Error ? (error.stack ?? error.message) : String(error);
  stderr.line(`tracekeep: ${shown(story)}`);
  return EXIT.failed;
}

/** Names of files and of sessions, and what a damaged file holds, are in messages, too. */
function shown(message: string): string {
  return message.split("\n").map(printable).join("\n");
}
