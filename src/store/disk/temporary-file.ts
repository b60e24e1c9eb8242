// Files that are not complete yet: each is renamed or linked into place, and its name says who is making it. When that
// process dies meanwhile, whoever next keeps the store takes the file away: it holds nothing that is not elsewhere.

import * as fs from "node:fs";
import path from "node:path";

import { checksum32 } from "../../base/hash.ts";
import { randomSalt } from "../../base/ids.ts";
import {
  ARCHIVE_DIRECTORY,
  INDEX_DIRECTORY,
  SPOOL_DIRECTORY,
  STAMPS_DIRECTORY,
  TEMPORARY_PREFIX,
} from "../layout.ts";
import type { Disk } from "./disk.ts";
import { currentProcess, isProcessAlive } from "./process.ts";
import type { ProcessIdentity } from "./process.ts";

/** A name for an unfinished file in the same folder that no one else uses, nor a predecessor has left behind. */
export function temporaryBeside(file: string): string {
  const { pid, process_start: start } = currentProcess();
  const maker = [machine(), pid, start === "" ? UNKNOWN : start, randomSalt().slice(0, SALT_CHARACTERS)];
  return path.join(path.dirname(file), `${TEMPORARY_PREFIX}${maker.join(".")}-${path.basename(file)}`);
}

/** The name that a file was to have when it was made under a temporary one; undefined for any other name. */
export function nameBehindTemporary(name: string): string | undefined {
  return TEMPORARY_NAME.exec(name)?.groups?.["meant"];
}

/**
 * Unfinished files in a store whose makers have died, and files of makers that nothing is known of (another machine's, or
 * from before the last boot) that were not written to for a day.
 */
export function leftTemporaryFiles(dir: string, nowMs: number = Date.now()): string[] {
  const folders = [".", ARCHIVE_DIRECTORY, INDEX_DIRECTORY, SPOOL_DIRECTORY, STAMPS_DIRECTORY];
  return folders
    .map((folder) => path.join(dir, folder))
    .flatMap((folder) => namesIn(folder).map((name) => path.join(folder, name)))
    .filter((file) => isLeft(file, nowMs));
}

/** Removes those; returns how many. What cannot be removed is left for the next time. */
export function removeLeftTemporaryFiles(disk: Disk, dir: string): number {
  let removed = 0;
  for (const file of leftTemporaryFiles(dir)) {
    try {
      disk.unlink(file);
      removed++;
    } catch {
      // Somebody else was quicker, or it is not ours to remove: `doctor` still names it then.
    }
  }
  return removed;
}

// --- internal ---

const SALT_CHARACTERS = 8;
const UNKNOWN = "x";
const TEMPORARY_NAME = /^\.tmp-(?<machine>[0-9a-z]+)\.(?<pid>\d+)\.(?<start>\d+|x)\.[\w-]{8}-(?<meant>.*)$/s;
const DAY_MS: number = 24 * 3_600_000;

let machineName: string | undefined;

/** This machine since it was booted, in a few characters. */
function machine(): string {
  const { host, boot_id: bootId } = currentProcess();
  return (machineName ??= checksum32(Buffer.from(`${host}\n${bootId}`)).toString(36));
}

function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder).filter((name) => name.startsWith(TEMPORARY_PREFIX));
  } catch {
    return [];
  }
}

function isLeft(file: string, nowMs: number): boolean {
  const isAlive = isMakerAlive(path.basename(file));
  if (isAlive !== undefined) return !isAlive;
  const stat = fs.lstatSync(file, { throwIfNoEntry: false });
  return stat !== undefined && nowMs - stat.mtimeMs > DAY_MS;
}

/** Undefined when nobody can say. */
function isMakerAlive(name: string): boolean | undefined {
  const { machine: madeOn, pid, start } = TEMPORARY_NAME.exec(name)?.groups ?? {};
  if (madeOn !== machine() || start === UNKNOWN) return undefined;
  const maker: ProcessIdentity = { ...currentProcess(), pid: Number(pid), process_start: start ?? "" };
  return isProcessAlive(maker);
}
