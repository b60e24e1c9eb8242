// Beginning a new segment of a session that nobody is writing: what `tracekeep rotate` does.

import { TracekeepError } from "../../base/errors.ts";
import { FORMAT_VERSION } from "../../event/index.ts";
import { Ledger } from "../ledger/ledger.ts";
import type { SessionLogFile } from "../session/catalog.ts";
import { openSessionLog } from "../session/open-session-log.ts";

/**
 * Begins the next segment of a session, so that the one before is complete. Adds nothing but the segment's own first
 * line: an ended session stays ended.
 *
 * @param last the last file of the session, outside the archive
 * @returns the new file
 * @throws TracekeepError `SESSION_BUSY` while somebody is writing the session
 */
export function rotateSession(dir: string, last: SessionLogFile): string {
  const { sessionId, agentId, path: file, format } = last;
  if (format > FORMAT_VERSION) {
    throw new TracekeepError("FORMAT_TOO_NEW", `the session ${sessionId} has format ${format}`, {
      path: file,
      hint: "update tracekeep before adding to it",
    });
  }
  const ledger = new Ledger(dir, () => undefined);
  try {
    const log = openSessionLog(file, {
      sessionId,
      agentId,
      durability: "fsync",
      onAppend: (parts) => {
        if (parts.event === "SEGMENT")
          ledger.segmentSwitched({ sessionId, agentId, file: log.path }, parts.body);
      },
    });
    try {
      log.rotate();
      return log.path;
    } finally {
      log.close();
    }
  } finally {
    ledger.close();
  }
}
