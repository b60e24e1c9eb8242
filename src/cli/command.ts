// A command is data: its options and examples make its help, and strict parsing follows from them.

import type { CommandContext } from "./context.ts";
import type { ExitCode } from "./exit-codes.ts";
import type { ArgumentSpec } from "./option-spec.ts";

export interface Command extends ArgumentSpec {
  /** One line, without a full stop. */
  summary: string;
  /** Command lines without the program's name, and what each does. */
  examples: readonly (readonly [string, string])[];
  run(context: CommandContext): Promise<ExitCode>;
}
