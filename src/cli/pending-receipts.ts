// Receipts that a command waits for while it goes on: as many as it may, and no longer than until something goes wrong.

import type { Receipt } from "../record/index.ts";

export class PendingReceipts {
  /** How many have been given. */
  given = 0;
  /** The first thing that went wrong. */
  problem: unknown;
  readonly #onReceipt: (receipt: Receipt) => void;
  readonly #pending = new Set<Promise<void>>();
  /** Called when fewer are pending, or there is a problem. */
  #wake = (): void => undefined;

  constructor(onReceipt: (receipt: Receipt) => void) {
    this.#onReceipt = onReceipt;
  }

  add(receipt: Promise<Receipt>): void {
    const done: Promise<void> = receipt.then(this.#give, this.fail).then(() => this.#leave(done));
    this.#pending.add(done);
  }

  readonly fail = (error: unknown): void => {
    this.problem ??= error;
    this.#wake();
  };

  /** Resolves when at most so many are pending, or there is a problem. */
  async untilAtMost(most: number): Promise<void> {
    while (this.#pending.size > most && this.problem === undefined) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Resolves when none is pending, whatever became of them. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending);
  }

  // --- internal ---

  readonly #give = (receipt: Receipt): void => {
    this.given++;
    this.#onReceipt(receipt);
  };

  #leave(done: Promise<void>): void {
    this.#pending.delete(done);
    this.#wake();
  }
}
