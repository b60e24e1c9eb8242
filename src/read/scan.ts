// The events of a session, forwards or backwards, in constant memory. Files that vanish or cannot be read and lines that
// are no events are reported and passed over: nothing ends a read before its end (promise P8).

import { FORMAT_VERSION } from "../event/index.ts";
import { LineCursor, readFirstLine, readLinesBackwards } from "../store/line-reader.ts";
import type { EventCounter } from "./event-counter.ts";
import type { LineTest } from "./line-test.ts";
import type { ReadReport } from "./report.ts";
import { SegmentReader } from "./segment-reader.ts";
import type { FoundEvent } from "./segment-reader.ts";
import type { SessionLogs } from "./session-logs.ts";
import type { Pause } from "./stream.ts";

/** A place in the files of a session. */
export interface ScanPlace {
  file: number;
  offset: number;
}

const BEGINNING: ScanPlace = { file: 0, offset: 0 };

/** Lines between two pauses, in which whoever waits for a stream lets others run. */
export const LINES_PER_STEP = 1000;

/**
 * The events of a session that a line test does not refuse, in order; with a pause now and then.
 *
 * @param options `from`: where a line begins, of which file; `counter` counts the events that the test finds wanted by their bytes; only the others are given
 */
export function* scanSession(
  session: SessionLogs,
  test: LineTest | undefined,
  report: ReadReport,
  { counter, from = BEGINNING }: { counter?: EventCounter | undefined; from?: ScanPlace } = {},
): Generator<FoundEvent | Pause, void, undefined> {
  for (const [index, file] of session.files.entries()) {
    if (index < from.file) continue;
    const offset = index === from.file ? from.offset : 0;
    const isCanonical = file.format === FORMAT_VERSION;
    const segment = new SegmentReader(session, index, report);
    // Which lines of an abandoned segment count is told by their numbers, so every one is decoded.
    const lineTest = segment.isAbandoned ? undefined : test;
    /** The first line of a segment that was begun after a failed sync, until its number is due. */
    let header: FoundEvent | undefined;
    const bytesBefore = report.bytes;
    let lines: LineCursor | undefined;
    try {
      lines = new LineCursor(session.stream ?? file.path, offset);
      for (;;) {
        if (!lines.next()) {
          if (lines.waiting === undefined) break;
          yield lines.waiting;
          continue;
        }
        if (lines.line % LINES_PER_STEP === 0) {
          report.bytes = bytesBefore + lines.used;
          yield undefined;
        }
        if (lines.tooLong) {
          segment.skipLong(lines.offset, lines.length);
          continue;
        }
        const verdict = lineTest?.judge(lines.buffer, lines.start, lines.end, isCanonical);
        if (verdict === "refused") report.read++;
        else if (verdict === "wanted" && test !== undefined && counter !== undefined) {
          if (segment.counts(test.head.seq))
            counter.countBytes(lines.buffer, test.head.typeStart, test.head.typeEnd);
        } else {
          const found = segment.decode(lines.bytes, lines.offset);
          if (segment.salvaged.length > 0) yield* segment.takeSalvaged();
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
      segment.end();
      yield* segment.takeSalvaged();
      for (const place of lines.damage) report.skip(file.path, place.from, place.to, place.reason);
      report.bytes = bytesBefore + lines.used;
    } catch (error) {
      segment.failed(error, lines?.offset ?? 0);
    } finally {
      lines?.close();
    }
    if (header !== undefined) yield header;
  }
}

/** Whether a session can be read from its end without reading all of it. */
export function isSeekable({ files, stream }: SessionLogs): boolean {
  return (
    stream === undefined && files.every(({ path, foreign }) => foreign !== true && !path.endsWith(".gz"))
  );
}

/** The same from the last event to the first, of a session that {@link isSeekable}. */
export function* scanSessionBackwards(
  session: SessionLogs,
  report: ReadReport,
  test?: LineTest,
): Generator<FoundEvent | Pause, void, undefined> {
  for (const [index, file] of [...session.files.entries()].reverse()) {
    const segment = new SegmentReader(session, index, report, { backwards: true });
    const isCanonical = file.format === FORMAT_VERSION;
    const lineTest = segment.isAbandoned || file.headerSeq !== undefined ? undefined : test;
    let isHeaderDue = file.headerSeq !== undefined;
    let lines = 0;
    let end = 0;
    try {
      for (const line of readLinesBackwards(file.path)) {
        end = line.offset;
        if (++lines % LINES_PER_STEP === 0) yield undefined;
        if (end === 0 && file.headerSeq !== undefined && !isHeaderDue) break;
        if ("bytes" in line && lineTest?.judge(line.bytes, 0, line.bytes.length, isCanonical) === "refused") {
          report.read++;
          continue;
        }
        const found =
          "bytes" in line
            ? segment.decode(line.bytes, line.offset)
            : segment.skipLong(line.offset, line.length);
        if (found !== undefined && isHeaderDue && found.event.seq <= Number(file.headerSeq)) {
          isHeaderDue = false;
          const header = end === 0 ? undefined : segment.decode(readFirstLine(file.path) ?? NO_BYTES, 0);
          if (header !== undefined) yield header;
        }
        if (found !== undefined) yield found;
        if (segment.salvaged.length > 0) yield* segment.takeSalvaged().reverse();
      }
    } catch (error) {
      segment.failed(error, 0, end);
    }
  }
}

// --- internal ---

const NO_BYTES: Buffer = Buffer.alloc(0);
