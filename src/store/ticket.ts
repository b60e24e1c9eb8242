// One append on its way to the disk. Whoever wants to know when it is there asks for the promise; most never do, so it
// is made on demand.

import type { Durability } from "./durability.ts";

export class Ticket {
  /** Its place in the log. In a shared log it is known when the ticket is settled. */
  seq: number;
  readonly durability: Durability;
  #error: Error | undefined;
  #settled = false;
  #promise: Promise<void> | undefined;
  #resolve: (() => void) | undefined;
  #reject: ((error: Error) => void) | undefined;

  constructor(seq: number, durability: Durability) {
    this.seq = seq;
    this.durability = durability;
  }

  /** Resolves once the event has reached its durability, rejects once it is certain that it has not. */
  get settled(): Promise<void> {
    if (this.#promise === undefined) {
      this.#promise = new Promise((resolve, reject) => {
        this.#resolve = resolve;
        this.#reject = reject;
      });
      // A failure that nobody awaits must not end the agent's process; it is reported as a fault and as a GAP.
      this.#promise.catch(() => undefined);
      if (this.#settled) this.#finish();
    }
    return this.#promise;
  }

  settle(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#finish();
  }

  fail(error: Error): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#error = error;
    this.#finish();
  }

  #finish(): void {
    if (this.#error === undefined) this.#resolve?.();
    else this.#reject?.(this.#error);
  }
}
