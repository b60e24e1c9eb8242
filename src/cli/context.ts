// What a command may touch: its arguments, its streams and its surroundings. Commands never reach for `process`, so
// that they can be run and looked at from a test.

import { UsageError } from "./usage-error.ts";
import type { ParsedArgs } from "./args.ts";
import type { Output } from "./output.ts";

export interface Surroundings {
  stdin: NodeJS.ReadableStream;
  stdout: Output;
  stderr: Output;
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  home: string;
  /** Aborted by Ctrl-C: stop reading, keep what was done. */
  signal: AbortSignal;
}

export class CommandContext {
  readonly #surroundings: Surroundings;
  readonly #args: ParsedArgs;

  constructor(surroundings: Surroundings, args: ParsedArgs) {
    this.#surroundings = surroundings;
    this.#args = args;
  }

  get stdin(): NodeJS.ReadableStream {
    return this.#surroundings.stdin;
  }
  get stdout(): Output {
    return this.#surroundings.stdout;
  }
  get stderr(): Output {
    return this.#surroundings.stderr;
  }
  get env(): Readonly<Record<string, string | undefined>> {
    return this.#surroundings.env;
  }
  get cwd(): string {
    return this.#surroundings.cwd;
  }
  get home(): string {
    return this.#surroundings.home;
  }
  get signal(): AbortSignal {
    return this.#surroundings.signal;
  }
  get operands(): readonly string[] {
    return this.#args.operands;
  }

  /** Where the store is to be looked for. */
  get place(): { dir: string | undefined; cwd: string; env: Readonly<Record<string, string | undefined>> } {
    return { dir: this.text("dir"), cwd: this.cwd, env: this.env };
  }

  flag(name: string): boolean {
    return this.#args.flags.has(name);
  }

  text(name: string): string | undefined {
    return this.#args.values.get(name)?.[0];
  }

  texts(name: string): readonly string[] {
    return this.#args.values.get(name) ?? [];
  }

  /** A whole number from 1, or undefined. @throws UsageError */
  count(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (!/^\d{1,15}$/.test(text) || value < 1)
      throw new UsageError(`--${name} takes a whole number from 1, got "${text}"`);
    return value;
  }

  /** One of a fixed list of words, or undefined. @throws UsageError */
  choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const choice = choices.find((each) => each === text);
    if (choice === undefined)
      throw new UsageError(`--${name} takes one of ${choices.join(", ")}, got "${text}"`);
    return choice;
  }
}
