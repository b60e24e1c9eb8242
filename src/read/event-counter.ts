// How many events there are of each type. Most lines are counted by their bytes: by the number of their type among those
// that were seen.

import { MAX_TYPES_SEEN } from "./line-head.ts";
import type { SeenType } from "./line-head.ts";
import type { ReadReport } from "./report.ts";

/** What `reader.count` gives. */
export interface EventCount {
  events: number;
  /** By type, the most frequent first. */
  event_counts: Record<string, number>;
  report: ReadReport;
}

export class EventCounter {
  readonly #types = new Map<string, number>();
  /** By the number that a type was seen with. */
  readonly #seen = new Float64Array(MAX_TYPES_SEEN);
  readonly #names: string[] = [];

  /** Counts a line by the type that was seen at its beginning; all types come from one `LineHead`. */
  countSeen({ name, index }: SeenType): void {
    if (index < 0) return this.add(name, 1);
    const count = this.#seen[index] ?? 0;
    if (count === 0) this.#names[index] = name;
    this.#seen[index] = count + 1;
  }

  add(type: string, count: number): void {
    this.#types.set(type, (this.#types.get(type) ?? 0) + count);
  }

  types(): Record<string, number> {
    for (const [index, name] of this.#names.entries()) {
      if (name !== undefined) this.add(name, this.#seen[index] ?? 0);
    }
    this.#names.length = 0;
    this.#seen.fill(0);
    const sorted = [...this.#types].sort(([, left], [, right]) => right - left);
    return Object.fromEntries(sorted);
  }
}
