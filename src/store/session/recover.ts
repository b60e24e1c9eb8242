// What a writer's sudden death leaves at the end of its log: a line without its newline. It is cut off, so that the
// next event is never glued to it, and kept: first in a file beside the log, then in a RECOVERED event. Every step can
// be interrupted and is finished by the next open (promise P2). Damage anywhere else is not touched.

import { isUtf8 } from "node:buffer";
import * as fs from "node:fs";
import path from "node:path";

import { nodeCrypto } from "../../base/builtin.ts";
import type { JsonObject } from "../../event/index.ts";
import { decodeLine } from "../../format/index.ts";
import { MAX_KEPT_BYTES } from "../append/unsynced.ts";
import { replaceFile } from "../disk/disk.ts";
import type { Disk } from "../disk/disk.ts";
import { currentProcess } from "../disk/process.ts";
import { segmentNumber, segmentPath, TEMPORARY_PREFIX, TORN_SUFFIX } from "../layout.ts";
import { readLines } from "../reading/line-reader.ts";

/** As much of a fragment is kept in the RECOVERED event; its length and hash are of the whole. */
export const MAX_FRAGMENT_BYTES: number = 64 * 1024;

const CHUNK_BYTES = 64 * 1024;
const SEARCH_BYTES = 1024 * 1024;

/**
 * Cuts an unfinished last line off a log that is open and locked for writing. Returns the body of the RECOVERED event
 * to append, sync and then {@link finishHealing}; undefined when there is nothing to heal.
 *
 * After a power cut (the present boot is not the one that wrote the end of the log) blocks may be missing in front of
 * others that are there: then the unfinished part begins with the first line that holds a NUL byte, which no line of ours
 * does. It can only be in what was never synced, so it is looked for as far back as a writer holds lines unsynced.
 *
 * The order is: copy the fragment to `<log>.torn` and sync it, cut the log, append RECOVERED, sync, delete the copy.
 * Interrupted before the cut, the fragment still stands in the log; after it, the copy is there.
 *
 * @param knownBytes of the log, from its beginning, that were seen to be whole in this boot
 */
export function healTail(disk: Disk, fd: number, log: string, knownBytes = 0): JsonObject | undefined {
  const copy = log + TORN_SUFFIX;
  const size = disk.size(fd);
  const hole = findHole(disk, fd, log, { from: Math.max(knownBytes, size - MAX_KEPT_BYTES), size });
  const end = hole ?? endOfLastLine(disk, fd, size);
  if (end < size) {
    // With a copy of an earlier fragment still there, what follows now is that fragment itself, or a RECOVERED event
    // that was not completed; either way the copy has all that is worth keeping.
    if (!disk.exists(copy)) keepFragment(disk, copy, readRange(disk, fd, end, size));
    disk.truncate(fd, end);
    disk.sync(fd);
  }
  if (!disk.exists(copy)) return undefined;
  const fragment = fs.readFileSync(copy);
  const sha256 = nodeCrypto().createHash("sha256").update(fragment).digest("hex");
  if (lastLineHolds(disk, fd, end, sha256)) {
    disk.sync(fd);
    finishHealing(disk, log);
    return undefined;
  }
  const kept = fragment.subarray(0, MAX_FRAGMENT_BYTES);
  // A cut in the middle of a character would make the beginning of a UTF-8 text invalid; then base64 keeps it exact.
  const encoding = isUtf8(kept) ? "utf-8" : "base64";
  return {
    reason: fragment.includes(0)
      ? "the power was cut: parts of the last lines had not reached the medium"
      : "the last line had no newline: its writer died, or the disk was full",
    bytes: fragment.length,
    sha256,
    fragment: kept.toString(encoding === "utf-8" ? "utf8" : "base64"),
    fragment_encoding: encoding,
  };
}

/** Deletes the copy of a fragment whose RECOVERED event is on the medium. */
export function finishHealing(disk: Disk, log: string): void {
  disk.unlink(log + TORN_SUFFIX);
  disk.syncDirectory(path.dirname(log));
}

// --- internal ---

/** Only who holds the log's lock comes here, so the unfinished copy has one name, and whoever died over it is in nobody's way. */
function keepFragment(disk: Disk, copy: string, fragment: Buffer): void {
  const temporary = path.join(path.dirname(copy), TEMPORARY_PREFIX + path.basename(copy));
  if (disk.exists(temporary)) disk.unlink(temporary);
  replaceFile(disk, copy, fragment, temporary);
}

/** Where the first line begins that lost a part of it in a power cut; undefined when there was none, or nothing is lost. */
function findHole(
  disk: Disk,
  fd: number,
  log: string,
  { from, size }: { from: number; size: number },
): number | undefined {
  const chunk = Buffer.alloc(Math.max(0, Math.min(SEARCH_BYTES, size - from)));
  for (let start = from; start < size; start += chunk.length) {
    const nul = chunk.subarray(0, disk.read(fd, chunk, start)).indexOf(0);
    if (nul < 0) continue;
    const boot = lastBootId(log);
    if (boot !== undefined && boot !== "" && boot === currentProcess().boot_id) return undefined;
    return endOfLastLine(disk, fd, start + nul);
  }
  return undefined;
}

/** The boot in which the end of a log was written. */
function lastBootId(log: string): string | undefined {
  let bootId: string | undefined;
  for (let segment = segmentNumber(log); segment >= 0 && bootId === undefined; segment--) {
    const file = segmentPath(log, segment);
    if (!fs.existsSync(file)) continue;
    for (const line of readLines(file)) {
      const decoded = "bytes" in line ? decodeLine(line.bytes) : undefined;
      if (decoded?.kind !== "event") continue;
      const { event, boot_id: id } = decoded.event;
      if ((event === "START" || event === "RESUMED") && typeof id === "string") bootId = id;
    }
  }
  return bootId;
}

/** Offset behind the last newline. */
function endOfLastLine(disk: Disk, fd: number, size: number): number {
  const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, size));
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - chunk.length);
    const bytes = chunk.subarray(0, disk.read(fd, chunk.subarray(0, end - start), start));
    const newline = bytes.lastIndexOf(0x0a);
    if (newline >= 0) return start + newline + 1;
    end = start;
  }
  return 0;
}

function readRange(disk: Disk, fd: number, start: number, end: number): Buffer {
  const bytes = Buffer.alloc(end - start);
  let read = 0;
  while (read < bytes.length) {
    const count = disk.read(fd, bytes.subarray(read), start + read);
    if (count === 0) break;
    read += count;
  }
  return bytes.subarray(0, read);
}

/** Whether the last line is the RECOVERED event of a fragment, i.e. only deleting the copy was left to do. */
function lastLineHolds(disk: Disk, fd: number, end: number, sha256: string): boolean {
  const start = end === 0 ? 0 : endOfLastLine(disk, fd, end - 1);
  const line = readRange(disk, fd, start, end).toString("utf8");
  return line.startsWith('{"event":"RECOVERED"') && line.includes(sha256);
}
