// A command is data: its options and examples make its help, and strict parsing follows from them.

import type { CommandContext } from "./context.ts";
import type { ExitCode } from "./exit-codes.ts";

export interface OptionSpec {
  /** `flag` takes no value, `text` takes one, `texts` may be given several times. */
  kind: "flag" | "text" | "texts";
  /** What stands for the value in the help, e.g. `DIR`. */
  value?: string;
  about: string;
  short?: string;
}

export interface Command {
  name: string;
  /** One line, without a full stop. */
  summary: string;
  /** What stands behind the options, e.g. `ID`, `[PATH...]`. */
  operands?: { usage: string; min: number; max: number };
  options: Readonly<Record<string, OptionSpec>>;
  /** Command lines without the program's name, and what each does. */
  examples: readonly (readonly [string, string])[];
  run(context: CommandContext): Promise<ExitCode>;
}

/** The user asked for something that does not exist: exit code 2, and where to look. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
}
