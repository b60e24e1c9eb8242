// The files that a session's log consists of: `name.jsonl`, then `name.0001.jsonl` and so on beside it. Each appears
// under its name with its first line already in it and locked, so no reader and no other writer ever meets one that
// does not say whose it is (docs/adr/0006-segments.md).

import * as fs from "node:fs";
import path from "node:path";

import { assert } from "../../base/assert.ts";
import { ioError, systemCode, TracekeepError } from "../../base/errors.ts";
import type { Event } from "../../event/index.ts";
import { decodeLine } from "../../format/index.ts";
import { writeAll } from "../disk/disk.ts";
import type { Disk } from "../disk/disk.ts";
import type { LeftFile } from "../disk/left-file.ts";
import { tryLock } from "../disk/lock.ts";
import { OpenFile } from "../disk/open-file.ts";
import { temporaryBeside } from "../disk/temporary-file.ts";
import { archivedPaths, firstSegmentPath, livePath, segmentNumber, segmentPath } from "../layout.ts";
import { FileSource } from "../reading/byte-source.ts";
import { LineCursor, readFirstLine, readLastLine, readLines } from "../reading/line-reader.ts";

/**
 * Creates a file under the first of `names` that is free, with its first lines in it, and takes its lock. When that
 * fails, no file of these names has been created, unless undoing it failed as well.
 *
 * @param how `isDurable`: return when the lines and the name are on the medium. Otherwise the first sync of the file sees
 *   to that, also for the files `leftBefore` it
 */
export function createSegment(
  disk: Disk,
  directory: string,
  names: readonly string[],
  lines: Iterable<Uint8Array>,
  { isDurable, leftBefore }: { isDurable: boolean; leftBefore?: readonly LeftFile[] },
): OpenFile {
  const temporary = temporaryBeside(path.join(directory, names[0] ?? "session.jsonl"));
  const created: string[] = [];
  let fd: number | undefined;
  try {
    fd = disk.create(temporary);
    created.push(temporary);
    assert(tryLock(fd), "nobody else to have a file that was just created");
    let size = 0;
    for (const bytes of lines) {
      writeAll(disk, fd, bytes, bytes.length, size);
      size += bytes.length;
    }
    if (isDurable) disk.sync(fd);
    const file = linkFirstFree(disk, temporary, directory, names);
    created.push(file);
    if (isDurable) disk.syncDirectory(directory);
    unlinkTemporary(disk, temporary);
    return new OpenFile(disk, file, fd, {
      size,
      isNameDurable: isDurable,
      isOurs: true,
      ...(leftBefore === undefined ? {} : { leftBefore }),
    });
  } catch (error) {
    try {
      // While the lock is held: nobody must begin to write to what is about to go.
      for (const file of created) disk.unlink(file);
    } finally {
      if (fd !== undefined) disk.close(fd);
    }
    throw error;
  }
}

/**
 * Creates a log that is complete, synced, under the first of `names` that is free; whole or not at all.
 *
 * @returns its path
 * @throws TracekeepError when it cannot be written; what `lines` throws
 */
export function createWholeLog(
  disk: Disk,
  directory: string,
  names: readonly string[],
  lines: Iterable<Uint8Array>,
): string {
  try {
    const file = createSegment(disk, directory, names, lines, { isDurable: true });
    file.close();
    return file.path;
  } catch (error) {
    // Of what the lines are made of, whoever makes them tells.
    if (error instanceof TracekeepError || systemCode(error) === undefined) throw error;
    throw ioError("create a session in", directory, error);
  }
}

/** Opens the segment that a session goes on in and takes its lock, when it is `file` or one that was begun after it. */
export function openLastSegment(disk: Disk, file: string, sessionId: string): { file: string; fd: number } {
  for (let last = file; ;) {
    const fd = disk.open(last);
    try {
      if (!tryLock(fd)) throw busyError(last, sessionId);
      if (!isStillNamed(fd, last)) {
        // Without a name it was taken back by a writer that could not begin it, and has the one before.
        if (!disk.exists(last)) throw busyError(last, sessionId);
        // Something was erased from it, and the name is the new file's.
        disk.close(fd);
        continue;
      }
      // Looked for only now: a writer has the lock of its segment until the next one is there.
      const next = nextSegment(last, sessionId);
      if (next === undefined) return { file: last, fd };
      last = next;
    } catch (error) {
      disk.close(fd);
      throw error;
    }
    disk.close(fd);
  }
}

