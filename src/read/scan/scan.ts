// The events of a session, forwards or backwards, in constant memory. Files that vanish or cannot be read and lines that
// are no events are reported and passed over: nothing ends a read before its end (promise P8).

import { FORMAT_VERSION } from "../../event/index.ts";
import { LineCursor, readFirstLine } from "../../store/reading/line-reader.ts";
import type { ReadAheadSource } from "../../store/reading/read-ahead-source.ts";
import { StretchSource } from "../../store/reading/stretch-source.ts";
import type { Stretch } from "../../store/reading/stretch-source.ts";
import type { SessionLogFile } from "../../store/session/catalog.ts";
import type { BlockIndex } from "../blocks/block-index.ts";
import { askBlocks } from "../blocks/block-judge.ts";
import type { CostQuestion } from "../blocks/block-judge.ts";
import { planBlocks, planBlocksBackwards } from "../blocks/block-plan.ts";
import type { SegmentIndexes } from "../blocks/segment-indexes.ts";
import type { EventCounter } from "../lines/event-counter.ts";
import type { LineTest } from "../lines/line-test.ts";
import type { ReadReport } from "../lines/report.ts";
import { returnScanMemory, takeScanMemory } from "../lines/scan-memory.ts";
import type { ScanMemory } from "../lines/scan-memory.ts";
import { foldLines } from "./figure-pass.ts";
import type { FigureFold } from "./figure-pass.ts";
import { LINES_PER_STEP, passLines } from "./line-pass.ts";
import { bytesIn, isWorthReadingAhead, linesBackwards, openAhead, openLines } from "./log-lines.ts";
import { SegmentReader } from "./segment-reader.ts";
import type { FoundEvent } from "./segment-reader.ts";
import type { SessionLogs } from "./session-logs.ts";
import type { Pause } from "./stream.ts";

/** A place in the files of a session. */
export interface ScanPlace {
  file: number;
  offset: number;
}

export interface ScanOptions {
  counter?: EventCounter | undefined;
  from?: ScanPlace;
  indexes?: SegmentIndexes | undefined;
  cost?: CostQuestion | undefined;
  /** Takes in what it can of the events; only the others are given. */
  fold?: FigureFold | undefined;
  /** Whether a pause may be something to be waited for, so that long files can be read ahead. */
  canWait?: boolean;
}

const BEGINNING: ScanPlace = { file: 0, offset: 0 };

/**
 * The events of a session that a line test does not refuse, in order; with a pause now and then.
 *
 * @param options `from`: where a line begins, of which file; `indexes` are what is known of the files; `counter` counts the events that the test finds wanted by their bytes; only the others are given
 */
