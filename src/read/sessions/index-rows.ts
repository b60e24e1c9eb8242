// What goes into the next snapshot of an index, made from the one before, the journal, and whatever those do not know.

import path from "node:path";

import { isProcessAlive } from "../../store/disk/process.ts";
import { LEDGER } from "../../store/layout.ts";
import { OpenSessions } from "../../store/ledger/open-sessions.ts";
import { isCompressed } from "../../store/session/file-mark.ts";
import { MarkedSource } from "../../store/session/marked-source.ts";
import { hasPlaces, marksOf } from "../../store/session/session-entry.ts";
import { sessionStatus } from "../../summary/index.ts";
import type { SessionSummary } from "../../summary/index.ts";
import type { ReadReport } from "../lines/report.ts";
import { bytesToRead } from "../scan/session-logs.ts";
import type { SessionLogs } from "../scan/session-logs.ts";
import type { Pause } from "../scan/stream.ts";
import { foldWhole } from "./session-fold.ts";
import { SessionIndex } from "./session-index.ts";
import type { SnapshotRow } from "./snapshot-builder.ts";

/** The sessions of a store and what they add up to. Those that an index knows are not read again. */
export function* indexRows(
  dir: string,
  report: ReadReport,
  withBytes: boolean,
): Generator<SnapshotRow | Pause, void, undefined> {
  const index = new SessionIndex(dir);
  const sessions = index.list(report);
  if (withBytes) report.bytesTotal = bytesToRead(sessions);
  const isOpen = openSessions(dir);
  for (const session of sessions) {
    const unchanged = index.recordOf(session);
    if (unchanged !== undefined) {
      report.read += unchanged.folded.summary.events;
      yield { session, summary: unchanged.folded.summary, record: unchanged, isSettled: true };
      continue;
    }
    const { skippedCount, superseded } = report;
    const known = index.find(session);
    const before = known && hasPlaces(known) ? known : undefined;
    const stream = before === undefined ? markedSource(session) : undefined;
    const logs = stream === undefined ? session : readFrom(session, stream);
    const folded = yield* foldWhole(logs, before, report);
    const isSound = skippedCount === report.skippedCount && superseded === report.superseded;
    const mark = folded.summary.events === 0 ? undefined : stream?.markTo(folded.offset);
    const marks = isSound ? (mark === undefined ? marksOf(session.files, folded) : [mark]) : undefined;
    const isSettled = !isOpen(session.sessionId) && isOver(folded.summary);
    const { summary } = folded;
    yield { session, summary, record: marks && { marks, folded }, isSettled };
  }
}

// --- internal ---

/** Of a log in one file; of others, each file is marked behind the fold. */
function markedSource({ files: [file, ...others] }: SessionLogs): MarkedSource | undefined {
  if (file === undefined || others.length > 0 || isCompressed(file.path)) return undefined;
  try {
    return new MarkedSource(file);
  } catch {
    // Whoever reads it says so, or finds where it is now.
    return undefined;
  }
}

/** (It may be a row of a snapshot, of which a spread takes nothing.) */
function readFrom(session: SessionLogs, stream: MarkedSource): SessionLogs {
  const { sessionId, agentId, parentId, startMs, files } = session;
  return { sessionId, agentId, parentId, startMs, files, stream };
}

/** Which sessions are being written, as far as the ledger tells. */
function openSessions(dir: string): (sessionId: string) => boolean {
  const open = new OpenSessions(path.join(dir, LEDGER));
  open.refresh();
  return (sessionId) => open.find(sessionId) !== undefined;
}

/** A writer whose entry in the ledger is still to come shows by its process. */
function isOver(summary: SessionSummary): boolean {
  const status = sessionStatus(summary, isProcessAlive);
  return status !== "running" && status !== "unknown";
}
