// Moves one segment into the archive, on the record: copied and compared, then the ledger says so, then the original goes.
// The caller has the lock of retention, and sees to it that nobody writes to the segment.

import * as fs from "node:fs";
import path from "node:path";

import { TracekeepError } from "../../base/errors.ts";
import type { Disk } from "../disk/disk.ts";
import { ARCHIVE_DIRECTORY, TEMPORARY_PREFIX } from "../layout.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { SessionLogFile } from "../session/catalog.ts";
import { copyIntoArchive, removeOriginal } from "./archive.ts";
import { recordSegment } from "./segment-facts.ts";
import type { ArchiveRecords, SegmentRecord } from "./segment-facts.ts";

export interface MoveOptions {
  disk: Disk;
  ledger: Ledger;
  compress: boolean;
  /** Why, and by what policy: for the ledger. */
  reason: string;
  policy: string;
  /** What the ledger says of the archive already. Default: nothing of this segment. */
  archived?: ArchiveRecords["archived"] | undefined;
}

export interface MovedSegment {
  record: SegmentRecord;
  /** Its place in the store, and its path. */
  archivedAs: string;
  path: string;
  archivedBytes: number;
}

/** Removes what earlier runs that were interrupted left in the archive: nobody else writes there. */
export function removeUnfinished(disk: Disk, dir: string): void {
  const archive = path.join(dir, ARCHIVE_DIRECTORY);
  if (!disk.exists(archive)) return;
  for (const name of fs.readdirSync(archive))
    if (name.startsWith(TEMPORARY_PREFIX)) disk.unlink(path.join(archive, name));
}

/** @throws TracekeepError when it could not be moved: then it is where it was, and the next run tries again */
export async function moveIntoArchive(log: SessionLogFile, options: MoveOptions): Promise<MovedSegment> {
  const { disk, ledger, compress, reason, policy, archived } = options;
  const record = await recordSegment(log);
  const copy = await copyIntoArchive(disk, log.path, compress);
  if (copy.sha256 !== record.sha256)
    throw new TracekeepError("IO", `${log.path} changed while it was archived`, { path: log.path });
  const archivedAs = `${ARCHIVE_DIRECTORY}/${path.basename(copy.path)}`;
  const { archivedBytes } = copy;
  // A run that was interrupted behind its entry has said so already.
  if (archived?.get(archivedAs)?.sha256 !== record.sha256) {
    const session = { sessionId: log.sessionId, agentId: log.agentId, file: log.path };
    const body = { archived_as: archivedAs, archived_bytes: archivedBytes, ...record, reason, policy };
    await ledger.record("SEGMENT_ARCHIVED", session, body);
  }
  removeOriginal(disk, log.path);
  return { record, archivedAs, path: copy.path, archivedBytes };
}
