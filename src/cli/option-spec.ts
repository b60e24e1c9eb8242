// What a command takes, as data.

export interface OptionSpec {
  /** `flag` takes no value, `text` takes one, `texts` may be given several times. */
  kind: "flag" | "text" | "texts";
  /** What stands for the value in the help, e.g. `DIR`. */
  value?: string;
  /** What a `text` option without a value stands for. A value may then follow it that does not begin with `-`. */
  without?: string;
  about: string;
  short?: string;
}

export interface ArgumentSpec {
  /** The command's name. */
  name: string;
  options: Readonly<Record<string, OptionSpec>>;
  /** What stands behind the options, e.g. `ID`, `[PATH...]`, and how many there may be. */
  operands?: { usage: string; min: number; max: number };
}
