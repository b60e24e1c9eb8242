// What could not be read, for people: a line for each file instead of one for each place.

import type { SkippedBytes } from "../read/index.ts";
import { formatBytes, formatCount, plural, printable } from "./text.ts";

const MAX_FILES = 8;
const MAX_REASONS = 2;

/** @example "3 places (20 bytes) of notes.jsonl, first at byte 8,268: JSON, but not an object" */
export function renderSkipped(skipped: readonly SkippedBytes[]): string[] {
  const files = new Map<string, SkippedBytes[]>();
  for (const place of skipped) {
    const places = files.get(place.file);
    if (places === undefined) files.set(place.file, [place]);
    else places.push(place);
  }
  const lines = [...files].slice(0, MAX_FILES).map(([file, places]) => {
    const bytes = places.reduce((sum, { from, to }) => sum + to - from, 0);
    const reasons = [...new Set(places.map(({ reason }) => printable(reason)))];
    const shown = reasons.slice(0, MAX_REASONS).join("; ") + (reasons.length > MAX_REASONS ? "; …" : "");
    const first = formatCount(Math.min(...places.map(({ from }) => from)));
    return `skipped ${plural(places.length, "place")} (${formatBytes(bytes)}) of ${nameOf(file)}, first at byte ${first}: ${shown}`;
  });
  if (files.size > MAX_FILES)
    lines.push(`and places in ${plural(files.size - MAX_FILES, "more file")}; --json lists them all`);
  return lines;
}

// --- internal ---

/** `-` is how commands and reports name standard input. */
function nameOf(file: string): string {
  return file === "-" ? "standard input" : printable(file);
}
