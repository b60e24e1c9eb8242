// One file that is open for appending: its size, and its two ways of syncing.
//
// The kernel tells a write error once to each open file description (Linux 4.13, errseq_t). If a sync off the event
// loop and one on it shared a descriptor, the first to return would take the error away from the other, which would
// call what was lost a success. So syncs off the event loop have a descriptor of their own.

import { dirname } from "node:path";

import { writeAll } from "./disk.ts";
import type { Disk } from "./disk.ts";
import { LeftFile } from "./left-file.ts";

const CHUNK_BYTES: number = 1024 * 1024;

export interface OpenFileState {
  /** Bytes in the file, all of them whole lines. */
  size: number;
  /** Its name is known to be on the medium. Otherwise the first sync sees to it. */
  isNameDurable: boolean;
  /** Files that were left before it, and are to be on the medium when it is. */
  leftBefore?: readonly LeftFile[];
  /** Nobody else may write to it: when it is shorter than what was written, a sync of it has failed. */
  isOurs?: boolean;
}

export class OpenFile {
  readonly path: string;
  /** Bytes in the file, all of them whole lines. */
  size: number;
  readonly #disk: Disk;
  readonly #fd: number;
  readonly #isOurs: boolean;
  #isNameDurable: boolean;
  #leftBefore: readonly LeftFile[];
  #left: LeftFile | undefined;
  #backgroundFd: number | undefined;
  #syncsRunning = 0;
  #isClosed = false;

  constructor(disk: Disk, path: string, fd: number, state: OpenFileState) {
    const { size, isNameDurable, leftBefore, isOurs = false } = state;
    this.#disk = disk;
    this.path = path;
    this.#fd = fd;
    this.size = size;
    this.#isNameDurable = isNameDurable;
    this.#leftBefore = leftBefore ?? [];
    this.#isOurs = isOurs;
  }

  /** Writes whole lines; when that fails, nothing of them is in the file, unless it {@link isTorn}. */
  append(bytes: Uint8Array): void {
    writeAll(this.#disk, this.#fd, bytes, bytes.length, this.size);
    this.size += bytes.length;
  }

  /** Part of a line that could not be cut off again is in the file: what is written behind it would be glued to it. */
  get isTorn(): boolean {
    try {
      return this.#disk.size(this.#fd) !== this.size;
    } catch {
      // Nobody can say what is in it.
      return true;
    }
  }

  /** Cuts off what makes it torn; returns whether it is whole now. */
  repair(): boolean {
    if (!this.isTorn) return true;
    try {
      this.#disk.truncate(this.#fd, this.size);
      return true;
    } catch {
      return false;
    }
  }

  /** Whether its name was deleted: what is written to it is gone when it is closed. Asked while it is open, or synced. */
  get isGone(): boolean {
    const fd = this.#isClosed ? this.#backgroundFd : this.#fd;
    return fd !== undefined && this.#disk.links(fd) === 0;
  }

  /** All that is in it, piece by piece. */
  *contents(): Generator<Buffer, void, undefined> {
    for (let position = 0; position < this.size;) {
      const bytes = Buffer.alloc(Math.min(CHUNK_BYTES, this.size - position));
      const count = this.#disk.read(this.#fd, bytes, position);
      if (count === 0) throw new Error(`${this.path} is shorter than what was written to it`);
      position += count;
      yield bytes.subarray(0, count);
    }
  }

  /** What becomes of it, and of those before it that are not known to be on the medium, once it is left. */
  leave(): { own: LeftFile; all: readonly LeftFile[] } {
    this.#left ??= new LeftFile(this.#disk, this.path, this.#isNameDurable);
    return { own: this.#left, all: [...this.#leftBefore.filter(({ isSynced }) => !isSynced), this.#left] };
  }

  /** Returns when everything written, and the name, is on the medium. A failed sync must never be tried again. */
  sync(): void {
    for (const left of this.#leftBefore) left.sync();
    this.#disk.sync(this.#fd);
    if (!this.#isNameDurable) this.#disk.syncDirectory(dirname(this.path));
    const error = this.#whyNotWhole();
    if (error !== null) throw error;
    this.#synced();
  }

  /** The same off the event loop. */
  syncSoon(done: (error: Error | null) => void): void {
    this.#backgroundFd ??= this.#reopen();
    this.#syncsRunning++;
    const ended = (failure: Error | null): void => {
      const error = failure ?? this.#whyNotWhole();
      this.#syncsRunning--;
      if (!this.#isClosed && error === null) this.#synced();
      if (error !== null) this.#left?.fail(error);
      try {
        done(error);
      } finally {
        if (this.#isClosed && this.#syncsRunning === 0) this.#closeBackground();
      }
    };
    const before = [...this.#leftBefore];
    const next = (error: Error | null): void => {
      if (error !== null || this.#isClosed) return ended(error);
      const left = before.shift();
      if (left !== undefined) left.syncSoon(next);
      else if (this.#isNameDurable) ended(null);
      else this.#disk.syncDirectorySoon(dirname(this.path), ended);
    };
    this.#disk.syncSoon(this.#backgroundFd, next);
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

  /** Another program may have cut it off (`truncate`, `logrotate`, a backup put back): what it held is on no medium. */
  #whyNotWhole(): Error | null {
    try {
      if (!this.#isOurs || this.#isClosed || this.#disk.size(this.#fd) >= this.size) return null;
      return new Error("another program has cut it off; what is known of it is written to the next file");
    } catch (error) {
      return error as Error;
    }
  }

  #synced(): void {
    this.#isNameDurable = true;
    this.#leftBefore = [];
  }

  #reopen(): number {
    try {
      return this.#disk.reopen(this.#fd);
    } catch {
      // No /proc, or no descriptors left. One for both is what there is then, and on most systems all that helps.
      return this.#fd;
    }
  }

  #closeBackground(): void {
    if (this.#backgroundFd === undefined) return;
    this.#disk.close(this.#backgroundFd);
    this.#backgroundFd = undefined;
  }
}
