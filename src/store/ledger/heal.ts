// What is done for sessions whose writers died, when a store is opened for writing: unfinished lines are healed, and the
// ledger says who left what behind.

import * as fs from "node:fs";

import { TracekeepError } from "../../base/errors.ts";
import { isProcessAlive } from "../disk/process.ts";
import { TORN_SUFFIX } from "../layout.ts";
import { READ_FLAGS } from "../reading/whole-file.ts";
import { SessionCatalog } from "../session/catalog.ts";
import { openSessionLog } from "../session/open-session-log.ts";
import { lastSegment } from "../session/segment.ts";
import type { Ledger, LedgerSession } from "./ledger.ts";
import type { OpenSessions } from "./open-sessions.ts";

/** So much ledger is read again by every opening before a STORE_CHECKED makes an end of it. */
const CHECK_EVERY_BYTES: number = 64 * 1024;

/**
 * Heals every session of a store that the ledger calls open and nobody is writing; without a ledger, every session. Costs
 * about 30 µs for each open session and 1 ms for each 100 KB of ledger since the last check, however many sessions there are.
 */
export function healAbandonedSessions(
  dir: string,
  open: OpenSessions,
  ledger: Ledger,
  onFault: (error: TracekeepError) => void,
): void {
  try {
    if (!open.refresh()) {
      for (const files of new SessionCatalog(dir).refresh().sessions.values()) {
        const last = files.at(-1);
        if (last?.archived === false) heal({ ...last, file: last.path }, ledger, onFault);
      }
      return;
    }
    const alive = open.all.filter((session) => {
      heal(session, ledger, onFault);
      if (isProcessAlive(session.process) !== false) return true;
      ledger.sessionAbandoned(session, session.process);
      return false;
    });
    if (open.bytesSinceCheck > CHECK_EVERY_BYTES) ledger.storeChecked(alive);
  } catch (error) {
    // An unreadable ledger must not keep anybody from recording.
    if (!(error instanceof TracekeepError)) throw error;
    onFault(error);
  }
}

/** Says in the ledger that this process goes on with a session whose last writer died, if it did. */
export function recordTakeover(session: LedgerSession, open: OpenSessions, ledger: Ledger): void {
  try {
    open.refresh();
  } catch (error) {
    // Without the ledger nothing is known of a previous writer. That it cannot be read is told when it is written to.
    if (!(error instanceof TracekeepError)) throw error;
    return;
  }
  const previous = open.find(session.sessionId)?.process;
  if (previous !== undefined && isProcessAlive(previous) === false) {
    ledger.sessionTakenOver(session, previous);
  }
}

/** Whether the end of a log has to be healed before it can be appended to. About 10 µs. */
export function needsHealing(file: string): boolean {
  let fd: number;
  try {
    fd = fs.openSync(file, READ_FLAGS);
  } catch {
    // It is gone, or archived, or not to be read; whoever opens it will say so.
    return false;
  }
  try {
    const { size } = fs.fstatSync(fd);
    const last = Buffer.alloc(1);
    const isWhole = size === 0 || (fs.readSync(fd, last, 0, 1, size - 1) === 1 && last[0] === 0x0a);
    return !isWhole || fs.existsSync(file + TORN_SUFFIX);
  } finally {
    fs.closeSync(fd);
  }
}

// --- internal ---

function heal(session: LedgerSession, ledger: Ledger, onFault: (error: TracekeepError) => void): void {
  const { sessionId, agentId } = session;
  // Its writer may have died before the ledger knew of another.
  const file = lastSegment(session.file, sessionId);
  if (!needsHealing(file)) return;
  try {
    const log = openSessionLog(file, { sessionId, agentId, durability: "fsync", onFault });
    ledger.sessionRecovered({ sessionId, agentId, file: log.path }, log.nextSeq - 1);
    log.close();
  } catch (error) {
    if (!(error instanceof TracekeepError)) throw error;
    // A live writer, in the middle of a write.
    if (error.code !== "SESSION_BUSY") onFault(error);
  }
}
