// Keeps a store's retention schedule while the store is open: looks after the caller's turn whether it is due, and again
// every hour.

import { setImmediate } from "node:timers";

import { TracekeepError } from "../base/errors.ts";
import { retainIfDue } from "../store/lifecycle/enforcement.ts";

export class RetentionSchedule {
  readonly #dir: string;
  readonly #onFault: (error: TracekeepError) => void;
  readonly #stop = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #running = false;

  constructor(dir: string, onFault: (error: TracekeepError) => void) {
    this.#dir = dir;
    this.#onFault = onFault;
    this.#timer = setInterval(() => void this.#look(false), HOUR_MS).unref();
    setImmediate(() => void this.#look(true)).unref();
  }

  /** Looks no more. A run that is under way ends after the segment it is at. */
  stop(): void {
    clearInterval(this.#timer);
    this.#stop.abort();
  }

  // --- internal ---

  async #look(opening: boolean): Promise<void> {
    const { signal } = this.#stop;
    if (this.#running || signal.aborted) return;
    this.#running = true;
    try {
      const report = await retainIfDue(this.#dir, { opening, signal });
      const failed = report?.steps.find(({ error }) => error !== null);
      if (failed !== undefined) this.#onFault(new TracekeepError("IO", `retention: ${failed.error}`));
    } catch (error) {
      // Whoever records must not be hurt by it, whatever it is.
      this.#onFault(
        error instanceof TracekeepError
          ? error
          : new TracekeepError("IO", `the retention of ${this.#dir} failed`, { cause: error }),
      );
    } finally {
      this.#running = false;
    }
  }
}

// --- internal ---

const HOUR_MS = 3_600_000;
