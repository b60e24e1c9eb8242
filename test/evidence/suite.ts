// What a suite of the long counts is, and what it adds up.

import type { Verdict } from "../../src/integrity/index.ts";

export interface Outcome {
  samples: number;
  /** Samples with another verdict, or another line, than expected. */
  wrong: number;
  /** What the table says besides. */
  note?: string;
}

export interface Suite {
  name: string;
  about: string;
  /**
   * @param folder for this suite alone, in memory where the machine allows it
   * @param share of the long counts: 1 is all
   * @returns undefined where this machine cannot do it
   */
  run: (
    folder: string,
    share: number,
    complain: (what: string) => void,
  ) => Outcome | undefined | Promise<Outcome | undefined>;
}

export const FINE: ReadonlySet<Verdict> = new Set(["ok", "ok-open", "unsealed-tail"]);

export class Tally implements Outcome {
  samples = 0;
  wrong = 0;
  note?: string;
  readonly #complain: (what: string) => void;

  constructor(complain: (what: string) => void) {
    this.#complain = complain;
  }

  /** @param complaint what is wrong with this sample, if anything */
  add(complaint: string | undefined): void {
    this.samples++;
    if (complaint === undefined) return;
    this.wrong++;
    if (this.wrong <= 20) this.#complain(complaint);
  }
}
