// Strict arguments. An audit command that runs with a misspelt option answers another question than was asked, so
// every unknown name and every missing value is refused.

import { nearestName } from "../base/nearest.ts";
import { UsageError } from "./usage-error.ts";
import type { ArgumentSpec, OptionSpec } from "./option-spec.ts";

/** Options that every command takes. */
export const COMMON_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  dir: {
    kind: "text",
    value: "DIR",
    about: "the store's folder (default: TRACEKEEP_DIR, else the nearest .tracekeep)",
  },
  help: { kind: "flag", short: "h", about: "show this help" },
};

export interface ParsedArgs {
  flags: ReadonlySet<string>;
  /** Values in the order they were given. */
  values: ReadonlyMap<string, readonly string[]>;
  operands: readonly string[];
}

/** Where the command's name stands: behind the options that every command takes. */
export function commandPosition(argv: readonly string[]): number {
  let at = 0;
  while (at < argv.length && argv[at]?.startsWith("-") === true) {
    const name = argv[at]?.slice(2) ?? "";
    at += COMMON_OPTIONS[name]?.kind === "text" ? 2 : 1;
  }
  return Math.min(at, argv.length);
}

/** @throws UsageError */
export function parseArguments(command: ArgumentSpec, argv: readonly string[]): ParsedArgs {
  const specs = { ...COMMON_OPTIONS, ...command.options };
  const flags = new Set<string>();
  const values = new Map<string, string[]>();
  const operands: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at] ?? "";
    if (argument === "--") {
      operands.push(...argv.slice(at + 1));
      break;
    }
    if (!argument.startsWith("-") || argument === "-") {
      operands.push(argument);
      continue;
    }
    const equals = argument.startsWith("--") ? argument.indexOf("=") : -1;
    const given = equals < 0 ? argument : argument.slice(0, equals);
    const name = optionName(command.name, given, specs);
    const kind = specs[name]?.kind;
    if (kind === "flag") {
      if (equals >= 0) throw new UsageError(`--${name} takes no value`);
      flags.add(name);
      continue;
    }
    const { without } = specs[name] ?? {};
    const isBare = without !== undefined && equals < 0 && (argv[at + 1] ?? "-").startsWith("-");
    const value = isBare ? without : equals >= 0 ? argument.slice(equals + 1) : argv[++at];
    if (value === undefined || value === "") {
      throw new UsageError(`--${name} needs a value: --${name} ${specs[name]?.value ?? "VALUE"}`);
    }
    const before = values.get(name);
    if (before !== undefined && kind === "text") throw new UsageError(`--${name} was given twice`);
    values.set(name, [...(before ?? []), value]);
  }
  if (!flags.has("help")) checkOperands(command, operands);
  return { flags, values, operands };
}

// --- internal ---

function optionName(command: string, given: string, specs: Readonly<Record<string, OptionSpec>>): string {
  if (given.startsWith("--")) {
    const name = given.slice(2);
    if (Object.hasOwn(specs, name)) return name;
    const nearest = nearestName(name, Object.keys(specs));
    throw new UsageError(
      `${command} has no option --${name}` + (nearest === undefined ? "" : `; did you mean --${nearest}?`),
    );
  }
  const name = Object.keys(specs).find((each) => specs[each]?.short === given.slice(1));
  if (name === undefined) throw new UsageError(`${command} has no option ${given}`);
  return name;
}

function checkOperands({ name, operands: spec }: ArgumentSpec, given: readonly string[]): void {
  const { usage, min, max } = spec ?? { usage: "", min: 0, max: 0 };
  if (given.length < min) throw new UsageError(`${name} needs ${usage}`);
  if (given.length > max) throw new UsageError(`${name} does not take "${given[max] ?? ""}"`);
}
