// Archiving and deleting beside the recording: off the caller's path, one run at a time, and what goes wrong is told and
// tried again with the next rotation, or by the next process.

import { setImmediate } from "node:timers";

import { ioError, TracekeepError } from "../base/errors.ts";
import type { JsonObject } from "../event/index.ts";
import { nodeDisk } from "../store/disk/disk.ts";
import { keepUp, needsUpkeep } from "../store/lifecycle/shared-archive.ts";

export interface UpkeepOptions {
  /** The log's file. */
  log: string;
  retentionDays: number | undefined;
  /** Puts an event on the medium. */
  record: (type: string, body: JsonObject) => Promise<void>;
  onFault: (error: TracekeepError) => void;
}

export class Upkeep {
  readonly #options: UpkeepOptions;
  #running: Promise<void> | undefined;
  #isDueAgain = false;
  #isStopped = false;

  constructor(options: UpkeepOptions) {
    this.#options = options;
  }

  /** Sees to what there is to do, soon. */
  begin(): void {
    if (this.#running !== undefined) this.#isDueAgain = true;
    else if (!this.#isStopped) this.#running = this.#run();
  }

  /** Resolves when what was begun is done; nothing more is begun. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    const { log, retentionDays, record, onFault } = this.#options;
    // Not in the turn in which the log was rotated.
    await new Promise((resolve) => setImmediate(resolve));
    do {
      this.#isDueAgain = false;
      try {
        if (needsUpkeep(log, retentionDays)) await keepUp({ disk: nodeDisk, log, retentionDays, record });
      } catch (error) {
        onFault(error instanceof TracekeepError ? error : ioError("archive the files of", log, error));
      }
    } while (this.#isDueAgain);
    this.#running = undefined;
  }
}
