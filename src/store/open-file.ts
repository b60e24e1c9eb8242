// One file that is open for appending: its size, and its two ways of syncing.
//
// The kernel tells a write error once to each open file description (Linux 4.13, errseq_t). If a sync off the event
// loop and one on it shared a descriptor, the first to return would take the error away from the other, which would
// call what was lost a success. So syncs off the event loop have a descriptor of their own.

import { ioError, systemCode } from "../base/errors.ts";
import { writeAll } from "./disk.ts";
import type { Disk } from "./disk.ts";

export class OpenFile {
  readonly path: string;
  /** Bytes in the file, all of them whole lines. */
  size: number;
  readonly #disk: Disk;
  readonly #fd: number;
  #backgroundFd: number | undefined;
  #syncsRunning = 0;
  #isClosed = false;

  constructor(disk: Disk, path: string, fd: number, size: number) {
    this.#disk = disk;
    this.path = path;
    this.#fd = fd;
    this.size = size;
  }

  /** Writes whole lines; when that fails, nothing of them is in the file, unless it {@link isTorn}. */
  append(bytes: Uint8Array): void {
    writeAll(this.#disk, this.#fd, bytes, bytes.length, this.size);
    this.size += bytes.length;
  }

  /** Part of a line that could not be cut off again is in the file: what is written behind it would be glued to it. */
  get isTorn(): boolean {
    return this.#disk.size(this.#fd) !== this.size;
  }

  /** Returns when everything written is on the medium. A failed sync must never be tried again. */
  sync(): void {
    this.#disk.sync(this.#fd);
  }

  /** The same off the event loop. */
  syncSoon(done: (error: Error | null) => void): void {
    this.#backgroundFd ??= this.#reopen();
    this.#syncsRunning++;
    this.#disk.syncSoon(this.#backgroundFd, (error) => {
      this.#syncsRunning--;
      if (this.#isClosed && this.#syncsRunning === 0) this.#closeBackground();
      done(error);
    });
  }

  /** Lets go of the file and of its lock. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#backgroundFd !== this.#fd) this.#disk.close(this.#fd);
    // A sync that is still running needs its descriptor; its end closes it.
    if (this.#syncsRunning === 0) this.#closeBackground();
  }

  // --- internal ---

  #reopen(): number {
    try {
      return this.#disk.reopen(this.#fd);
    } catch {
      // No /proc, or no descriptors left. One for both is what there is then, and on most systems all that helps.
      return this.#fd;
    }
  }

  #closeBackground(): void {
    if (this.#backgroundFd !== undefined) this.#disk.close(this.#backgroundFd);
  }
}

/** Syncs a file that is not open any more; one that has been archived since was synced there. @throws TracekeepError */
export function syncFile(disk: Disk, file: string): void {
  try {
    const fd = disk.open(file);
    try {
      disk.sync(fd);
    } finally {
      disk.close(fd);
    }
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw ioError("sync", file, error);
  }
}
