// What a read tells about itself: how much it looked at, and what it could not read. Damage is data, never an error.

import type { SkippedBytes } from "../../store/session/catalog.ts";

/** Why the last line of a session that is being written may be missing its end. It is no damage. */
export const UNFINISHED_LINE = "unfinished last line";

/** More places than this are counted and not listed. */
export const MAX_SKIPPED = 10_000;

export class ReadReport {
  /** Events looked at, whether or not they were wanted. */
  read = 0;
  /** What could not be read as events: bytes of a file, `to` not included. At most 10,000; see `skippedCount`. */
  readonly skipped: SkippedBytes[] = [];
  skippedCount = 0;
  /** Of those, events of foreign files without a valid time; no filter by time accepts them. */
  timeless = 0;
  /** Bytes read so far of the files, as they are stored, and of how many; a stream's are not known. */
  bytes = 0;
  bytesTotal = 0;
  /** Folders that were named to be read and hold no log. */
  readonly emptyFolders: string[] = [];
  /** Events that a later segment of their log holds again, and that are shown from there. */
  superseded = 0;

  skip(file: string, from: number, to: number, reason: string): void {
    this.skippedCount++;
    if (this.skipped.length < MAX_SKIPPED) this.skipped.push({ file, from, to, reason });
  }

  /** Whether anything was skipped that should have been readable. */
  get hasDamage(): boolean {
    return this.skippedCount > MAX_SKIPPED || this.skipped.some(({ reason }) => reason !== UNFINISHED_LINE);
  }
}
