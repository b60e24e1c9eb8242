// What is appended to a shared log from a moment on, by whomever, read on from where the last read stopped, also when
// the log is rotated in between. Nothing is read twice.

import * as fs from "node:fs";

import { systemCode, TracekeepError } from "../../base/errors.ts";
import type { Event } from "../../event/index.ts";
import { decodeLine } from "../../format/index.ts";
import { GrowingFile } from "../../store/disk/growing-file.ts";
import { readLines } from "../../store/reading/line-reader.ts";
import type { LogLine } from "../../store/reading/line-reader.ts";
import { firstEventOf } from "../../store/session/segment.ts";
import { archivedPath, listRotated } from "../../store/shared/shared-segments.ts";
import { foreignEvent, wholeObject } from "../lines/foreign.ts";
import type { FoundEvent } from "../scan/segment-reader.ts";
import type { SharedLogPlace } from "../scan/shared-log.ts";

export class SharedLogTail {
  readonly #place: SharedLogPlace;
  #file: GrowingFile | undefined;
  /** Number of the next event. */
  #nextSeq = 0;
  /** Where reading began in a file that another program writes. */
  #foreignFrom = 0;

  constructor(place: SharedLogPlace) {
    this.#place = place;
  }

  /** Passes over everything that is there. @throws TracekeepError when the log cannot be read */
  startAtEnd(): void {
    this.close();
    const file = new GrowingFile(this.#place.log);
    const line = unlessMissing(() => file.skipToEnd());
    const last = line === undefined ? undefined : decodeLine(line);
    if (last?.kind === "event") this.#nextSeq = last.event.seq + 1;
    this.#foreignFrom = file.offset;
    if (line !== undefined) this.#file = file;
    else file.close();
  }

  /** Whether an event is none that was appended since {@link startAtEnd}. */
  isBefore({ event, file, offset }: FoundEvent): boolean {
    if (file.foreign !== true) return event.seq < this.#nextSeq;
    return file.path !== this.#place.log || offset < this.#foreignFrom;
  }

  /** The events that are there now and were not read yet. About 10 µs when there are none. */
  *read(): Generator<Event, void, undefined> {
    for (;;) {
      const file = this.#file ?? new GrowingFile(this.#place.log);
      if (this.#file === undefined) {
        // Opened first: what is rotated from here on is this one.
        if (unlessMissing(() => file.open()) === undefined) return;
        this.#file = file;
        yield* this.#rotatedMeanwhile();
      }
      yield* this.#eventsOf(file.lines());
      if (file.isCurrent) return;
      // Something may have been added just before the log went on in another file.
      yield* this.#eventsOf(file.lines());
      this.close();
    }
  }

  /** Lets go of the file; the next read goes on where this one stopped. */
  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  // --- internal ---

  /** What is in files that were begun and rotated since the last read. */
  *#rotatedMeanwhile(): Generator<Event, void, undefined> {
    for (const { path } of listRotated(this.#place.log)) {
      const file = fs.existsSync(path) ? path : archivedPath(path);
      const first = firstEventOf(file);
      if (first === undefined || first.seq < this.#nextSeq) continue;
      try {
        yield* this.#eventsOf(readLines(file));
      } catch (error) {
        if (!isMissing(error)) throw error;
        // Archived at this very moment.
        yield* this.#eventsOf(readLines(archivedPath(path)));
      }
    }
  }

  *#eventsOf(lines: Iterable<LogLine>): Generator<Event, void, undefined> {
    for (const line of lines) {
      if (!("bytes" in line)) continue;
      const decoded = decodeLine(line.bytes);
      if (decoded.kind === "event") {
        // A file is read from its beginning when it takes the place of another.
        if (decoded.event.seq < this.#nextSeq) continue;
        this.#nextSeq = decoded.event.seq + 1;
        yield decoded.event;
        continue;
      }
      const record = wholeObject(line.bytes);
      const event = record && foreignEvent(record, { sessionId: "", seq: 0 });
      if (event !== undefined) yield this.#place.translate?.(event) ?? event;
    }
  }
}

// --- internal ---

function unlessMissing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof TracekeepError && systemCode(error.cause) === "ENOENT";
}
