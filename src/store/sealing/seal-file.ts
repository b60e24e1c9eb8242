// The latest seal of a log, in a file beside it: a signed checkpoint, replaced whole.

import * as fs from "node:fs";

import { ioError, systemCode } from "../../base/errors.ts";
import { MAX_NOTE_BYTES, openNote, parseCheckpoint } from "../../format/index.ts";
import type { Checkpoint, NoteVerifier } from "../../format/index.ts";
import { requestSync } from "../append/sync-queue.ts";
import { writeAll } from "../disk/disk.ts";
import type { Disk } from "../disk/disk.ts";
import { temporaryBeside } from "../disk/temporary-file.ts";
import { READ_FLAGS } from "../reading/whole-file.ts";

/** A seal, and which of the known keys signed it; or why it is none. */
export type Seal =
  | { kind: "seal"; checkpoint: Checkpoint; signedBy: readonly NoteVerifier[]; note: string }
  | { kind: "bad"; reason: string };

/** What a note seals. Without a signature by a known key it seals nothing. */
export function openSeal(note: string, known: readonly NoteVerifier[]): Seal {
  const opened = openNote(note, known);
  if (opened.kind === "bad") return opened;
  const { text, signedBy } = opened;
  if (signedBy.length === 0) return { kind: "bad", reason: "none of the store's keys signed it" };
  const checkpoint = parseCheckpoint(text);
  return checkpoint === undefined
    ? { kind: "bad", reason: "what it signs is not a seal" }
    : { kind: "seal", checkpoint, signedBy, note };
}

/** The seal in a file; undefined when there is none. @throws TracekeepError when it cannot be read */
export function readSeal(file: string, known: readonly NoteVerifier[]): Seal | undefined {
  const note = readNote(file);
  return note === undefined ? undefined : openSeal(note, known);
}

/**
 * The text of a note's file, cut behind what a note may have; undefined when there is none, or only its name came through
 * a power loss.
 *
 * @throws TracekeepError
 */
export function readNote(file: string): string | undefined {
  let fd: number;
  try {
    fd = fs.openSync(file, READ_FLAGS);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw ioError("read the seal", file, error);
  }
  try {
    const bytes = Buffer.alloc(MAX_NOTE_BYTES + 1);
    const length = fs.readSync(fd, bytes, 0, bytes.length, 0);
    return length === 0 ? undefined : bytes.toString("utf8", 0, length);
  } catch (error) {
    throw ioError("read the seal", file, error);
  } finally {
    fs.closeSync(fd);
  }
}

/**
 * Puts a seal in the place of the one before: whole, or not at all. It is not synced, nor is the folder: a power loss may
 * take the newest seal, and then what the ledger has of it counts.
 *
 * @throws when it cannot be written
 */
export function writeSeal(disk: Disk, file: string, note: string): void {
  const temporary = temporaryBeside(file);
  disk.close(createWith(disk, temporary, note));
  disk.rename(temporary, file);
}

/**
 * The same, synced off the event loop.
 *
 * @param isLatest asked before the seal is put in place: a later one may have come first
 */
export function writeSealSoon(
  disk: Disk,
  file: string,
  note: string,
  isLatest: () => boolean,
  done: (error: Error | null) => void,
): void {
  const temporary = temporaryBeside(file);
  const fd = createWith(disk, temporary, note);
  // In its turn: the seals of many sessions, due in the same second, would keep everybody else from the thread pool.
  requestSync({
    beginSync: (ended) =>
      disk.syncSoon(fd, (error) => {
        ended();
        try {
          disk.close(fd);
          if (error === null && isLatest()) disk.rename(temporary, file);
          else disk.unlink(temporary);
          done(error);
        } catch (cause) {
          done(cause as Error);
        }
      }),
  });
}

// --- internal ---

function createWith(disk: Disk, file: string, text: string): number {
  const bytes = Buffer.from(text);
  const fd = disk.create(file);
  try {
    writeAll(disk, fd, bytes, bytes.length, 0);
    return fd;
  } catch (error) {
    disk.close(fd);
    disk.unlink(file);
    throw error;
  }
}