export function* scanSession(
  session: SessionLogs,
  test: LineTest | undefined,
  report: ReadReport,
  { counter, cost, indexes, fold, canWait = false, from = BEGINNING }: ScanOptions = {},
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
    let memory: ScanMemory | undefined;
    let ahead: ReadAheadSource | undefined;
    try {
      const stretches =
        offset === 0 ? stretchesOf(file, segment, lineTest, { indexes, counter, cost }) : undefined;
      const chosen = stretches && new StretchSource(file.path, stretches);
      // Lines of a segment around which others are begun again are taken in order of their numbers.
      const figures = isCanonical && !segment.isAbandoned && file.headerSeq === undefined ? fold : undefined;
      const bytes = lineTest === undefined ? 0 : bytesIn(file, stretches);
      const isAhead = canWait && stretches === undefined && isWorthReadingAhead(file, bytes);
      if (lineTest !== undefined && passesOver(file, lineTest, bytes))
        memory = takeScanMemory({ test: lineTest, isCanonical, isForeign: segment.isForeign, isAhead });
      const chunk = memory?.chunk ?? figures?.figures.chunk;
      if (isAhead && chunk !== undefined) ahead = openAhead(file.path, offset, chunk);
      const source = ahead ?? chosen ?? session.stream;
      lines = source === undefined ? openLines(file, offset, chunk) : new LineCursor(source, offset, chunk);
      const pass = lineTest && { test: lineTest, isCanonical, segment, counter, memory };
      for (;;) {
        const outcome =
          pass !== undefined
            ? passLines(lines, pass)
            : figures !== undefined
              ? foldLines(lines, figures, segment, index)
              : nextLine(lines);
        if (outcome === "end") break;
        if (outcome === "pause" || lines.line % LINES_PER_STEP === 0) {
          report.bytes = bytesBefore + lines.used;
          yield lines.waiting;
          if (outcome === "pause") continue;
        }
        const place = chosen?.placeOf(lines.offset) ?? lines.offset;
        if (lines.tooLong) {
          segment.skipLong(place, lines.length);
          continue;
        }
        const found = segment.decode(lines.bytes, place);
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
      segment.end();
      yield* segment.takeSalvaged();
      for (const place of lines.damage) report.skip(file.path, place.from, place.to, place.reason);
      report.bytes = bytesBefore + lines.used;
    } catch (error) {
      segment.failed(error, lines?.offset ?? 0);
    } finally {
      lines?.close();
      memory?.finish(counter, report);
      // Else something is still being read into it.
      if (memory !== undefined && ahead?.isReading !== true) returnScanMemory(memory);
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

export interface BackwardOptions {
  indexes?: SegmentIndexes | undefined;
  /** Of its only file, the lines that are to be read, from the last one. Default: all. */
  lines?: Iterable<Stretch> | undefined;
  /** Told the time of each line that its beginning refuses; false ends the scan. */
  onRefused?: ((timestamp: string) => boolean) | undefined;
}

/** The same from the last event to the first, of a session that {@link isSeekable}. */
export function* scanSessionBackwards(
  session: SessionLogs,
  report: ReadReport,
  test?: LineTest,
  { indexes, lines: chosen, onRefused }: BackwardOptions = {},
): Generator<FoundEvent | Pause, void, undefined> {
  for (const [index, file] of [...session.files.entries()].reverse()) {
    const segment = new SegmentReader(session, index, report, { backwards: true });
    const isCanonical = file.format === FORMAT_VERSION;
    const lineTest = segment.isAbandoned || file.headerSeq !== undefined ? undefined : test;
    let isHeaderDue = file.headerSeq !== undefined;
    let lines = 0;
    let end = 0;
    try {
      const known = lineTest?.asksForKind === true ? indexOf(file, segment, indexes) : undefined;
      const pass = (events: number): void => segment.pass(events);
      const stretches = chosen ?? (known && lineTest && planBlocksBackwards(known, { test: lineTest, pass }));
      for (const line of linesBackwards(file, session.fd, stretches)) {
        end = line.offset;
        if (++lines % LINES_PER_STEP === 0) yield undefined;
        if (end === 0 && file.headerSeq !== undefined && !isHeaderDue) break;
        if (
          "bytes" in line &&
          lineTest !== undefined &&
          isRefused(line.bytes, lineTest, isCanonical, onRefused === undefined)
        ) {
          report.read++;
          if (onRefused?.(lineTest.head.timeOf(line.bytes)) === false) return;
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

/** Whether lines are to be passed over that are like others: where much is read, and more than a text is asked for. */
function passesOver({ format }: SessionLogFile, test: LineTest, bytes: number): boolean {
  if (test.asksForText && !test.asksForKind) return false;
  if (format === FORMAT_VERSION) return bytes >= MIN_BYTES_TO_PASS_OVER;
  foreignBytes += bytes;
  return foreignBytes >= MIN_BYTES_TO_PASS_OVER;
}

/** Below that, learning what lines are like takes longer than it saves. */
const MIN_BYTES_TO_PASS_OVER: number = 1024 * 1024;

/** That were read so far of files that others wrote, which may be many short ones. */
let foreignBytes = 0;

/** What of a file has to be read, if an index of it tells; what it settles by itself is taken from it. */
function stretchesOf(
  file: SessionLogFile,
  segment: SegmentReader,
  test: LineTest | undefined,
  { indexes, counter, cost }: ScanOptions,
): Stretch[] | undefined {
  const index = test === undefined ? undefined : indexOf(file, segment, indexes);
  if (index === undefined || test === undefined) return undefined;
  return planBlocks(
    index,
    askBlocks(test, (events) => segment.pass(events), { counter, cost }),
  );
}

/** The index of a segment, of which no later one holds lines again. */
function indexOf(
  file: SessionLogFile,
  segment: SegmentReader,
  indexes: SegmentIndexes | undefined,
): BlockIndex | undefined {
  const index = indexes?.find(file);
  return index !== undefined && segment.isShownUpTo(index.maxSeq) ? index : undefined;
}

/** Whether a line is refused by its bytes or, where its time matters as well, by its beginning. */
function isRefused(bytes: Buffer, test: LineTest, isCanonical: boolean, isTimeOfNoUse: boolean): boolean {
  const verdict = isTimeOfNoUse
    ? test.judge(bytes, 0, bytes.length, isCanonical, 0)
    : isCanonical && test.judgeHead(bytes, 0, bytes.length);
  return verdict === "refused" || verdict === "lacking";
}

function nextLine(lines: LineCursor): "found" | "pause" | "end" {
  if (lines.next()) return "found";
  return lines.waiting === undefined ? "end" : "pause";
}

const NO_BYTES: Buffer = Buffer.alloc(0);
