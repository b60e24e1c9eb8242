// A real disk that writes down what was done to it, in order, so that every state a power cut could have left can be
// made again afterwards.

import { nodeDisk } from "../../src/store/disk/disk.ts";
import type { Disk } from "../../src/store/disk/disk.ts";

/** `inode` names a file whatever its names are. */
export type Operation =
  | { kind: "create"; file: string; inode: number }
  | { kind: "write"; inode: number; bytes: Buffer }
  | { kind: "truncate"; inode: number; size: number }
  /** Only what was written before a sync began is on the medium when it ends. */
  | { kind: "begin sync"; inode: number; sync: number }
  | { kind: "sync"; inode: number; sync: number }
  | { kind: "link"; from: string; to: string }
  | { kind: "rename"; from: string; to: string }
  | { kind: "unlink"; file: string }
  | { kind: "sync directory" }
  /** The caller was told that this event is on the medium. */
  | { kind: "acknowledge"; id: string };

export interface RecordingDisk extends Disk {
  readonly operations: Operation[];
}

export function recordingDisk(): RecordingDisk {
  const operations: Operation[] = [];
  const inodes = new Map<string, number>();
  const open = new Map<number, number>();
  let created = 0;
  let syncs = 0;
  const inodeOf = (fd: number): number => open.get(fd) ?? -1;
  return {
    ...nodeDisk,
    operations,
    create: (file) => {
      const fd = nodeDisk.create(file);
      const inode = created++;
      inodes.set(file, inode);
      open.set(fd, inode);
      operations.push({ kind: "create", file, inode });
      return fd;
    },
    open: (file) => {
      const fd = nodeDisk.open(file);
      open.set(fd, inodes.get(file) ?? -1);
      return fd;
    },
    reopen: (fd) => {
      const again = nodeDisk.reopen(fd);
      open.set(again, inodeOf(fd));
      return again;
    },
    write: (fd, bytes, offset, length) => {
      const written = nodeDisk.write(fd, bytes, offset, length);
      const copy = Buffer.from(bytes.subarray(offset, offset + written));
      operations.push({ kind: "write", inode: inodeOf(fd), bytes: copy });
      return written;
    },
    truncate: (fd, size) => {
      nodeDisk.truncate(fd, size);
      operations.push({ kind: "truncate", inode: inodeOf(fd), size });
    },
    sync: (fd) => {
      const sync = ++syncs;
      operations.push({ kind: "begin sync", inode: inodeOf(fd), sync });
      nodeDisk.sync(fd);
      operations.push({ kind: "sync", inode: inodeOf(fd), sync });
    },
    syncSoon: (fd, done) => {
      const inode = inodeOf(fd);
      const sync = ++syncs;
      operations.push({ kind: "begin sync", inode, sync });
      nodeDisk.syncSoon(fd, (error) => {
        operations.push({ kind: "sync", inode, sync });
        done(error);
      });
    },
    syncDirectory: (directory) => {
      nodeDisk.syncDirectory(directory);
      operations.push({ kind: "sync directory" });
    },
    syncDirectorySoon: (directory, done) => {
      nodeDisk.syncDirectorySoon(directory, (error) => {
        operations.push({ kind: "sync directory" });
        done(error);
      });
    },
    link: (from, to) => {
      nodeDisk.link(from, to);
      inodes.set(to, inodes.get(from) ?? -1);
      operations.push({ kind: "link", from, to });
    },
    rename: (from, to) => {
      nodeDisk.rename(from, to);
      inodes.set(to, inodes.get(from) ?? -1);
      inodes.delete(from);
      operations.push({ kind: "rename", from, to });
    },
    unlink: (file) => {
      nodeDisk.unlink(file);
      inodes.delete(file);
      operations.push({ kind: "unlink", file });
    },
  };
}
