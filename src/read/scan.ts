// The events of a session, forwards or backwards, in constant memory. Files that vanish or cannot be read and lines that
// are no events are reported and passed over: nothing ends a read before its end (promise P8).

import { TracekeepError } from "../base/errors.ts";
import { FORMAT_VERSION } from "../event/index.ts";
import type { Event } from "../event/index.ts";
import { decodeLine } from "../format/index.ts";
import type { SessionLogFile } from "../store/catalog.ts";
import { LineCursor, readFirstLine, readLinesBackwards } from "../store/line-reader.ts";
import type { LineTest } from "./line-test.ts";
import { UNFINISHED_LINE } from "./report.ts";
import type { ReadReport } from "./report.ts";
import type { SessionLogs } from "./session-logs.ts";

/** An event and the line it was read from. */
export interface FoundEvent {
  event: Event;
  file: SessionLogFile;
  offset: number;
  /** The line with its `\n`, valid until the next step. */
  bytes: Buffer;
}

/** Lines between two pauses, in which whoever waits for a stream lets others run. */
export const LINES_PER_STEP = 1000;

/** The events of a session that a line test does not refuse, in order; `undefined` as a pause now and then. */
export function* scanSession(
  session: SessionLogs,
  test: LineTest | undefined,
  report: ReadReport,
): Generator<FoundEvent | undefined, void, undefined> {
  for (const [index, file] of session.files.entries()) {
    const isCanonical = file.format === FORMAT_VERSION;
    const segment = new SegmentReader(session, index, report);
    // Which lines of an abandoned segment count is told by their numbers, so every one is decoded.
    const lineTest = segment.isAbandoned ? undefined : test;
    /** The first line of a segment that was begun after a failed sync, until its number is due. */
    let header: FoundEvent | undefined;
    let lines: LineCursor | undefined;
    try {
      lines = new LineCursor(file.path);
      while (lines.next()) {
        if (lines.line % LINES_PER_STEP === 0) yield undefined;
        if (lines.tooLong) segment.skipLong(lines.offset, lines.length);
        else if (lineTest?.refuses(lines.buffer, lines.start, lines.end, isCanonical) === true) report.read++;
        else {
          const found = segment.decode(lines.bytes, lines.offset);
          if (found === undefined) continue;
          if (found.event.seq === file.headerSeq) {
            header = { ...found, bytes: Buffer.from(found.bytes) };
            continue;
          }
          if (header !== undefined && found.event.seq > header.event.seq) {
            yield header;
            header = undefined;
          }
          yield found;
        }
      }
    } catch (error) {
      segment.failed(error, lines?.offset ?? 0);
    } finally {
      lines?.close();
    }
    if (header !== undefined) yield header;
  }
}

/** The same from the last event to the first. */
export function* scanSessionBackwards(
  session: SessionLogs,
  report: ReadReport,
): Generator<FoundEvent | undefined, void, undefined> {
  for (const [index, file] of [...session.files.entries()].reverse()) {
    const segment = new SegmentReader(session, index, report, { backwards: true });
    let isHeaderDue = file.headerSeq !== undefined;
    let lines = 0;
    let end = 0;
    try {
      for (const line of readLinesBackwards(file.path)) {
        end = line.offset;
        if (++lines % LINES_PER_STEP === 0) yield undefined;
        if (end === 0 && file.headerSeq !== undefined && !isHeaderDue) break;
        const found =
          "bytes" in line
            ? segment.decode(line.bytes, line.offset)
            : segment.skipLong(line.offset, line.length);
        if (found === undefined) continue;
        if (isHeaderDue && found.event.seq <= Number(file.headerSeq)) {
          isHeaderDue = false;
          const header = end === 0 ? undefined : segment.decode(readFirstLine(file.path) ?? NO_BYTES, 0);
          if (header !== undefined) yield header;
        }
        yield found;
      }
    } catch (error) {
      segment.failed(error, 0, end);
    }
  }
}

// --- internal ---

const NO_BYTES: Buffer = Buffer.alloc(0);

/** What both directions do with a line of one file. */
class SegmentReader {
  readonly #file: SessionLogFile;
  readonly #report: ReadReport;
  readonly #isLast: boolean;
  /** The next segment was begun after a failed sync of this one (promise P4). */
  readonly isAbandoned: boolean;
  /** The next segment holds the events from here on again. */
  readonly #supersededFrom: number;
  /** Number of the line that comes next, as far as those before it tell. */
  #dueSeq: number;
  readonly #step: 1 | -1;

  constructor(session: SessionLogs, index: number, report: ReadReport, { backwards = false } = {}) {
    const file = session.files[index];
    if (file === undefined) throw new RangeError(`the session has no file ${index}`);
    this.#file = file;
    this.#report = report;
    this.#isLast = index === session.files.length - 1 && !file.archived;
    const next = session.files[index + 1];
    this.isAbandoned = next?.headerSeq !== undefined;
    this.#supersededFrom = next?.firstSeq ?? Infinity;
    this.#dueSeq = backwards ? Infinity : file.firstSeq;
    this.#step = backwards ? -1 : 1;
  }

  decode(bytes: Buffer, offset: number): FoundEvent | undefined {
    const decoded = decodeLine(bytes);
    if (decoded.kind !== "event") {
      const isUnfinished = decoded.kind === "torn" && this.#isLast;
      this.#skip(offset, bytes.length, isUnfinished ? UNFINISHED_LINE : decoded.reason);
      return undefined;
    }
    if (decoded.event.seq !== this.#file.headerSeq) this.#dueSeq = decoded.event.seq + this.#step;
    if (decoded.event.seq >= this.#supersededFrom) {
      this.#report.superseded++;
      return undefined;
    }
    this.#report.read++;
    return { event: decoded.event, file: this.#file, offset, bytes };
  }

  skipLong(offset: number, length: number): undefined {
    this.#skip(offset, length, "the line is longer than 64 MiB");
  }

  /** The rest of a file could not be read, whatever the reason. */
  failed(error: unknown, from: number, to: number = from): void {
    if (!(error instanceof TracekeepError)) throw error;
    this.#report.skip(this.#file.path, from, to, error.message);
  }

  #skip(offset: number, length: number, reason: string): void {
    const isSuperseded = this.isAbandoned && this.#dueSeq >= this.#supersededFrom;
    this.#dueSeq += this.#step;
    if (isSuperseded) this.#report.superseded++;
    else this.#report.skip(this.#file.path, offset, offset + length, reason);
  }
}
