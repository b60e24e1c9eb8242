// Makes sure that nobody begins to write to a segment while it is moved or deleted.

import * as fs from "node:fs";

import { TracekeepError } from "../../base/errors.ts";
import type { Disk } from "../disk/disk.ts";
import { tryLock } from "../disk/lock.ts";
import { TORN_SUFFIX } from "../layout.ts";
import type { StoredSegment } from "./segment-facts.ts";

/**
 * Takes the lock of the segment that its session would go on in; of any other, nobody wants it. Whoever opens the session
 * meanwhile is told that it is busy, and finds the file gone, or moved, afterwards.
 *
 * @returns what lets go of it
 * @throws TracekeepError `SESSION_BUSY` when it was written to since it was looked at, or is to be healed first
 */
export function guardSegment(disk: Disk, segment: StoredSegment): () => void {
  const { path, isLast, bytes } = segment;
  if (disk.exists(path + TORN_SUFFIX)) throw busyError(segment, "its end is not healed yet");
  if (!isLast) return () => undefined;
  const fd = disk.open(path);
  const isFree = tryLock(fd);
  if (isFree && disk.size(fd) === bytes && fs.fstatSync(fd).nlink === 1) return () => disk.close(fd);
  disk.close(fd);
  throw busyError(segment, isFree ? "it was written to meanwhile" : "another writer has its session");
}

// --- internal ---

function busyError({ path, sessionId }: StoredSegment, why: string): TracekeepError {
  return new TracekeepError("SESSION_BUSY", `${path} stays where it is: ${why}`, {
    path,
    hint: `it belongs to session ${sessionId}; the next run looks at it again`,
  });
}
