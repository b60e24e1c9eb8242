// What was added to a store since the last look. Whole lines only: the rest of one that is being written comes later.

import * as fs from "node:fs";

import type { Event } from "../event/index.ts";
import { decodeLine } from "../format/index.ts";
import { readLines } from "../store/reading/line-reader.ts";
import { SessionCatalog } from "../store/session/catalog.ts";

export interface NewEvent {
  event: Event;
  /** The line as it is stored. */
  text: string;
  /** It was there before the first look. */
  isOld: boolean;
}

export class NewEvents {
  readonly #catalog: SessionCatalog;
  readonly #offsets = new Map<string, number>();
  #isFirst = true;

  /**
   * @param dir the store's folder
   * @param sinceMs logs last written to before this are not read again from the beginning
   */
  constructor(dir: string, sinceMs: number) {
    this.#catalog = new SessionCatalog(dir);
    for (const { path } of this.#catalog.refresh().logs) {
      const stat = fs.statSync(path, { throwIfNoEntry: false });
      this.#offsets.set(path, stat === undefined || stat.mtimeMs >= sinceMs ? 0 : stat.size);
    }
  }

  /** The events that are new since the last call, log by log. */
  *read(): Generator<NewEvent, void, undefined> {
    const isOld = this.#isFirst;
    this.#isFirst = false;
    for (const { path } of this.#catalog.refresh().logs) {
      const from = this.#offsets.get(path) ?? 0;
      const size = fs.statSync(path, { throwIfNoEntry: false })?.size ?? 0;
      if (size <= from) continue;
      for (const line of readLines(path, { fromOffset: from })) {
        const length = "bytes" in line ? line.bytes.length : line.length;
        if ("bytes" in line && line.bytes.at(-1) !== NEWLINE) break;
        this.#offsets.set(path, line.offset + length);
        const decoded = "bytes" in line ? decodeLine(line.bytes) : undefined;
        if (decoded?.kind === "event" && "bytes" in line) {
          yield { event: decoded.event, text: line.bytes.toString("utf8"), isOld };
        }
      }
    }
  }
}

// --- internal ---

const NEWLINE = 0x0a;
