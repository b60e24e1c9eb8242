// When a shared log goes on in another file, and how. All of it happens under the log's lock. The new file is complete
// before it takes the log's name, and the old one has its own before it loses it: whatever interrupts this, the log's
// name names a file with a whole first line, and every event is in exactly one place.

import * as fs from "node:fs";
import path from "node:path";

import { dayEndIn } from "../../base/day.ts";
import { FORMAT_VERSION } from "../../event/index.ts";
import { decodeLine } from "../../format/index.ts";
import type { LineParts } from "../../format/index.ts";
import { writeAll } from "../disk/disk.ts";
import type { Disk } from "../disk/disk.ts";
import { nameBehindTemporary, temporaryBeside } from "../disk/temporary-file.ts";
import { readLines } from "../reading/line-reader.ts";
import { ownEvent } from "../session/own-event.ts";
import { firstEventOf } from "../session/segment.ts";
import type { SharedFile } from "./shared-file.ts";
import { listRotated, rotatedPath, segmentNumberOf } from "./shared-segments.ts";
import type { RotatedFile } from "./shared-segments.ts";

export interface RotationOptions {
  /** Size in bytes at which a log goes on in another file. */
  bytes: number;
  /** It also does at 00:00 in this IANA time zone, with the first event after that. Default: only by size. */
  dailyIn?: string | undefined;
  /** Called when the log has gone on in another file; the one before it is to be archived. */
  onRotated?: (() => void) | undefined;
}

export class Rotation {
  readonly #options: RotationOptions;
  readonly #disk: Disk;
  readonly #path: string;
  /** When the day of a file is over. */
  #midnight: { file: SharedFile; timeMs: number } | undefined;
  /** After a rotation that failed: when to try again. */
  #notBeforeMs = -Infinity;

  constructor(options: RotationOptions, disk: Disk, log: string) {
    this.#options = options;
    this.#disk = disk;
    this.#path = log;
  }

  /** Whether the next event belongs in another file. */
  isDue(file: SharedFile): boolean {
    if (file.isEmpty || performance.now() < this.#notBeforeMs) return false;
    return (
      file.failure !== undefined || file.isForeign || this.roomIn(file) <= 0 || this.#isPastMidnight(file)
    );
  }

  /** Bytes until the file has its size. */
  roomIn(file: SharedFile): number {
    return this.#options.bytes - file.size;
  }

  /**
   * Puts the file aside under its number and an empty one, but for its first line, in its place.
   *
   * @param encode makes the line, in the name of whoever writes it
   * @throws the system's error; then the log goes on as it was, and is not tried to be rotated for a second
   */
  rotate(file: SharedFile, encode: (parts: LineParts) => string): void {
    this.#notBeforeMs = performance.now() + RETRY_MS;
    this.#removeLeftovers();
    const rotated = listRotated(this.#path);
    const number = this.#numberAmong(rotated);
    const old = rotatedPath(this.#path, number);
    const temporary = temporaryBeside(this.#path);
    const made: string[] = [];
    try {
      made.push(temporary);
      this.#create(temporary, encode(this.#header(number + 1, file.nextSeq)));
      // An earlier rotation may have been cut short behind this.
      if (!rotated.some((each) => each.number === number)) {
        this.#disk.link(this.#path, old);
        made.push(old);
      }
      this.#disk.rename(temporary, this.#path);
    } catch (error) {
      for (const name of made) if (this.#disk.exists(name)) this.#disk.unlink(name);
      throw error;
    }
    this.#disk.syncDirectory(path.dirname(this.#path));
    this.#notBeforeMs = -Infinity;
    this.#options.onRotated?.();
  }

  /** What an empty file begins with, where older ones are there: somebody has taken the last one away. */
  beginning(): LineParts | undefined {
    const last = listRotated(this.#path).at(-1);
    return last === undefined ? undefined : this.#header(last.number + 1, lastNumberIn(last.path) + 1);
  }

  // --- internal ---

  /** The number that the file gets: its own, unless another file has that. */
  #numberAmong(rotated: readonly RotatedFile[]): number {
    const own = segmentNumberOf(firstEventOf(this.#path));
    const there = rotated.find(({ number }) => number === own);
    if (there === undefined || isSameFile(there.path, this.#path)) return own;
    return (rotated.at(-1)?.number ?? own) + 1;
  }

  #header(segment: number, firstSeq: number): LineParts {
    return {
      ...ownEvent("SEGMENT", { format: FORMAT_VERSION, segment, first_seq: firstSeq }),
      seq: firstSeq,
    };
  }

  #create(file: string, line: string): void {
    const fd = this.#disk.create(file);
    try {
      const bytes = Buffer.from(line);
      writeAll(this.#disk, fd, bytes, bytes.length, 0);
      this.#disk.sync(fd);
    } finally {
      this.#disk.close(fd);
    }
  }

  /** Files that a rotation had begun whose process died. Nobody else is at one: this one has the lock. */
  #removeLeftovers(): void {
    const directory = path.dirname(this.#path);
    for (const name of fs.readdirSync(directory)) {
      if (nameBehindTemporary(name) === path.basename(this.#path))
        this.#disk.unlink(path.join(directory, name));
    }
  }

  #isPastMidnight(file: SharedFile): boolean {
    const { dailyIn } = this.#options;
    if (dailyIn === undefined) return false;
    if (this.#midnight?.file !== file) {
      this.#midnight = { file, timeMs: dayEndIn(dailyIn)(file.beganMs) };
    }
    return Date.now() >= this.#midnight.timeMs;
  }
}

// --- internal ---

const RETRY_MS = 1_000;

function isSameFile(left: string, right: string): boolean {
  const [a, b] = [left, right].map((file) => fs.lstatSync(file, { bigint: true, throwIfNoEntry: false }));
  return a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev;
}

/** Highest number in a file, which may be compressed; -1 when there is none. */
function lastNumberIn(file: string): number {
  let last = -1;
  for (const line of readLines(file)) {
    const decoded = "bytes" in line ? decodeLine(line.bytes) : undefined;
    last = decoded?.kind === "event" ? Math.max(last, decoded.event.seq) : last + 1;
  }
  return last;
}
