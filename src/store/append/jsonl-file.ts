// A JSON Lines file of the caller's choosing, opened to be added to. It is no session log: it may hold events of many
// sessions, one after the other, and whoever writes to it numbers them.

import path from "node:path";

import { ioError, systemCode, TracekeepError } from "../../base/errors.ts";
import { writeAll } from "../disk/disk.ts";
import type { Disk } from "../disk/disk.ts";
import { tryLock } from "../disk/lock.ts";
import type { Durability } from "./durability.ts";

export interface JsonlFile {
  fd: number;
  /** Bytes in it, all of them whole lines. */
  size: number;
}

/**
 * Opens `file` for appending, creating it (0600) and the folders above it (0700), and takes its kernel lock. A last
 * line without its newline gets one: the fragment stays what it is, a damaged line that every reader reports, and the
 * next event is not glued to it.
 *
 * @throws TracekeepError `FILE_BUSY` while another writer has it
 */
export function openJsonlFile(disk: Disk, file: string, durability: Durability): JsonlFile {
  let fd: number | undefined;
  try {
    fd = openOrCreate(disk, file, durability);
    if (!tryLock(fd)) {
      throw new TracekeepError("FILE_BUSY", `another writer has ${file}`, {
        path: file,
        hint: "share one sink within a process; give each process a file of its own, or use a store",
      });
    }
    return { fd, size: endWithNewline(disk, fd) };
  } catch (error) {
    if (fd !== undefined) disk.close(fd);
    throw error instanceof TracekeepError ? error : ioError("open", file, error);
  }
}

/**
 * Opens a file for reading and appending, and creates it (0600) and the folders above it (0700) when it is missing.
 *
 * @throws the system's error
 */
export function openOrCreate(disk: Disk, file: string, durability: Durability): number {
  try {
    return disk.open(file);
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
  }
  const directory = path.dirname(file);
  disk.makeDirectory(directory);
  try {
    const fd = disk.create(file);
    // Otherwise a power loss could take the name of a file whose every line was synced.
    if (durability === "fsync") disk.syncDirectory(directory);
    return fd;
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw error;
    return disk.open(file);
  }
}

// --- internal ---

function endWithNewline(disk: Disk, fd: number): number {
  const size = disk.size(fd);
  const last = Buffer.alloc(1);
  if (size === 0 || (disk.read(fd, last, size - 1) === 1 && last[0] === 0x0a)) return size;
  writeAll(disk, fd, Buffer.from("\n"), 1, size);
  return size + 1;
}
