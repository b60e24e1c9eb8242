// What earlier writers of a session left in spill files. As lines leave a spill in order, and the writer may have died at
// any moment, a beginning of them may be in the log already; the others were promised to nobody, so they may get other
// numbers when their own were given to other events meanwhile.

import * as fs from "node:fs";
import path from "node:path";

import { decodeLine, renumberLine } from "../../format/index.ts";
import { findLeftSpills } from "../append/spill-file.ts";
import { segmentNumber, segmentPath } from "../layout.ts";
import { readLines } from "../reading/line-reader.ts";
import { firstSeqOf } from "./segment.ts";

export class LeftLines {
  /** Lines that the log does not have. */
  count = 0;
  readonly #spill: string;
  readonly #known: ReadonlySet<string>;

  /** @param log last file of the session's log, whose end is whole */
  constructor(spill: string, log: string) {
    this.#spill = spill;
    this.#known = idsFrom(log, firstSeqIn(spill));
  }

  /** The lines that the log does not have, numbered from there on, in order. */
  *lines(firstSeq: number): Generator<string, void, undefined> {
    for (const line of readLines(this.#spill)) {
      const decoded = "bytes" in line ? decodeLine(line.bytes) : undefined;
      // What is torn was still in memory when its writer died, like all that came after it.
      if (decoded?.kind !== "event" || !("bytes" in line) || this.#known.has(decoded.event.id)) continue;
      yield renumberLine(line.bytes.toString("utf8"), firstSeq + this.count);
      this.count++;
    }
  }

  /** All of them are on the medium, in the log. */
  remove(): void {
    fs.rmSync(this.#spill, { force: true });
  }
}

/** What earlier writers of a session left in a folder for spilled events. */
export function linesLeftIn(directory: string, log: string, sessionId: string): LeftLines[] {
  return findLeftSpills(directory, path.dirname(log))
    .filter((spill) => spill.sessionId === sessionId)
    .map((spill) => new LeftLines(spill.path, log));
}

// --- internal ---

function firstSeqIn(file: string): number {
  for (const line of readLines(file)) {
    const decoded = "bytes" in line ? decodeLine(line.bytes) : undefined;
    if (decoded?.kind === "event") return decoded.event.seq;
  }
  return Infinity;
}

/** Ids of the events of a log from a number on. */
function idsFrom(log: string, seq: number): Set<string> {
  const ids = new Set<string>();
  for (let segment = segmentNumber(log); segment >= 0; segment--) {
    const file = segmentPath(log, segment);
    if (!fs.existsSync(file)) continue;
    let lowest = Infinity;
    for (const line of readLines(file)) {
      const decoded = "bytes" in line ? decodeLine(line.bytes) : undefined;
      if (decoded?.kind !== "event") continue;
      lowest = Math.min(lowest, firstSeqOf(decoded.event));
      if (decoded.event.seq >= seq) ids.add(decoded.event.id);
    }
    if (lowest <= seq) break;
  }
  return ids;
}
