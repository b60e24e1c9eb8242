// What becomes of the files that a shared log was rotated out of: they are compressed into the archive, and deleted
// when they are too old. One process at a time does it, under a lock of its own, so that nobody who appends waits for
// it; whatever a process leaves unfinished that dies, the next one finishes.

import * as fs from "node:fs";
import path from "node:path";

import { TracekeepError } from "../base/errors.ts";
import type { JsonObject } from "../event/index.ts";
import { decodeLine } from "../format/index.ts";
import { instantOf } from "../summary/index.ts";
import type { Disk } from "./disk.ts";
import { withFileLock } from "./file-lock.ts";
import { ARCHIVE_DIRECTORY, LOCK_SUFFIX } from "./layout.ts";
import { contentOf, copyIntoArchive, removeOriginal } from "./lifecycle/archive.ts";
import { DAY_MS } from "./lifecycle/plan.ts";
import { readLines } from "./line-reader.ts";
import { nameBehindTemporary } from "./recover.ts";
import { firstEventOf } from "./segment.ts";
import { isRotatedName, listRotated, segmentNumberOf } from "./shared-segments.ts";
import type { RotatedFile } from "./shared-segments.ts";

export interface UpkeepOptions {
  disk: Disk;
  /** The log's file. */
  log: string;
  /** Days until a rotated file is deleted, counted from its latest event. Default: none is. */
  retentionDays?: number | undefined;
  /** Puts a deletion on record; the file goes once that is on the medium. */
  record: (type: string, body: JsonObject) => Promise<void>;
  /** Ends the work between two files. */
  signal?: AbortSignal | undefined;
}

/** Type of the event that says which file was deleted. */
export const FILE_DELETED = "SEGMENT_DELETED";

/**
 * Archives every rotated file, then deletes those that are too old. While somebody else is at it, does nothing: they
 * see the same files.
 *
 * @throws TracekeepError when something could not be done; it is tried again by the next one
 */
export async function keepUp(options: UpkeepOptions): Promise<void> {
  const work = async (): Promise<void> => {
    removeLeftovers(options);
    await archiveAll(options);
    await deleteOld(options);
  };
  try {
    await withFileLock(`${options.log}.archive${LOCK_SUFFIX}`, work, { timeoutMs: 0 });
  } catch (error) {
    if (!(error instanceof TracekeepError && error.code === "LOCK_TIMEOUT")) throw error;
  }
}

/** Whether there may be something to do: looks at names only. */
export function needsUpkeep(log: string, retentionDays: number | undefined): boolean {
  return listRotated(log).some(({ archived }) => !archived || retentionDays !== undefined);
}

// --- internal ---

/** Copies that were not finished. Nobody else is at one: this one has the lock. */
function removeLeftovers({ disk, log }: UpkeepOptions): void {
  const archive = path.join(path.dirname(log), ARCHIVE_DIRECTORY);
  if (!disk.exists(archive)) return;
  for (const name of fs.readdirSync(archive)) {
    const intended = nameBehindTemporary(name);
    if (intended !== undefined && isRotatedName(intended, log)) disk.unlink(path.join(archive, name));
  }
}

async function archiveAll({ disk, log, signal }: UpkeepOptions): Promise<void> {
  // Rotated again and again meanwhile, it has more of them than at first.
  for (;;) {
    const file = sealedFiles(log).find((each) => !each.archived && isOurs(each));
    if (file === undefined || signal?.aborted === true) return;
    await copyIntoArchive(disk, file.path, true);
    removeOriginal(disk, file.path);
  }
}

/** Those that nobody writes to: a rotation that was cut short leaves a second name of the log's own file. */
function sealedFiles(log: string): RotatedFile[] {
  const current = segmentNumberOf(firstEventOf(log));
  return listRotated(log).filter(({ number }) => number < current);
}

/** What another program wrote stays as it is: it may still have it open. */
function isOurs({ path: file }: RotatedFile): boolean {
  return firstEventOf(file) !== undefined;
}

async function deleteOld({ disk, log, retentionDays, record, signal }: UpkeepOptions): Promise<void> {
  if (retentionDays === undefined) return;
  const beforeMs = Date.now() - retentionDays * DAY_MS;
  for (const file of sealedFiles(log)) {
    if (signal?.aborted === true) return;
    const first = firstEventOf(file.path);
    // What its first line says spares looking through those that cannot be old enough.
    if (first === undefined || instantOf(first.timestamp) >= beforeMs) continue;
    const facts = factsOf(file.path);
    if (!(facts.lastMs < beforeMs)) continue;
    await record(FILE_DELETED, {
      file: path.basename(file.path),
      events: facts.events,
      ...(await contentOf(file.path, file.path.endsWith(".gz"))),
      from: first.timestamp,
      to: new Date(facts.lastMs).toISOString(),
      reason: `its latest event is older than ${retentionDays} days`,
      retention_days: retentionDays,
    });
    disk.unlink(file.path);
    disk.syncDirectory(path.dirname(file.path));
  }
}

function factsOf(file: string): { events: number; lastMs: number } {
  let events = 0;
  let lastMs = -Infinity;
  for (const line of readLines(file)) {
    const decoded = "bytes" in line ? decodeLine(line.bytes) : undefined;
    if (decoded?.kind !== "event") continue;
    events++;
    lastMs = Math.max(lastMs, instantOf(decoded.event.timestamp));
  }
  return { events, lastMs };
}
