// How a text arrived piece by piece, as far as an event tells.

import type { Event } from "../event/index.ts";

export interface Chunk {
  text: string;
  /** Milliseconds after the event's own time. */
  offsetMs: number;
}

/**
 * The pieces of an event's text at their times; undefined when it tells none, or none that fit its text. An event tells
 * them as `chunks: [[offset in milliseconds, length in UTF-16 units], …]` of its `content` (or `message`); text beyond
 * the last chunk comes with it.
 */
export function chunksOf(event: Event): Chunk[] | undefined {
  const { chunks } = event;
  const text = event["content"] ?? event["message"];
  if (!Array.isArray(chunks) || chunks.length === 0 || typeof text !== "string") return undefined;
  const found: Chunk[] = [];
  let start = 0;
  let latestMs = 0;
  for (const [index, chunk] of chunks.entries()) {
    if (!Array.isArray(chunk)) return undefined;
    const [offsetMs, length]: unknown[] = chunk;
    if (typeof offsetMs !== "number" || typeof length !== "number" || !(offsetMs >= 0) || !(length >= 0))
      return undefined;
    if (start + length > text.length) return undefined;
    // Pieces arrive in their order, whatever the clock said meanwhile.
    latestMs = Math.max(latestMs, offsetMs);
    const end = index === chunks.length - 1 ? text.length : start + length;
    found.push({ text: text.slice(start, end), offsetMs: latestMs });
    start = end;
  }
  return found;
}
