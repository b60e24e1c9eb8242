// The spool: where processes too short-lived to hold a session's lock leave what they saw. A file for each session, one
// `O_APPEND` write for each record, no lock. Whoever opens the store next folds it into the sessions (src/import/hooks/fold.ts).

import * as fs from "node:fs";
import path from "node:path";

import { systemCode } from "../../base/errors.ts";
import { escapeUnsafe } from "../../format/safe-json.ts";
import { temporaryBeside } from "../disk/temporary-file.ts";
import { DIRECTORY_MODE, FILE_MODE, SPOOL_ASIDE_SUFFIX, SPOOL_DIRECTORY, SPOOL_STATE } from "../layout.ts";
import { readWholeFile } from "../reading/whole-file.ts";

/** A file of the spool, and how long it is now. */
export interface SpoolFile {
  path: string;
  name: string;
  bytes: number;
  modifiedMs: number;
  inode: number;
}

/**
 * Appends one record to the spool file of a session, in one write, so that the records of processes running at the
 * same time never mix.
 *
 * @param line JSON, ended by `\n`; what a terminal would obey is escaped in it, as in a log
 * @throws what `fs` throws; then the record is not in the spool
 */
export function appendToSpool(storeDir: string, sessionId: string, line: string): void {
  const directory = path.join(storeDir, SPOOL_DIRECTORY);
  const file = path.join(directory, spoolFileName(sessionId));
  const bytes = Buffer.from(escapeUnsafe(line));
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) if (appendOnce(directory, file, bytes)) return;
}

/**
 * The name of a session's spool file. Ids come from outside, so whatever could be more than a name is
 * written in hex, and cut: the records themselves say whose they are, so two sessions may share a file.
 */
export function spoolFileName(sessionId: string): string {
  const isPlain = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/.test(sessionId);
  return `${isPlain ? sessionId : `x.${Buffer.from(sessionId).toString("hex", 0, 60)}`}.jsonl`;
}

/** Whether a path is that of a spool file, of this store or another. */
export function isInSpool(file: string): boolean {
  return path.basename(path.dirname(file)) === SPOOL_DIRECTORY;
}

/** The files of the spool, by name. */
export function listSpool(storeDir: string): SpoolFile[] {
  const directory = path.join(storeDir, SPOOL_DIRECTORY);
  let names: string[];
  try {
    names = fs.readdirSync(directory).sort();
  } catch (error) {
    if (systemCode(error) === "ENOENT") return [];
    throw error;
  }
  const files: SpoolFile[] = [];
  for (const name of names.filter((each) => /\.jsonl(\.aside)?$/.test(each))) {
    const file = path.join(directory, name);
    const stat = fs.lstatSync(file, { throwIfNoEntry: false });
    if (stat?.isFile() !== true) continue;
    files.push({ path: file, name, bytes: stat.size, modifiedMs: stat.mtimeMs, inode: stat.ino });
  }
  return files;
}

/** How much of a spool file is folded, and how far the transcripts that it names are imported. */
export interface SpoolEntry {
  /** `inode:bytes`, as the file was. */
  folded: string;
  /** By path, the same of each transcript, and behind an `@` when it was imported, in milliseconds since 1970. */
  transcripts: Record<string, string>;
}

/** By file name. Derived: without it everything is looked at again, and found to be known. */
export type SpoolState = Record<string, SpoolEntry>;

export function readSpoolState(storeDir: string): SpoolState {
  const state: SpoolState = Object.create(null);
  try {
    const text = readWholeFile(path.join(storeDir, SPOOL_DIRECTORY, SPOOL_STATE)).toString();
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== "object" || parsed === null) return state;
    for (const [name, entry] of Object.entries(parsed)) if (isSpoolEntry(entry)) state[name] = entry;
  } catch {
    // Missing or damaged: nothing is known.
  }
  return state;
}

export function writeSpoolState(storeDir: string, state: SpoolState): void {
  const file = path.join(storeDir, SPOOL_DIRECTORY, SPOOL_STATE);
  const temporary = temporaryBeside(file);
  fs.writeFileSync(temporary, JSON.stringify(state), { mode: FILE_MODE });
  fs.renameSync(temporary, file);
}

/**
 * Takes a spool file away that is folded up to `bytes`, unless something was added since. It is moved aside before it
 * is looked at again: a hook that was just writing then either shows in the length, or finds its file gone and writes
 * its record once more ({@link appendToSpool}); the record's id tells the two apart from two records.
 *
 * @returns whether it is gone
 */
export function removeSpoolFile(file: string, bytes: number): boolean {
  const aside = file.endsWith(SPOOL_ASIDE_SUFFIX) ? file : file + SPOOL_ASIDE_SUFFIX;
  if (aside !== file) {
    if (fs.existsSync(aside)) return false;
    fs.renameSync(file, aside);
  }
  if (fs.lstatSync(aside).size !== bytes) return false;
  fs.unlinkSync(aside);
  return true;
}

// --- internal ---

function isSpoolEntry(entry: unknown): entry is SpoolEntry {
  if (typeof entry !== "object" || entry === null) return false;
  if (!("folded" in entry) || typeof entry.folded !== "string" || !("transcripts" in entry)) return false;
  return typeof entry.transcripts === "object" && entry.transcripts !== null;
}

/** Once, and again when the file was taken away at that very moment. */
const MAX_ATTEMPTS = 3;

/** @returns whether the record is in the file that bears the name */
function appendOnce(directory: string, file: string, bytes: Buffer): boolean {
  const fd = openSpoolFile(directory, file);
  try {
    let written = fs.writeSync(fd, bytes);
    // Only a disk that is just filling up takes a part. The rest may come apart from it; reading finds both.
    while (written < bytes.length) written += fs.writeSync(fd, bytes, written);
    return fs.fstatSync(fd).ino === fs.lstatSync(file, { throwIfNoEntry: false })?.ino;
  } finally {
    fs.closeSync(fd);
  }
}

function openSpoolFile(directory: string, file: string): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
  // An agent's hook must not wait for the reader of a FIFO.
  const flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK;
  try {
    return fs.openSync(file, flags, FILE_MODE);
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
    fs.mkdirSync(directory, { recursive: true, mode: DIRECTORY_MODE });
    return fs.openSync(file, flags, FILE_MODE);
  }
}
