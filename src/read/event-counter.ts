// How many events there are of each type. Most lines are counted by their bytes: by the number of their type among those
// that were seen.

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
  events = 0;
  readonly #types = new Map<string, number>();
  /** By the number that a type was seen with. */
  readonly #seen: ({ name: string; count: number } | undefined)[] = [];

  /** Counts a line by the type that was seen at its beginning; all types come from one `LineHead`. */
  countSeen({ name, index }: SeenType): void {
    const seen = index < 0 ? undefined : (this.#seen[index] ??= { name, count: 0 });
    if (seen === undefined) return this.add(name, 1);
    this.events++;
    seen.count++;
  }

  add(type: string, count: number): void {
    this.events += count;
    this.#addType(type, count);
  }

  types(): Record<string, number> {
    for (const seen of this.#seen.splice(0)) if (seen !== undefined) this.#addType(seen.name, seen.count);
    const sorted = [...this.#types].sort(([, left], [, right]) => right - left);
    return Object.fromEntries(sorted);
  }

  // --- internal ---

  #addType(type: string, count: number): void {
    this.#types.set(type, (this.#types.get(type) ?? 0) + count);
  }
}
