// The files of an index. They are derived: whoever finds one missing or unreadable reads the logs instead.

import * as fs from "node:fs";
import path from "node:path";

import { ioError, TracekeepError } from "../../base/errors.ts";
import { INDEX_DIRECTORY } from "../layout.ts";
import { READ_FLAGS } from "../reading/whole-file.ts";
import { replaceFile } from "./disk.ts";
import type { Disk } from "./disk.ts";
import { temporaryBeside } from "./temporary-file.ts";

/**
 * What a file of the index holds; undefined when there is none, or when it cannot be read.
 *
 * @param bytes how many to read, if not all
 * @param from where
 */
export function readIndexFile(
  dir: string,
  name: string,
  bytes: number = Infinity,
  from = 0,
): Buffer | undefined {
  const file = path.join(dir, INDEX_DIRECTORY, name);
  let fd: number | undefined;
  try {
    fd = fs.openSync(file, READ_FLAGS);
    // A length that stands in a damaged file may be any number.
    const length = Math.max(0, Math.min(bytes, fs.fstatSync(fd).size - from));
    const part = Buffer.allocUnsafeSlow(length);
    return part.subarray(0, fs.readSync(fd, part, 0, length, from));
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}

/** Makes the folder of the index, unless it is there. @throws TracekeepError */
export function makeIndexDirectory(disk: Disk, dir: string): void {
  const directory = path.join(dir, INDEX_DIRECTORY);
  try {
    disk.makeDirectory(directory);
  } catch (error) {
    throw error instanceof TracekeepError ? error : ioError("create", directory, error);
  }
}

/** Names of the files that an index has; none when there is no index. */
export function listIndexFiles(dir: string): string[] {
  try {
    return fs.readdirSync(path.join(dir, INDEX_DIRECTORY));
  } catch {
    return [];
  }
}

/** Removes one, if it can be. */
export function removeIndexFile(disk: Disk, dir: string, name: string): void {
  const file = path.join(dir, INDEX_DIRECTORY, name);
  if (disk.exists(file)) disk.unlink(file);
}

/**
 * Replaces a file of the index, or leaves it as it was.
 *
 * @throws TracekeepError when it cannot be written
 */
export function writeIndexFile(
  disk: Disk,
  dir: string,
  name: string,
  bytes: Buffer | readonly Buffer[],
): void {
  const directory = path.join(dir, INDEX_DIRECTORY);
  const file = path.join(directory, name);
  try {
    disk.makeDirectory(directory);
    replaceFile(disk, file, bytes, temporaryBeside(file));
  } catch (error) {
    throw error instanceof TracekeepError ? error : ioError("write", file, error);
  }
}
