// How many events there are of each type. Most lines are counted by their bytes, so types are told apart by bytes first:
// a handful of types makes up any log, and the one of the line before is the likeliest.

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
  /** By the length of the name and its first bytes; those that collide stand in one list. */
  readonly #slots: (TypeSlot[] | undefined)[] = Array.from({ length: SLOTS });

  /** Counts a line by the bytes of its type. */
  countBytes(buffer: Buffer, from: number, to: number): void {
    this.events++;
    const length = to - from;
    const hash = (length * 31 + (buffer[from] ?? 0) * 7 + (buffer[from + 5] ?? 0)) % SLOTS;
    const slots = (this.#slots[hash] ??= []);
    for (const slot of slots) {
      if (slot.bytes.length === length && isAt(buffer, from, slot.bytes)) {
        slot.count++;
        return;
      }
    }
    const bytes = Uint8Array.prototype.slice.call(buffer, from, to);
    if (slots.length < MAX_COLLISIONS) slots.push({ bytes, count: 1 });
    else this.#addType(Buffer.from(bytes).toString("utf8"), 1);
  }

  add(type: string, count: number): void {
    this.events += count;
    this.#addType(type, count);
  }

  types(): Record<string, number> {
    for (const slot of this.#slots.flat()) {
      if (slot === undefined) continue;
      this.#addType(Buffer.from(slot.bytes).toString("utf8"), slot.count);
      slot.count = 0;
    }
    const sorted = [...this.#types]
      .filter(([, count]) => count > 0)
      .sort(([, left], [, right]) => right - left);
    return Object.fromEntries(sorted);
  }

  // --- internal ---

  #addType(type: string, count: number): void {
    this.#types.set(type, (this.#types.get(type) ?? 0) + count);
  }
}

// --- internal ---

interface TypeSlot {
  bytes: Uint8Array;
  count: number;
}

const SLOTS = 256;
/** Custom types come from outside and may be any number. */
const MAX_COLLISIONS = 8;

function isAt(buffer: Buffer, at: number, wanted: Uint8Array): boolean {
  for (let index = 0; index < wanted.length; index++) {
    if (buffer[at + index] !== wanted[index]) return false;
  }
  return true;
}
