// A real disk that fails when it is told to: what a full disk and a dying one do, at the very write or sync a test
// wants, and what the end of a process or of the power leaves of it. Everything else goes to the real file system.

import * as fs from "node:fs";
import path from "node:path";
import { setImmediate } from "node:timers";

import { nodeDisk } from "../store/disk/disk.ts";
import type { Disk } from "../store/disk/disk.ts";

export interface FaultyDisk extends Disk {
  /**
   * Each entry meets one write, first come, first served. `"no space"`: nothing is written, `ENOSPC`. A number: that
   * many bytes are written and no more (at least one is missing), and the write of the rest gets `ENOSPC`.
   */
  failWrites: (number | "no space")[];
  /** As many of the next syncs fail with `EIO`; so does the next one by every other descriptor of that file. */
  failSyncs: number;
  /** Syncs that were asked for. */
  syncs: number;
  /** When set, {@link crash} happens in place of that many-th operation that changes something (0: the next one). */
  crashIn: number | undefined;
  /** Nothing works any more. */
  readonly isDead: boolean;
  /** As when the process dies: descriptors and locks are gone, what was written is there, nothing works any more. */
  crash: () => void;
  /**
   * As when the power goes: a crash, and of every file in a folder only what was synced is there, under names that were
   * synced. What a failed sync was about is lost, whatever a later sync of that file said.
   */
  cutPower: (directory: string) => void;
}

/**
 * @example
 * const disk = faultyDisk();
 * const sink = jsonlSink("events.jsonl", { disk });
 * disk.failWrites = ["no space"]; // the next event is refused, DISK_FULL
 */
export function faultyDisk(): FaultyDisk {
  /** By descriptor: how many errors of its file it has been told. Linux tells each one of them once (errseq_t). */
  const descriptors = new Map<number, number>();
  /** By inode: how much of a file is on the medium, and how many syncs of it have failed. */
  const media = new Map<number, { syncedBytes: number; errors: number }>();
  /** Descriptors that the thread pool is syncing. */
  const syncing = new Set<number>();
  const unsyncedNames = new Set<string>();
  let isDead = false;

  /** How many bytes the next write may take; throws when it may take none. */
  const allowed = (length: number): number => {
    const fault = disk.failWrites.shift();
    if (fault === undefined) return length;
    if (fault === "no space") throw systemError("ENOSPC", "no space left on device, write");
    disk.failWrites.unshift("no space");
    return Math.min(fault, length - 1);
  };
  const opened = (fd: number): number => {
    const { ino, size } = fs.fstatSync(fd);
    const medium = media.get(ino) ?? { syncedBytes: size, errors: 0 };
    media.set(ino, medium);
    descriptors.set(fd, medium.errors);
    return fd;
  };
  const checkAlive = (): void => {
    if (isDead) throw systemError("EBADF", "the process is dead");
  };
  const countStep = (): void => {
    checkAlive();
    if (disk.crashIn === undefined || disk.crashIn-- > 0) return;
    disk.crash();
    checkAlive();
  };
  /** Makes a sync fail that should; else returns what to do when it has gone well. */
  const beginSync = (fd: number): (() => void) => {
    countStep();
    disk.syncs++;
    const { ino, size } = fs.fstatSync(fd);
    const medium = media.get(ino) ?? { syncedBytes: size, errors: 0 };
    if (disk.failSyncs > 0) {
      disk.failSyncs--;
      medium.errors++;
    }
    const told = descriptors.get(fd) ?? 0;
    descriptors.set(fd, medium.errors);
    if (told < medium.errors) throw systemError("EIO", "i/o error, fdatasync");
    return () => {
      if (medium.errors === 0) medium.syncedBytes = Math.max(medium.syncedBytes, size);
    };
  };
  const disk: FaultyDisk = {
    ...nodeDisk,
    failWrites: [],
    failSyncs: 0,
    syncs: 0,
    crashIn: undefined,
    get isDead() {
      return isDead;
    },
    crash: () => {
      isDead = true;
      // A descriptor that the thread pool still uses could be another file's by the time it is its turn.
      for (const fd of descriptors.keys()) if (!syncing.has(fd)) disk.close(fd);
    },
    cutPower: (directory) => {
      if (!isDead) disk.crash();
      for (const name of unsyncedNames) fs.rmSync(name, { force: true });
      for (const name of fs.readdirSync(directory)) {
        const file = path.join(directory, name);
        const medium = media.get(fs.statSync(file).ino);
        if (medium !== undefined && medium.syncedBytes < fs.statSync(file).size)
          fs.truncateSync(file, medium.syncedBytes);
      }
    },
    create: (file) => {
      countStep();
      const fd = nodeDisk.create(file);
      // The inode may have been that of a file which is gone.
      media.delete(fs.fstatSync(fd).ino);
      return opened(fd);
    },
    open: (file) => {
      checkAlive();
      return opened(nodeDisk.open(file));
    },
    reopen: (fd) => {
      checkAlive();
      return opened(nodeDisk.reopen(fd));
    },
    close: (fd) => {
      if (descriptors.delete(fd)) nodeDisk.close(fd);
    },
    size: (fd) => {
      checkAlive();
      return nodeDisk.size(fd);
    },
    write: (fd, bytes, offset, length) => {
      countStep();
      return nodeDisk.write(fd, bytes, offset, allowed(length));
    },
    writeSoon: (fd, bytes, offset, length, done) => {
      try {
        countStep();
        nodeDisk.writeSoon(fd, bytes, offset, allowed(length), done);
      } catch (error) {
        setImmediate(() => done(error as Error, 0));
      }
    },
    truncate: (fd, size) => {
      countStep();
      nodeDisk.truncate(fd, size);
    },
    sync: (fd) => {
      const succeeded = beginSync(fd);
      nodeDisk.sync(fd);
      succeeded();
    },
    syncSoon: (fd, done) => {
      try {
        const succeeded = beginSync(fd);
        syncing.add(fd);
        nodeDisk.syncSoon(fd, (error) => {
          syncing.delete(fd);
          if (isDead) {
            disk.close(fd);
            return done(systemError("EBADF", "the process is dead"));
          }
          if (error === null) succeeded();
          done(error);
        });
      } catch (error) {
        setImmediate(() => done(error as Error));
      }
    },
    syncDirectorySoon: (directory, done) => {
      let failure: Error | null = null;
      try {
        disk.syncDirectory(directory);
      } catch (error) {
        failure = error as Error;
      }
      setImmediate(() => done(failure));
    },
    syncDirectory: (directory) => {
      countStep();
      nodeDisk.syncDirectory(directory);
      for (const name of unsyncedNames) if (path.dirname(name) === directory) unsyncedNames.delete(name);
    },
    link: (from, to) => {
      countStep();
      nodeDisk.link(from, to);
      unsyncedNames.add(to);
    },
    rename: (from, to) => {
      countStep();
      nodeDisk.rename(from, to);
    },
    unlink: (file) => {
      countStep();
      nodeDisk.unlink(file);
      unsyncedNames.delete(file);
    },
  };
  return disk;
}

// --- internal ---

function systemError(code: string, message: string): Error {
  return Object.assign(new Error(`${code}: ${message}`), { code });
}
