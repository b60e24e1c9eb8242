// The files that a shared log consists of once it is rotated: the one that is written to keeps its name, `log.jsonl`;
// those before it are `log.0000.jsonl`, `log.0001.jsonl` and so on beside it, and in the archive once they are
// compressed. Numbers only grow, and the file that is written to says its own in its first line (SEGMENT {segment}).

import * as fs from "node:fs";
import path from "node:path";

import { ioError, systemCode } from "../../base/errors.ts";
import type { Event } from "../../event/index.ts";
import { ARCHIVE_DIRECTORY } from "../layout.ts";

/** A file that a shared log was in before it was rotated. */
export interface RotatedFile {
  number: number;
  path: string;
  archived: boolean;
}

/** Whether a log may be rotated by its name. */
export function hasRotatableName(log: string): boolean {
  return log.endsWith(EXTENSION) && path.basename(log).length > EXTENSION.length;
}

/** Name of a rotated file beside its log. @example rotatedPath("audit.jsonl", 2) // "audit.0002.jsonl" */
export function rotatedPath(log: string, number: number): string {
  return `${log.slice(0, -EXTENSION.length)}.${String(number).padStart(4, "0")}${EXTENSION}`;
}

/** Where a rotated file is once it is archived. */
export function archivedPath(rotated: string): string {
  return path.join(path.dirname(rotated), ARCHIVE_DIRECTORY, `${path.basename(rotated)}.gz`);
}

/**
 * The rotated files of a log in order. While one is on its way into the archive, the uncompressed one counts. Reads two
 * folders and no file.
 *
 * @throws TracekeepError when a folder cannot be read
 */
export function listRotated(log: string): RotatedFile[] {
  if (!hasRotatableName(log)) return [];
  const found = new Map<number, RotatedFile>();
  const directory = path.dirname(log);
  // Whatever moves meanwhile moves into the archive, so that is looked into last.
  for (const archived of [false, true]) {
    const folder = archived ? path.join(directory, ARCHIVE_DIRECTORY) : directory;
    for (const name of namesIn(folder)) {
      const number = numberIn(name, path.basename(log));
      if (number === undefined || found.has(number)) continue;
      found.set(number, { number, path: path.join(folder, name), archived });
    }
  }
  return [...found.values()].sort((left, right) => left.number - right.number);
}

/** Whether a file name is one that a rotated file of a log has. */
export function isRotatedName(name: string, log: string): boolean {
  return numberIn(name, path.basename(log)) !== undefined;
}

/** Which number a file will have when it is rotated, by the event that it begins with. */
export function segmentNumberOf(first: Event | undefined): number {
  const number = first?.event === "SEGMENT" ? first["segment"] : undefined;
  return Number.isSafeInteger(number) && Number(number) > 0 ? Number(number) : 0;
}

// --- internal ---

const EXTENSION = ".jsonl";

/** A name that was taken in the archive has the beginning of the content's hash behind its number. */
const ROTATED = /^\.(\d{4,15})(?:-[0-9a-f]{12})?\.jsonl(?:\.gz)?$/;

function numberIn(name: string, log: string): number | undefined {
  const stem = log.slice(0, -EXTENSION.length);
  if (!name.startsWith(stem)) return undefined;
  const number = ROTATED.exec(name.slice(stem.length))?.[1];
  return number === undefined ? undefined : Number(number);
}

function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder).sort();
  } catch (error) {
    if (systemCode(error) === "ENOENT") return [];
    throw ioError("read the folder", folder, error);
  }
}
