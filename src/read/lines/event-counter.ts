// How many events there are of each type.

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

  add(type: string, count: number): void {
    this.events += count;
    this.#types.set(type, (this.#types.get(type) ?? 0) + count);
  }

  types(): Record<string, number> {
    const sorted = [...this.#types].sort(([, left], [, right]) => right - left);
    return Object.fromEntries(sorted);
  }
}
