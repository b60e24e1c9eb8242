// What was added to a store since the last look. Whole lines only: the rest of one that is being written comes later.

import * as fs from "node:fs";

import { systemCode, TracekeepError } from "../base/errors.ts";
import type { Event } from "../event/index.ts";
import { decodeLine } from "../format/index.ts";
import { readLines } from "../store/reading/line-reader.ts";
import { SessionCatalog } from "../store/session/catalog.ts";
import type { SessionLogFile } from "../store/session/catalog.ts";

export interface NewEvent {
  event: Event;
  /** The line as it is stored. */
  text: string;
  /** It was there before the first look. */
  isOld: boolean;
}

export class NewEvents {
  readonly #catalog: SessionCatalog;
  /** How far each part of a session was read; it stays the same part when it moves into the archive. */
  readonly #offsets = new Map<string, number>();
  #isFirst = true;

  /**
   * @param dir the store's folder
   * @param sinceMs logs last written to before this are not read again from the beginning
   */
  constructor(dir: string, sinceMs: number) {
    this.#catalog = new SessionCatalog(dir);
    for (const log of this.#catalog.refresh().logs) {
      const stat = fs.statSync(log.path, { throwIfNoEntry: false });
      const isRecent = stat === undefined || stat.mtimeMs >= sinceMs;
      this.#offsets.set(partOf(log), isRecent ? 0 : log.archived ? COMPLETE : stat.size);
    }
  }

  /** The events that are new since the last call, log by log. */
  *read(): Generator<NewEvent, void, undefined> {
    const isOld = this.#isFirst;
    this.#isFirst = false;
    for (const log of this.#catalog.refresh().logs) {
      try {
        for (const { event, text } of this.#readOn(log)) yield { event, text, isOld };
      } catch (error) {
        // It has just been moved; the next look finds it in the archive.
        if (!(error instanceof TracekeepError && systemCode(error.cause) === "ENOENT")) throw error;
      }
    }
  }

  // --- internal ---

  *#readOn(log: SessionLogFile): Generator<Omit<NewEvent, "isOld">, void, undefined> {
    const { path, archived } = log;
    const part = partOf(log);
    const from = this.#offsets.get(part) ?? 0;
    const size = fs.statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (from === COMPLETE || (!archived && size <= from)) return;
    for (const line of readLines(path, { fromOffset: from })) {
      const length = "bytes" in line ? line.bytes.length : line.length;
      if ("bytes" in line && line.bytes.at(-1) !== NEWLINE) break;
      this.#offsets.set(part, line.offset + length);
      const decoded = "bytes" in line ? decodeLine(line.bytes) : undefined;
      if (decoded?.kind === "event" && "bytes" in line)
        yield { event: decoded.event, text: line.bytes.toString("utf8") };
    }
    // Nothing is added to what is in the archive.
    if (archived) this.#offsets.set(part, COMPLETE);
  }
}

// --- internal ---

const NEWLINE = 0x0a;
const COMPLETE = Infinity;

function partOf({ sessionId, firstSeq }: SessionLogFile): string {
  return `${firstSeq} ${sessionId}`;
}
