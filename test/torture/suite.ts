// What a torture suite is, and what it adds up.

import type { Findings } from "./oracle.ts";

/** How long it may take: `quick` in `npm test`, `long` in `npm run torture`. */
export type Size = "quick" | "long";

export interface Suite {
  name: string;
  /** What is done, for the table. */
  about: string;
  /** @throws Missing when this machine cannot do it */
  run: (context: SuiteContext) => Promise<void>;
}

export interface SuiteContext {
  size: Size;
  /** A folder for this suite alone. */
  scratch: string;
  tally: Tally;
  /** Runs jobs two at a time, so that both processors have work. */
  each: <T>(items: Iterable<T>, job: (item: T, index: number) => Promise<void>) => Promise<void>;
}

/** A tool or a right that this machine does not have. */
export class Missing extends Error {
  constructor(what: string) {
    super(`${what} is missing`);
  }
}

/** What the accidents of one suite came to. Everything but the first two must stay 0. */
export class Tally {
  accidents = 0;
  acknowledged = 0;
  lost = 0;
  doubled = 0;
  invalidLines = 0;
  seqFaults = 0;
  /** Accidents after which a GAP did not say exactly what is missing, or anything else was wrong. */
  wrong = 0;
  /** The first few things that went wrong, told so that they can be done again. */
  readonly examples: string[] = [];

  add(findings: Findings, acknowledged: number, what: string): void {
    this.accidents++;
    this.acknowledged += acknowledged;
    this.lost += findings.lost;
    this.doubled += findings.doubled;
    this.invalidLines += findings.invalidLines;
    this.seqFaults += findings.seqFaults;
    for (const each of findings.disagreements) this.fault(`${what}: ${each}`);
    const { lost, doubled, invalidLines, seqFaults } = findings;
    if (lost + doubled + invalidLines + seqFaults > 0) {
      this.#example(`${what}: ${lost} lost, ${doubled} doubled, ${invalidLines} invalid, ${seqFaults} seq`);
    }
  }

  /** Something else that must not be. */
  fault(what: string): void {
    this.wrong++;
    this.#example(what);
  }

  get isClean(): boolean {
    return this.lost + this.doubled + this.invalidLines + this.seqFaults + this.wrong === 0;
  }

  #example(what: string): void {
    if (this.examples.length < 20) this.examples.push(what);
  }
}
