// Erasing one event for good, visibly. The ledger states it first; then the log's file, compressed or not, is rewritten
// with a tombstone of the same length in the line's place, which carries the leaf: the tree, every seal and every proof
// stay as they are. Interrupted in between, the line is still there and may be erased once more; nothing is ever half
// rewritten. What was derived from the log goes, too: an index may hold the beginning of a message.

import * as fs from "node:fs";
import path from "node:path";

import { ioError, TracekeepError } from "../../base/errors.ts";
import type { Event } from "../../event/index.ts";
import {
  decodeLine,
  decodeTombstone,
  encodeTombstone,
  hashToBase64,
  openNote,
  parseCheckpoint,
} from "../../format/index.ts";
import type { Disk } from "../disk/disk.ts";
import { withFileLock } from "../disk/file-lock.ts";
import { listIndexFiles, removeIndexFile } from "../disk/index-file.ts";
import { tryLock } from "../disk/lock.ts";
import { archivedPaths, evidenceFiles, LEDGER, livePath, RETENTION_LOCK, SESSION_INDEX } from "../layout.ts";
import type { Ledger, LedgerSession } from "../ledger/ledger.ts";
import { readLineAt } from "../reading/line-reader.ts";
import { readLogLines } from "../reading/log-lines.ts";
import { leafOf } from "../sealing/log-tree.ts";
import { readNote } from "../sealing/seal-file.ts";
import { sessionPaths } from "../session/session-files.ts";
import { rewriteFile } from "./rewrite.ts";
import type { Rewritten } from "./rewrite.ts";
import { readArchiveRecords } from "./segment-facts.ts";

/** A line that may be erased. */
export interface Erasable {
  /** The store's folder. */
  dir: string;
  file: string;
  /** In what the file holds, when it is compressed. */
  offset: number;
  length: number;
  event: Event;
  /** Its leaf, as base64. */
  leaf: string;
}

/** Whose line says whose log it is, or how it was written, is needed by every reader. */
const KEPT: ReadonlySet<string> = new Set(["START", "RESUMED", "SEGMENT"]);

/**
 * Finds a line to erase.
 *
 * @throws TracekeepError when there is no such line, or it is erased already, or may not be
 */
export function findErasable(dir: string, sessionId: string, seq: number): Erasable {
  const files = sessionPaths(dir, sessionId);
  const [first] = files;
  const refuse = (reason: string, hint?: string): never => {
    throw new TracekeepError("REFUSED", `line ${seq} of session ${sessionId} ${reason}`, {
      path: first,
      seq,
      ...(hint === undefined ? {} : { hint }),
    });
  };
  const opened = openNote(readNote(evidenceFiles(first).seal) ?? "", []);
  const sealed = opened.kind === "note" ? (parseCheckpoint(opened.text)?.size ?? 0) : 0;
  for (const line of readLogLines(files)) {
    if (line.seq !== seq) continue;
    if (!("bytes" in line)) return refuse("is too long to be read");
    if (seq >= sealed)
      return refuse("is not sealed yet", "go on with the session and end it; its writer seals it then");
    if (decodeTombstone(line.bytes.toString("utf8")) !== undefined) return refuse("is erased already");
    const decoded = decodeLine(line.bytes);
    if (decoded.kind !== "event")
      return refuse(`is damaged: ${decoded.reason}`, "look at it with: tracekeep verify");
    if (KEPT.has(decoded.event.event)) return refuse(`is ${decoded.event.event}, which every reader needs`);
    const { file, offset, bytes } = line;
    return {
      dir,
      file,
      offset,
      length: bytes.length,
      event: decoded.event,
      leaf: hashToBase64(leafOf(bytes)),
    };
  }
  return refuse("is not there");
}

/**
 * Erases a line for good.
 *
 * @throws TracekeepError `SESSION_BUSY` while the session has a writer, `LOCK_TIMEOUT` while retention is at work in the
 *   archive; RangeError when the line is too short for a tombstone
 */
export async function eraseLine(
  disk: Disk,
  ledger: Ledger,
  erasable: Erasable,
  reason: string,
): Promise<void> {
  const { dir, file, event, leaf, length, offset } = erasable;
  const tombstone = Buffer.from(encodeTombstone(event, leaf, length));
  const { session_id: sessionId, agent_id: agentId } = event;
  const session = { sessionId, agentId: typeof agentId === "string" ? agentId : "", file };
  // Nobody else moves or deletes a file of the archive, or puts a copy there, meanwhile.
  await withFileLock(
    path.join(dir, RETENTION_LOCK),
    async () => {
      const fd = disk.open(file);
      try {
        if (!tryLock(fd))
          throw new TracekeepError("SESSION_BUSY", `the session ${sessionId} has a writer`, {
            path: file,
            hint: "erase when it has ended",
          });
        ledger.lineErased(session, event.seq, leaf, reason, event.source);
        // The log comes last: while the line is in it, whoever was interrupted may erase it once more.
        for (const copy of copiesOf(erasable)) rewriteFile(disk, copy, offset, tombstone);
        removeDerived(disk, dir);
        const rewritten = rewriteFile(disk, file, offset, tombstone);
        // Somebody may have made an index in between.
        removeDerived(disk, dir);
        await recordArchived(dir, ledger, session, rewritten);
      } catch (error) {
        throw error instanceof TracekeepError || error instanceof RangeError
          ? error
          : ioError("erase from", file, error);
      } finally {
        disk.close(fd);
      }
    },
    { timeoutMs: 0 },
  );
}

// --- internal ---

/** Copies in the archive that an interrupted run of retention left; the next run would find them there. */
function copiesOf({ file, offset, leaf }: Erasable): string[] {
  if (livePath(file) !== file) return [];
  return archivedPaths(file).filter((copy) => {
    const line = fs.existsSync(copy) ? readLineAt(copy, offset) : undefined;
    return line !== undefined && hashToBase64(leafOf(line)) === leaf;
  });
}

/** The ledger knows what an archived segment holds, and now it holds something else. */
async function recordArchived(
  dir: string,
  ledger: Ledger,
  session: LedgerSession,
  { sha256, storedBytes }: Rewritten,
): Promise<void> {
  const place = path.relative(dir, session.file);
  const known = readArchiveRecords(path.join(dir, LEDGER)).archived.get(place);
  if (known === undefined) return;
  await ledger.record("SEGMENT_ARCHIVED", session, {
    archived_as: place,
    archived_bytes: storedBytes,
    ...known,
    sha256,
    reason: "a line of it was erased",
  });
}

function removeDerived(disk: Disk, dir: string): void {
  for (const name of listIndexFiles(dir)) removeIndexFile(disk, dir, name);
  const index = path.join(dir, SESSION_INDEX);
  if (disk.exists(index)) disk.unlink(index);
}
