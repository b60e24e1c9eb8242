// The file operations of the write side, and nothing else. They go through one object so that tests can make any of
// them fail, and so that the order of writes, syncs and renames can be recorded and checked.

import * as fs from "node:fs";
import path from "node:path";

import { assert } from "../../base/assert.ts";
import { DIRECTORY_MODE, FILE_MODE } from "../layout.ts";

export interface Disk {
  /** Creates a file for reading and appending; fails when the name is taken. */
  readonly create: (file: string) => number;
  /** Opens an existing regular file for reading and appending. */
  readonly open: (file: string) => number;
  /** Opens the very file of `fd` once more: another open file description, without its lock. */
  readonly reopen: (fd: number) => number;
  readonly close: (fd: number) => void;
  /** One write at the end of the file; returns how many bytes were taken, which may be fewer. */
  readonly write: (fd: number, bytes: Uint8Array, offset: number, length: number) => number;
  /** The same off the event loop; `done` gets the error, or null and how many bytes were taken. */
  readonly writeSoon: (
    fd: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    done: (error: Error | null, written: number) => void,
  ) => void;
  readonly read: (fd: number, into: Uint8Array, position: number) => number;
  readonly size: (fd: number) => number;
  /** How many names the file has. */
  readonly links: (fd: number) => number;
  readonly truncate: (fd: number, size: number) => void;
  /** Returns when data and size are on the medium. */
  readonly sync: (fd: number) => void;
  /** The same off the event loop; `done` gets the error, or null. */
  readonly syncSoon: (fd: number, done: (error: Error | null) => void) => void;
  /** Makes creations, renames and deletions in a folder durable. */
  readonly syncDirectory: (directory: string) => void;
  /** The same off the event loop; `done` gets the error, or null. */
  readonly syncDirectorySoon: (directory: string, done: (error: Error | null) => void) => void;
  /** Gives a file a second name; fails when the name is taken. */
  readonly link: (from: string, to: string) => void;
  readonly rename: (from: string, to: string) => void;
  readonly unlink: (file: string) => void;
  readonly exists: (file: string) => boolean;
  readonly makeDirectory: (directory: string) => void;
}

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_RDWR, O_DIRECTORY } = fs.constants;

export const nodeDisk: Disk = {
  create: (file) => fs.openSync(file, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW, FILE_MODE),
  open: (file) => fs.openSync(file, O_RDWR | O_APPEND | O_NOFOLLOW),
  // By way of /proc, so that a file which was moved meanwhile is not taken for another one of its old name.
  reopen: (fd) => fs.openSync(`/proc/self/fd/${fd}`, O_RDONLY),
  close: (fd) => fs.closeSync(fd),
  write: (fd, bytes, offset, length) => fs.writeSync(fd, bytes, offset, length),
  writeSoon: (fd, bytes, offset, length, done) => fs.write(fd, bytes, offset, length, null, done),
  read: (fd, into, position) => fs.readSync(fd, into, 0, into.length, position),
  size: (fd) => fs.fstatSync(fd).size,
  links: (fd) => fs.fstatSync(fd).nlink,
  truncate: (fd, size) => fs.ftruncateSync(fd, size),
  sync: (fd) => fs.fdatasyncSync(fd),
  syncSoon: (fd, done) => fs.fdatasync(fd, done),
  syncDirectory: (directory) => {
    const fd = fs.openSync(directory, O_RDONLY | O_DIRECTORY);
    try {
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
  },
  syncDirectorySoon: (directory, done) => {
    fs.open(directory, O_RDONLY | O_DIRECTORY, (openError, fd) => {
      if (openError !== null) return done(openError);
      fs.fsync(fd, (error) => fs.close(fd, () => done(error)));
    });
  },
  link: (from, to) => fs.linkSync(from, to),
  rename: (from, to) => fs.renameSync(from, to),
  unlink: (file) => fs.unlinkSync(file),
  exists: (file) => fs.existsSync(file),
  makeDirectory: (directory) => void fs.mkdirSync(directory, { mode: DIRECTORY_MODE, recursive: true }),
};

/**
 * Writes a whole buffer at the end of a file. When it cannot, the file is cut back to `size` before the error is
 * thrown, so that no part of a line stays behind.
 *
 * @param size size of the file before the write
 */
export function writeAll(disk: Disk, fd: number, bytes: Uint8Array, length: number, size: number): void {
  let written = 0;
  try {
    while (written < length) {
      const count = disk.write(fd, bytes, written, length - written);
      // libuv reports a write that stopped half-way (a full disk, say) as a short count; the next call has the error.
      if (count === 0) throw new Error("the system accepted no bytes");
      written += count;
    }
  } catch (error) {
    if (written > 0) disk.truncate(fd, size);
    throw error;
  }
}

/**
 * Writes a file under a temporary name and puts it in place when it is complete and on the medium. When it cannot be, the
 * file is as it was, and nothing is left under the other name.
 *
 * @param bytes of the file, or parts of them in order
 */
export function replaceFile(
  disk: Disk,
  file: string,
  bytes: Uint8Array | readonly Uint8Array[],
  temporary: string,
): void {
  const directory = path.dirname(file);
  assert(path.dirname(temporary) === directory, "the temporary file to be in the same folder");
  const fd = disk.create(temporary);
  try {
    try {
      let size = 0;
      for (const part of ArrayBuffer.isView(bytes) ? [bytes] : bytes) {
        writeAll(disk, fd, part, part.length, size);
        size += part.length;
      }
      disk.sync(fd);
    } finally {
      disk.close(fd);
    }
    disk.rename(temporary, file);
  } catch (error) {
    tryUnlink(disk, temporary);
    throw error;
  }
  disk.syncDirectory(directory);
}

// --- internal ---

function tryUnlink(disk: Disk, file: string): void {
  try {
    disk.unlink(file);
  } catch {
    // Whoever keeps the store takes it away once this process has ended.
  }
}
