// When a log goes on in another segment: at a size and, where days matter, at the end of each.

import * as fs from "node:fs";

/** Default of `segmentBytes`. */
export const SEGMENT_BYTES: number = 10 * 1024 * 1024;

export interface SegmentSwitchOptions {
  /** A segment that has so many bytes is the last no more: the next event begins another. Default 10 MiB. */
  segmentBytes?: number | undefined;
  /** When the day of a moment ends: the first event after that begins another segment. Default: days do not matter. */
  dayEndMs?: ((nowMs: number) => number) | undefined;
}

export class SegmentSwitch {
  readonly #segmentBytes: number;
  readonly #dayEndMs: (nowMs: number) => number;
  #atBytes: number;
  #atMs: number;

  /** @param file the present segment, which belongs to the day it was last written on */
  constructor({ segmentBytes = SEGMENT_BYTES, dayEndMs }: SegmentSwitchOptions, file: string) {
    this.#segmentBytes = this.#atBytes = segmentBytes;
    this.#dayEndMs = dayEndMs ?? ((): number => Infinity);
    this.#atMs =
      dayEndMs === undefined ? Infinity : dayEndMs(Math.min(fs.statSync(file).mtimeMs, Date.now()));
  }

  isDue(bytes: number): boolean {
    return bytes >= this.#atBytes || (this.#atMs !== Infinity && Date.now() >= this.#atMs);
  }

  /** A segment has just been begun. */
  begun(): void {
    this.#atBytes = this.#segmentBytes;
    this.#atMs = this.#dayEndMs(Date.now());
  }

  /** It could not be begun. A longer segment does no harm, so it is tried again after as many bytes more, or a day. */
  postpone(bytes: number): void {
    this.#atBytes = bytes + this.#segmentBytes;
    this.#atMs = this.#dayEndMs(Date.now());
  }
}
