// A time in which lines cannot be written where they belong: what began it, what waits meanwhile, when it is tried again.

import type { TracekeepError } from "../../base/errors.ts";
import { Retry } from "../disk/retry.ts";
import type { Batch } from "./line-buffer.ts";
import type { Spill } from "./spill.ts";

/** The file that has one. */
export interface OutageHost {
  /** Adds what the log says about it to what waits. */
  say: (outage: Outage) => void;
  /** Sees to it that the file, or another one, can be written to. @throws when there is none */
  makeUsable: (outage: Outage) => void;
  /** @throws when nothing of it was written */
  write: (batch: Batch) => void;
  onWritten: (batch: Batch) => void;
}

export class Outage {
  readonly spill: Spill;
  readonly retry: Retry;
  /** What began it; undefined while there is none. */
  fault: TracekeepError | undefined;
  sinceMs = 0;
  /** Lines set aside since it began, or since the log last spoke of it. */
  lines = 0;
  /** The file must not be written to any more: a sync of it has failed. */
  mustLeaveFile = false;
  /** What the log says of it is among the lines that wait. */
  #isSaid = false;
  /** It was told that lines were still waiting when the process, or the log, came to its end. */
  #waitingTold = false;

  constructor(spill: Spill, tryAgain: () => void) {
    this.spill = spill;
    this.retry = new Retry(spill.options.retryMinMs, spill.options.retryMaxMs, tryAgain);
  }

  begin(fault: TracekeepError): void {
    this.fault = fault;
    this.sinceMs = Date.now();
    this.retry.later();
  }

  setAside(batch: Batch): void {
    this.spill.add(batch);
    this.lines += batch.lines;
  }

  /**
   * Tries again to write what waits. It is over when what the log says of it is written too: so it does not end, and
   * begin again, for each line that finds room.
   *
   * @returns whether nothing waits any more; if there is more than about `maxBytes`, it goes on by itself
   * @throws when something cannot be written
   */
  writeWhatWaits(host: OutageHost, maxBytes: number): boolean {
    // Without anything to write nobody could know whether it is over.
    if (this.spill.lines === 0) this.#say(host);
    host.makeUsable(this);
    for (let bytes = 0; ;) {
      const batch = this.spill.peek();
      if (batch === undefined) {
        if (this.#isSaid) return true;
        this.#say(host);
      } else if (bytes >= maxBytes) {
        this.retry.soon();
        return false;
      } else {
        host.write(batch);
        this.spill.shift();
        bytes += batch.bytes.length;
        host.onWritten(batch);
      }
    }
  }

  /** It was tried again, in vain. */
  goOn(): void {
    this.#isSaid = false;
    this.retry.later();
  }

  end(): void {
    this.retry.stop();
    this.fault = undefined;
    this.lines = 0;
    this.mustLeaveFile = this.#isSaid = this.#waitingTold = false;
  }

  /** Says once what becomes of the lines that wait when nothing is tried any more. */
  describeWaiting(): string | undefined {
    if (this.#waitingTold || this.spill.lines === 0) return undefined;
    this.#waitingTold = true;
    const { file, inMemory } = this.spill.whereabouts();
    const kept = this.spill.lines - inMemory;
    return [
      inMemory === 0 ? "" : `${inMemory} events could not be written and are lost with this process`,
      kept === 0 ? "" : `${kept} events wait in ${file ?? ""} for the next writer of the store`,
    ]
      .filter((part) => part !== "")
      .join("; ");
  }

  // --- internal ---

  #say(host: OutageHost): void {
    this.#isSaid = true;
    host.say(this);
    this.lines = 0;
  }
}
