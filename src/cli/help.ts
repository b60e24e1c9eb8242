// Help, made from the data of commands.

import { COMMON_OPTIONS } from "./args.ts";
import type { Command } from "./command.ts";
import type { OptionSpec } from "./option-spec.ts";

/** What `tracekeep --help` shows. */
export function programHelp(commands: readonly { name: string; summary: string }[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    "tracekeep: the flight recorder for AI agents",
    "",
    "usage: tracekeep [--dir DIR] COMMAND [OPTIONS]",
    "",
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    "",
    "options of every command:",
    ...optionLines(COMMON_OPTIONS),
    "",
    "`tracekeep COMMAND --help` explains one. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 findings.",
    "",
  ].join("\n");
}

/** What `tracekeep COMMAND --help` shows. */
export function commandHelp({ name, summary, operands, options, examples }: Command): string {
  const usage = operands === undefined ? "" : ` ${operands.usage}`;
  const width = Math.max(...examples.map(([line]) => line.length));
  return [
    `tracekeep ${name}: ${summary}`,
    "",
    `usage: tracekeep ${name} [OPTIONS]${usage}`,
    "",
    "options:",
    ...optionLines({ ...options, ...COMMON_OPTIONS }),
    "",
    "examples:",
    ...examples.map(([line, about]) =>
      width > 44 ? `  tracekeep ${line}\n      ${about}` : `  tracekeep ${line.padEnd(width)}  ${about}`,
    ),
    "",
  ].join("\n");
}

// --- internal ---

function optionLines(options: Readonly<Record<string, OptionSpec>>): string[] {
  const rows = Object.entries(options).map(([name, { kind, value, about, short }]) => ({
    left: `${short === undefined ? "    " : `-${short}, `}--${name}${kind === "flag" ? "" : ` ${value ?? "VALUE"}`}`,
    about: kind === "texts" ? `${about} (may be repeated)` : about,
  }));
  const width = Math.max(...rows.map(({ left }) => left.length));
  return rows.map(({ left, about }) => `  ${left.padEnd(width)}  ${about}`);
}
