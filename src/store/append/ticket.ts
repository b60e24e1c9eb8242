// One append on its way to the disk. Whoever wants to know when it is there asks for a promise; most never do, so it is
// made on demand, and is the only one: where hundreds of producers wait for the same sync, each promise and each turn of
// the microtask queue keeps the next sync from beginning.

import type { Durability } from "./durability.ts";

export class Ticket {
  /** Its place in the log. In a shared log it is known when the ticket is settled. */
  seq: number;
  readonly durability: Durability;
  #error: Error | undefined;
  #isSettled = false;
  #onSettled: (() => void) | undefined;

  constructor(seq: number, durability: Durability) {
    this.seq = seq;
    this.durability = durability;
  }

  /** Resolves once the event has reached its durability, rejects once it is certain that it has not. */
  get settled(): Promise<void> {
    return this.settledAs(() => undefined);
  }

  /** The same, resolving to `value()`. A rejection that nobody awaits is harmless. */
  settledAs<T>(value: () => T): Promise<T> {
    const promise = new Promise<T>((resolve, reject) => {
      this.#whenSettled(() => {
        if (this.#error === undefined) return resolve(value());
        // A failure that nobody awaits must not end the agent's process; it is reported as a fault and as a GAP.
        queueMicrotask(() => promise.catch(() => undefined));
        reject(this.#error);
      });
    });
    return promise;
  }

  settle(): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#onSettled?.();
  }

  fail(error: Error): void {
    if (this.#isSettled) return;
    this.#error = error;
    this.settle();
  }

  // --- internal ---

  #whenSettled(then: () => void): void {
    if (this.#isSettled) return then();
    const earlier = this.#onSettled;
    this.#onSettled =
      earlier === undefined
        ? then
        : () => {
            earlier();
            then();
          };
  }
}