/** The segment that was begun after `file` in the same session; undefined when that is the last one. About 2 µs. */
export function nextSegment(file: string, sessionId: string): string | undefined {
  const live = livePath(file);
  for (let segment = segmentNumber(live) + 1; ; segment++) {
    const next = segmentPath(live, segment);
    if (fs.lstatSync(next, { throwIfNoEntry: false }) === undefined) return undefined;
    // Somebody else's file may have taken the name; then the writer took the one after it.
    if (firstEventOf(next)?.session_id === sessionId) return next;
  }
}

/** The segment that a session goes on in, of `file` and those that were begun after it. About 2 µs for each. */
export function lastSegment(file: string, sessionId: string): string {
  for (let last = file; ;) {
    const next = nextSegment(last, sessionId);
    if (next === undefined) return last;
    last = next;
  }
}

/** The files of a session's log, in order, those in the archive among them. @param file one that is not archived */
export function segmentsOf(file: string, sessionId: string): string[] {
  const files: string[] = [];
  const last = lastSegment(file, sessionId);
  const end = segmentNumber(last);
  for (let segment = 0; segment <= end; segment++) {
    const live = segment === 0 ? firstSegmentPath(last) : segmentPath(last, segment);
    const found = [live, ...archivedPaths(live)].find((each) => firstEventOf(each)?.session_id === sessionId);
    if (found !== undefined) files.push(found);
  }
  return files;
}

/** A path for the segment after `file`: the first that is free. */
export function freeSegmentPath(disk: Disk, file: string): string {
  const live = livePath(file);
  for (let segment = segmentNumber(live) + 1; ; segment++) {
    const next = segmentPath(live, segment);
    if (!disk.exists(next)) return next;
  }
}

/** Highest number in a segment whose end is whole. */
export function lastSeqOf(file: string): number {
  const header = firstEventOf(file);
  if (!file.endsWith(".gz")) {
    const { line } = readLastLine(file);
    const decoded = line === undefined ? undefined : decodeLine(line);
    // The header of a segment that was begun after a failed sync has a higher number than the lines that follow it.
    if (decoded?.kind === "event") return Math.max(decoded.event.seq, header?.seq ?? 0);
  }
  // The last line was damaged, or cannot be had alone. A line's number is its place in the log, so counting lines gives it all the same.
  let lines = 0;
  for (const { line: number } of readLines(file)) lines = number;
  return (header === undefined ? 0 : firstSeqOf(header)) + lines - 1;
}

/** Lowest number in a file that begins with this event. */
export function firstSeqOf(header: Event): number {
  const firstSeq = header["first_seq"];
  if (header.event !== "SEGMENT" || !Number.isSafeInteger(firstSeq)) return header.seq;
  return Math.min(Number(firstSeq), header.seq);
}

/**
 * The event that a file begins with; undefined when it begins with none or cannot be read.
 *
 * @param fd of the file when it is open already; it stays open
 */
export function firstEventOf(file: string, fd?: number): Event | undefined {
  try {
    const line = fd === undefined ? readFirstLine(file) : readOpenFirstLine(file, fd);
    const decoded = line === undefined ? undefined : decodeLine(line);
    return decoded?.kind === "event" ? decoded.event : undefined;
  } catch (error) {
    if (!(error instanceof TracekeepError)) throw error;
    return undefined;
  }
}

// --- internal ---

function isStillNamed(fd: number, file: string): boolean {
  return (
    fs.lstatSync(file, { bigint: true, throwIfNoEntry: false })?.ino ===
    fs.fstatSync(fd, { bigint: true }).ino
  );
}

function unlinkTemporary(disk: Disk, temporary: string): void {
  try {
    disk.unlink(temporary);
  } catch {
    // The file has its name. A second one does no harm: readers pass over it, and `doctor` points it out.
  }
}

function readOpenFirstLine(file: string, fd: number): Buffer | undefined {
  const lines = new LineCursor(new FileSource(file, 0, fd));
  try {
    return lines.next() && !lines.tooLong ? Buffer.from(lines.bytes) : undefined;
  } finally {
    lines.close();
  }
}

function busyError(file: string, sessionId: string): TracekeepError {
  return new TracekeepError("SESSION_BUSY", `another writer has the session "${sessionId}"`, {
    path: file,
    hint: "a session has one writer at a time: wait for it to end, or start a session of your own",
  });
}

function linkFirstFree(disk: Disk, temporary: string, directory: string, names: readonly string[]): string {
  for (const name of names) {
    const file = path.join(directory, name);
    try {
      disk.link(temporary, file);
      return file;
    } catch (error) {
      if (systemCode(error) !== "EEXIST") throw error;
    }
  }
  throw new TracekeepError("SESSION_EXISTS", `every name for the session is taken: ${names.join(", ")}`, {
    path: directory,
    hint: "a session with that id is there already: go on with it, or choose another id",
  });
}
