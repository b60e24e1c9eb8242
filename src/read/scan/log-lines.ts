// The lines of a log's file: wherever the file has been moved since it was listed, and read ahead where that pays.

import * as fs from "node:fs";

import { systemCode, TracekeepError } from "../../base/errors.ts";
import { openForReading } from "../../store/reading/byte-source.ts";
import {
  BACKWARD_BYTES,
  LineCursor,
  readLines,
  readLinesBackwards,
} from "../../store/reading/line-reader.ts";
import type { LogLine } from "../../store/reading/line-reader.ts";
import { ReadAheadSource } from "../../store/reading/read-ahead-source.ts";
import type { Stretch } from "../../store/reading/stretch-source.ts";
import { findArchived } from "../../store/session/catalog.ts";
import type { SessionLogFile } from "../../store/session/catalog.ts";

/** How much there is to be read of a file, or of some stretches of it. */
export function bytesIn({ path }: SessionLogFile, stretches: readonly Stretch[] | undefined): number {
  const size = fs.statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (stretches === undefined) return size;
  return stretches.reduce((sum, { from, to }) => sum + Math.max(0, Math.min(to, size) - from), 0);
}

export function isWorthReadingAhead({ path }: SessionLogFile, bytes: number): boolean {
  return bytes >= MIN_BYTES_TO_READ_AHEAD && path.endsWith(".jsonl");
}

/** Undefined when it is no longer where it was. */
export function openAhead(path: string, offset: number, chunk: Buffer): ReadAheadSource | undefined {
  try {
    return new ReadAheadSource(path, offset, chunk);
  } catch {
    return undefined;
  }
}

/** Opens a file, also when it has been moved into the archive since it was listed. */
export function openLines(file: SessionLogFile, offset: number, chunk: Buffer | undefined): LineCursor {
  try {
    return new LineCursor(file.path, offset, chunk);
  } catch (error) {
    return new LineCursor(movedPath(file, error), offset, chunk);
  }
}

/**
 * Backwards, the same, of the whole file or of some stretches of it. What was compressed meanwhile is held in memory: a
 * segment, for once.
 */
export function* linesBackwards(
  file: SessionLogFile,
  fd: number | undefined,
  stretches: Iterable<Stretch> = [{ from: 0, to: Infinity }],
): Generator<LogLine, void, undefined> {
  let moved: string;
  try {
    const opened = fd ?? openForReading(file.path);
    const chunk = spareChunk ?? Buffer.allocUnsafeSlow(BACKWARD_BYTES);
    spareChunk = undefined;
    try {
      for (const stretch of stretches)
        yield* readLinesBackwards(file.path, { fd: opened, chunk, ...stretch });
    } finally {
      spareChunk = chunk;
      if (fd === undefined) fs.closeSync(opened);
    }
    return;
  } catch (error) {
    moved = movedPath(file, error);
  }
  const lines = [...readLines(moved)].map((line) =>
    "bytes" in line ? { ...line, bytes: Buffer.from(line.bytes) } : line,
  );
  yield* lines.reverse();
}

// --- internal ---

/** Below that, waiting for a thread now and then takes as long as it saves. */
const MIN_BYTES_TO_READ_AHEAD: number = 16 * 1024 * 1024;

/** For the next file that is read backwards: a store may have thousands. */
let spareChunk: Buffer | undefined;

/** Where a file is that could not be opened. @throws that error when it is nowhere */
function movedPath(file: SessionLogFile, error: unknown): string {
  const isGone = error instanceof TracekeepError && systemCode(error.cause) === "ENOENT";
  const moved = isGone ? findArchived(file) : undefined;
  if (moved === undefined) throw error;
  return moved.path;
}
