// What a rule is: a name, a severity, options with ranges, and a fold over the events of one session.

import { checkOptionNames, integerOption, numberOption } from "../base/options.ts";
import type { AnomalyReport, AnomalySeverity } from "../summary/index.ts";
import type { Step } from "./steps.ts";

/** A rule's option: its default, and what it may be. */
export interface Range {
  readonly about: string;
  /** Infinity: the rule never fires until it is set. */
  readonly default: number;
  readonly min: number;
  readonly max: number;
  /** Fractions are allowed. */
  readonly fraction?: boolean;
}

/** What a rule saw at one step. The rule's name and severity are added to it. */
export type Finding = Pick<AnomalyReport, "message" | "evidence" | "threshold" | "actual">;

/** A rule at work on one session: takes its steps in order, and says when it has found something. Its state is bounded. */
export type Watch = (step: Step) => Finding | undefined;

export interface Rule {
  readonly id: string;
  readonly severity: AnomalySeverity;
  /** One sentence: when it fires. */
  readonly about: string;
  readonly options: Readonly<Record<string, Range>>;
  /** @throws TypeError, RangeError for options that it does not take */
  readonly start: (options: Readonly<Record<string, number>>) => () => Watch;
}

/** A rule from its definition. `watch` begins anew for each session. */
export function defineRule<Name extends string>(definition: {
  id: string;
  severity: AnomalySeverity;
  about: string;
  options: Readonly<Record<Name, Range>>;
  watch: (options: Readonly<Record<Name, number>>) => Watch;
}): Rule {
  const { id, severity, about, options, watch } = definition;
  const start = (given: Readonly<Record<string, number>>): (() => Watch) => {
    const ranges: Readonly<Record<string, Range>> = options;
    checkOptionNames(id, given, Object.keys(ranges));
    const checked: Record<string, number> = {};
    for (const [name, range] of Object.entries(ranges)) {
      const read = range.fraction === true ? numberOption : integerOption;
      checked[name] = read(id, name, given[name], range);
    }
    const all = checked as Record<Name, number>;
    return () => watch(all);
  };
  return { id, severity, about, options, start };
}
