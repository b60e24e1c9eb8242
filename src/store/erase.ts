// Erasing one event for good, visibly. The ledger states it first; then the log's file is rewritten with a tombstone of
// the same length in the line's place, which carries the leaf: the tree, every seal and every proof stay as they are.
// Interrupted in between, the line is still there and may be erased once more; nothing is ever half rewritten.

import * as fs from "node:fs";
import path from "node:path";

import { ioError, TracekeepError } from "../base/errors.ts";
import type { Event } from "../event/index.ts";
import {
  decodeLine,
  decodeTombstone,
  encodeTombstone,
  hashToBase64,
  openNote,
  parseCheckpoint,
} from "../format/index.ts";
import { SessionCatalog } from "./catalog.ts";
import { writeAll } from "./disk.ts";
import type { Disk } from "./disk.ts";
import { forgetIndex } from "./index-journal.ts";
import { evidenceFiles } from "./layout.ts";
import type { Ledger } from "./ledger.ts";
import { readLogLines } from "./log-lines.ts";
import { leafOf } from "./log-tree.ts";
import { tryLock } from "./lock.ts";
import { temporaryBeside } from "./recover.ts";
import { readNote } from "./seal-file.ts";

/** A line that may be erased. */
export interface Erasable {
  file: string;
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
  const files = new SessionCatalog(dir)
    .refresh()
    .filesOf(sessionId)
    .map((log) => log.path);
  const [first] = files;
  if (first === undefined)
    throw new TracekeepError("NO_SESSION", `there is no session ${sessionId}`, {
      path: dir,
      hint: "list them with: tracekeep sessions",
    });
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
    if (file.endsWith(".gz"))
      return refuse("is in the archive", "decompress the segment into the store's folder first (gzip -d)");
    return { file, offset, length: bytes.length, event: decoded.event, leaf: hashToBase64(leafOf(bytes)) };
  }
  return refuse("is not there");
}

/**
 * Erases a line for good.
 *
 * @throws TracekeepError `SESSION_BUSY` while the session has a writer; RangeError when the line is too short for a
 *   tombstone
 */
export function eraseLine(disk: Disk, ledger: Ledger, erasable: Erasable, reason: string): void {
  const { file, event, leaf, length } = erasable;
  const tombstone = Buffer.from(encodeTombstone(event, leaf, length));
  const fd = disk.open(file);
  try {
    if (!tryLock(fd))
      throw new TracekeepError("SESSION_BUSY", `the session ${event.session_id} has a writer`, {
        path: file,
        hint: "erase when it has ended",
      });
    const { session_id: sessionId, agent_id: agentId } = event;
    const session = { sessionId, agentId: typeof agentId === "string" ? agentId : "", file };
    ledger.lineErased(session, event.seq, leaf, reason, event.source);
    // It tells how a session began, and of its anomalies in their words.
    forgetIndex(path.dirname(file));
    rewrite(disk, file, erasable.offset, tombstone);
  } catch (error) {
    throw error instanceof TracekeepError || error instanceof RangeError
      ? error
      : ioError("erase from", file, error);
  } finally {
    disk.close(fd);
  }
}

// --- internal ---

const CHUNK_BYTES = 1024 * 1024;

/** Puts `bytes` at `offset` into a copy of the file, and the copy in the file's place. */
function rewrite(disk: Disk, file: string, offset: number, bytes: Uint8Array): void {
  const temporary = temporaryBeside(file);
  const from = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
  const to = disk.create(temporary);
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    for (let position = 0; ;) {
      const count = disk.read(from, chunk, position);
      if (count === 0) break;
      // The part of this chunk that is the line's, if any.
      const start = Math.max(offset, position);
      const end = Math.min(offset + bytes.length, position + count);
      if (start < end) chunk.set(bytes.subarray(start - offset, end - offset), start - position);
      writeAll(disk, to, chunk, count, position);
      position += count;
    }
    disk.sync(to);
  } catch (error) {
    disk.unlink(temporary);
    throw error;
  } finally {
    disk.close(from);
    disk.close(to);
  }
  disk.rename(temporary, file);
  disk.syncDirectory(path.dirname(file));
}
