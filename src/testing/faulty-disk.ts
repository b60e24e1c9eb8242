// A real disk that fails when it is told to: what a full disk and a dying one do, at the very write or sync a test
// wants. Everything else goes to the real file system.

import { nodeDisk } from "../store/disk.ts";
import type { Disk } from "../store/disk.ts";

export interface FaultyDisk extends Disk {
  /**
   * Each entry meets one write, first come, first served. `"no space"`: nothing is written, `ENOSPC`. A number: that
   * many bytes are written and no more (at least one is missing), and the write of the rest gets `ENOSPC`.
   */
  failWrites: (number | "no space")[];
  /** As many of the next syncs fail with `EIO`. */
  failSyncs: number;
  /** Syncs that were asked for. */
  syncs: number;
}

/**
 * @example
 * const disk = faultyDisk();
 * const sink = jsonlSink("events.jsonl", { disk });
 * disk.failWrites = ["no space"]; // the next event is refused, DISK_FULL
 */
export function faultyDisk(): FaultyDisk {
  /** How many bytes the next write may take; throws when it may take none. */
  const allowed = (length: number): number => {
    const fault = disk.failWrites.shift();
    if (fault === undefined) return length;
    if (fault === "no space") throw systemError("ENOSPC", "no space left on device, write");
    disk.failWrites.unshift("no space");
    return Math.min(fault, length - 1);
  };
  const checkSync = (): void => {
    disk.syncs++;
    if (disk.failSyncs === 0) return;
    disk.failSyncs--;
    throw systemError("EIO", "i/o error, fdatasync");
  };
  const disk: FaultyDisk = {
    ...nodeDisk,
    failWrites: [],
    failSyncs: 0,
    syncs: 0,
    write: (fd, bytes, offset, length) => nodeDisk.write(fd, bytes, offset, allowed(length)),
    writeSoon: (fd, bytes, offset, length, done) => {
      try {
        nodeDisk.writeSoon(fd, bytes, offset, allowed(length), done);
      } catch (error) {
        setImmediate(() => done(error as Error, 0));
      }
    },
    sync: (fd) => {
      checkSync();
      nodeDisk.sync(fd);
    },
    syncSoon: (fd, done) => {
      try {
        checkSync();
        nodeDisk.syncSoon(fd, done);
      } catch (error) {
        setImmediate(() => done(error as Error));
      }
    },
  };
  return disk;
}

// --- internal ---

function systemError(code: string, message: string): Error {
  return Object.assign(new Error(`${code}: ${message}`), { code });
}
