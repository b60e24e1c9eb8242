// Some stretches of a file, one behind the other as if there were nothing between them, for readers that know which
// parts of it they need.

import { FileSource } from "./byte-source.ts";
import type { ByteSource, SourceDamage } from "./byte-source.ts";

/** Bytes of a file from the beginning of a line to the end of one; `to` not included. */
export interface Stretch {
  from: number;
  to: number;
}

export class StretchSource implements ByteSource {
  readonly path: string;
  readonly damage: readonly SourceDamage[] = [];
  readonly #file: FileSource;
  readonly #stretches: readonly Stretch[];
  /** Where each of them begins in what is read. */
  readonly #starts: number[] = [];
  #current = 0;
  #placed = 0;
  #isCut = false;

  /** @param stretches in order */
  constructor(path: string, stretches: readonly Stretch[]) {
    this.path = path;
    this.#stretches = stretches;
    let start = 0;
    for (const { from, to } of stretches) {
      this.#starts.push(start);
      start += to - from;
    }
    this.#file = new FileSource(path, stretches[0]?.from ?? 0);
  }

  get used(): number {
    return this.#file.used;
  }

  read(into: Buffer, at: number): number {
    let end = at;
    for (; end < into.length && !this.#isCut; this.#current++) {
      const stretch = this.#stretches[this.#current];
      if (stretch === undefined) break;
      if (this.#file.used < stretch.from) this.#file.seek(stretch.from);
      const room = Math.min(into.length - end, stretch.to - this.#file.used);
      const count = this.#file.read(into.subarray(0, end + room), end);
      end += count;
      // Only the rest of the buffer, or less than is there for other reasons; the next read goes on.
      if (count > 0 && this.#file.used < stretch.to) break;
      // Cut meanwhile: what comes next must not be glued to half a line.
      this.#isCut = count === 0 && room > 0;
    }
    return end - at;
  }

  /** Where in the file something stands that was read, asked in order. */
  placeOf(offset: number): number {
    const starts = this.#starts;
    while ((starts[this.#placed + 1] ?? Infinity) <= offset) this.#placed++;
    return (this.#stretches[this.#placed]?.from ?? 0) + offset - (starts[this.#placed] ?? 0);
  }

  close(): void {
    this.#file.close();
  }
}
