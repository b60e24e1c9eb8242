// When to try again what has failed: soon at first, then ever more rarely, and never at the same moment as everybody
// else who met the same full disk ("equal jitter": M. Brooker, Exponential Backoff And Jitter, AWS Architecture Blog 2015).

export class Retry {
  readonly #minMs: number;
  readonly #maxMs: number;
  readonly #run: () => void;
  #waitMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(minMs: number, maxMs: number, run: () => void) {
    this.#minMs = minMs;
    this.#maxMs = maxMs;
    this.#run = run;
  }

  /** Runs it after a pause twice as long as the last. The timer keeps no process alive. */
  later(): void {
    this.#waitMs = Math.min(this.#maxMs, Math.max(this.#minMs, this.#waitMs * 2));
    this.#schedule(this.#waitMs * (0.5 + Math.random() / 2));
  }

  /** Runs it in a later turn of the event loop: it works again, and there is more to do. */
  soon(): void {
    this.#waitMs = 0;
    this.#schedule(0);
  }

  /** Does not run it, and begins with the shortest pause the next time. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waitMs = 0;
  }

  // --- internal ---

  #schedule(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#run, ms).unref();
  }
}
