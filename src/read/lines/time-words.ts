// Times as our writer writes them, `2026-01-06T22:00:00.000Z`, are in order as texts: six times four bytes, each compared
// as a number.

import { formatTimestamp, MAX_TIME_MS, MIN_TIME_MS } from "../../event/index.ts";

export const TIME_WORDS = 6;

export function timeWords(timeMs: number): Int32Array {
  const bytes = Buffer.from(formatTimestamp(Math.min(Math.max(timeMs, MIN_TIME_MS), MAX_TIME_MS)));
  return Int32Array.from({ length: TIME_WORDS }, (_, word) => bytes.readInt32BE(word * 4));
}

/** Negative when the time in the view is the earlier one, positive when it is the later one. */
export function compareTime(view: DataView, at: number, words: Int32Array): number {
  for (let word = 0; word < TIME_WORDS; word++) {
    const difference = view.getInt32(at + word * 4) - (words[word] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

export function compareWords(left: Int32Array, right: Int32Array): number {
  for (let word = 0; word < TIME_WORDS; word++) {
    const difference = (left[word] ?? 0) - (right[word] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** How many of its bytes tell already whether a time is earlier or later: up to the first in which they differ. */
export function bytesToTell(view: DataView, at: number, words: Int32Array): number {
  for (let word = 0; word < TIME_WORDS; word++) {
    const difference = view.getInt32(at + word * 4) ^ (words[word] ?? 0);
    if (difference !== 0) return word * 4 + (Math.clz32(difference) >> 3) + 1;
  }
  return TIME_WORDS * 4;
}

export function readTime(view: DataView, at: number, into: Int32Array): void {
  for (let word = 0; word < TIME_WORDS; word++) into[word] = view.getInt32(at + word * 4);
}
