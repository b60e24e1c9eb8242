// A time in which lines cannot be written where they belong: what began it, what waits meanwhile, when it is tried again.

import type { TracekeepError } from "../base/errors.ts";
import type { Batch } from "./line-buffer.ts";
import { Retry } from "./retry.ts";
import type { Spill } from "./spill.ts";

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
  isSaid = false;
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

  /** It was tried again, in vain. */
  goOn(): void {
    this.isSaid = false;
    this.retry.later();
  }

  end(): void {
    this.retry.stop();
    this.fault = undefined;
    this.lines = 0;
    this.mustLeaveFile = this.isSaid = this.#waitingTold = false;
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
}
