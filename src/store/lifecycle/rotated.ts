// Archives what a session's log has left behind as it went on in another segment, where the settings say so
// (`rotation.archive`): beside the recording, one session after the other.

import * as fs from "node:fs";
import path from "node:path";

import { ioError, TracekeepError } from "../../base/errors.ts";
import { nodeDisk } from "../disk/disk.ts";
import type { Disk } from "../disk/disk.ts";
import { withFileLock } from "../disk/file-lock.ts";
import { ARCHIVE_DIRECTORY, archivedPaths, LEDGER, RETENTION_LOCK, TORN_SUFFIX } from "../layout.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { lookInto } from "../session/catalog.ts";
import { segmentsOf } from "../session/segment.ts";
import { moveIntoArchive, removeUnfinished } from "./move.ts";
import { policyName } from "./policy.ts";
import { readArchiveRecords } from "./segment-facts.ts";
import { isHeld, readSettings } from "./settings.ts";

/**
 * Moves every segment of a session but the last into the archive, unless the session is held. What is left to do, because
 * somebody else has the lock or something fails, is done at the next rotation.
 *
 * @param last the segment that is written to
 * @throws TracekeepError when one could not be moved
 */
export async function archiveRotated(
  dir: string,
  sessionId: string,
  last: string,
  ledger: Ledger,
  disk: Disk = nodeDisk,
): Promise<void> {
  const settings = readSettings(dir);
  if (!settings.rotation.archive || isHeld(settings, sessionId)) return;
  const move = async (): Promise<void> => {
    removeUnfinished(disk, dir);
    for (const file of segmentsOf(last, sessionId).slice(0, -1)) {
      const isThere = path.basename(path.dirname(file)) !== ARCHIVE_DIRECTORY;
      const log = isThere && !fs.existsSync(file + TORN_SUFFIX) ? lookInto(file) : undefined;
      if (typeof log !== "object") continue;
      await moveIntoArchive(log, {
        disk,
        ledger,
        compress: settings.retention.compress_archive,
        reason: "its session goes on in another segment",
        policy: policyName(settings.retention),
        // Only a copy that is there already may be on record already.
        archived: archivedPaths(file).some((copy) => disk.exists(copy))
          ? readArchiveRecords(path.join(dir, LEDGER)).archived
          : undefined,
      });
    }
  };
  try {
    await withFileLock(path.join(dir, RETENTION_LOCK), move, { timeoutMs: 0 });
  } catch (error) {
    if (!(error instanceof TracekeepError)) throw ioError("archive segments in", dir, error);
    if (error.code !== "LOCK_TIMEOUT") throw error;
  }
}
