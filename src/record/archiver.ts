// Archives rotated segments beside the recording: off the caller's path, one session at a time, and what goes wrong is told
// and tried again with the next rotation.

import { setImmediate } from "node:timers";

import { ioError, TracekeepError } from "../base/errors.ts";
import type { Ledger } from "../store/ledger/ledger.ts";
import { archiveRotated } from "../store/lifecycle/rotated.ts";

export class Archiver {
  readonly #dir: string;
  readonly #ledger: Ledger;
  readonly #onFault: (error: TracekeepError) => void;
  /** The segment that each session has gone on in. */
  readonly #waiting = new Map<string, string>();
  #running = false;
  #isStopped = false;

  constructor(dir: string, ledger: Ledger, onFault: (error: TracekeepError) => void) {
    this.#dir = dir;
    this.#ledger = ledger;
    this.#onFault = onFault;
  }

  /** A session goes on in this segment: those before it are complete. */
  add(sessionId: string, last: string): void {
    this.#waiting.set(sessionId, last);
    if (!this.#running) void this.#run();
  }

  /** Ends after the session that it is at. */
  stop(): void {
    this.#isStopped = true;
  }

  // --- internal ---

  async #run(): Promise<void> {
    this.#running = true;
    // Not in the turn in which the log was rotated.
    await new Promise((resolve) => setImmediate(resolve));
    for (const [sessionId, last] of this.#waiting) {
      this.#waiting.delete(sessionId);
      if (this.#isStopped) continue;
      try {
        await archiveRotated(this.#dir, sessionId, last, this.#ledger);
      } catch (error) {
        this.#onFault(
          error instanceof TracekeepError ? error : ioError("archive segments in", this.#dir, error),
        );
      }
    }
    this.#running = false;
  }
}
