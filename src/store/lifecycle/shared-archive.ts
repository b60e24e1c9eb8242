// What becomes of the files that a shared log was rotated out of: they are compressed into the archive, and deleted
// when they are too old. One process at a time does it, under a lock of its own, so that nobody who appends waits for
// it; whatever a process leaves unfinished that dies, the next one finishes.

import * as fs from "node:fs";
import path from "node:path";

import { TracekeepError } from "../../base/errors.ts";
import { timeOfUuidv7 } from "../../base/ids.ts";
import type { JsonObject } from "../../event/index.ts";
import { decodeLine } from "../../format/index.ts";
import { instantOf } from "../../summary/index.ts";
import type { Disk } from "../disk/disk.ts";
import { withFileLock } from "../disk/file-lock.ts";
import { nameBehindTemporary } from "../disk/temporary-file.ts";
import { ARCHIVE_DIRECTORY, LOCK_SUFFIX } from "../layout.ts";
import { readLines, readLinesBackwards } from "../reading/line-reader.ts";
import type { LogLine } from "../reading/line-reader.ts";
import { firstEventOf } from "../session/segment.ts";
import { isRotatedName, listRotated, segmentNumberOf } from "../shared/shared-segments.ts";
import type { RotatedFile } from "../shared/shared-segments.ts";
import { contentOf, copyIntoArchive, removeOriginal } from "./archive.ts";
import { DAY_MS } from "./plan.ts";
import { whyClockIsDoubtful } from "./trusted-clock.ts";
import type { Witness } from "./trusted-clock.ts";

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
/** … and of the one that says why none is just now. */
export const DELETION_DEFERRED = "RETENTION_DEFERRED";

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
  const nowMs = Date.now();
  const beforeMs = nowMs - retentionDays * DAY_MS;
  let isTrusted = false;
  for (const file of sealedFiles(log)) {
    if (signal?.aborted === true) return;
    const first = firstEventOf(file.path);
    // What its first line says spares looking through those that cannot be old enough.
    if (first === undefined || instantOf(first.timestamp) >= beforeMs) continue;
    const facts = factsOf(file.path);
    if (!(facts.lastMs < beforeMs)) continue;
    isTrusted ||= await mayDelete(log, nowMs, record);
    if (!isTrusted) return;
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

/** Whether the clock can be trusted with deleting; if not, the log says so once, and it is tried again an hour later. */
async function mayDelete(log: string, nowMs: number, record: UpkeepOptions["record"]): Promise<boolean> {
  // The log itself is the witness, so there is nothing newer than what it says.
  const doubt = whyClockIsDoubtful(recordedBackwards(log), nowMs, Infinity);
  if (doubt?.isWatched === false) await record(DELETION_DEFERRED, { reason: doubt.reason });
  return doubt === undefined;
}

/** When the events of a log were recorded, whatever times they were given, from the last to the first. */
function* recordedBackwards(log: string): Generator<Witness, void, undefined> {
  const files = [
    log,
    ...sealedFiles(log)
      .reverse()
      .map(({ path: file }) => file),
  ];
  for (const file of files) {
    if (!fs.existsSync(file)) continue;
    // What is compressed can only be read from its beginning.
    const lines = file.endsWith(".gz") ? readLines(file) : readLinesBackwards(file);
    const found = file.endsWith(".gz") ? [...witnessesIn(lines)].reverse() : witnessesIn(lines);
    yield* found;
  }
}

function* witnessesIn(lines: Iterable<LogLine>): Generator<Witness, void, undefined> {
  for (const line of lines) {
    const decoded = "bytes" in line ? decodeLine(line.bytes) : undefined;
    if (decoded?.kind !== "event") continue;
    const { event: type, id } = decoded.event;
    const timeMs = timeOfUuidv7(id);
    // A file was deleted, so the clock was trusted then.
    if (timeMs !== undefined) yield { type: type === FILE_DELETED ? "RETENTION_RUN" : type, timeMs };
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
