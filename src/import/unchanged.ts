// Whether a file is as it was when it was imported, told from one record of it.

import type { EventSource } from "../event/index.ts";
import type { FoundFile } from "./files.ts";
import type { Holdings } from "./holdings.ts";
import { isRecord } from "./record-id.ts";
import type { Tally } from "./report.ts";
import { readTranscript } from "./transcript.ts";
import type { TranscriptItem } from "./transcript.ts";

/** The source, if the file still has that record in that place: it may have been cut back and written anew. */
export function cursorIn(file: string, source: EventSource | undefined): EventSource | undefined {
  if (source === undefined) return undefined;
  for (const item of readTranscript(file, source.offset)) return isFrom(item, source) ? source : undefined;
  return undefined;
}

/**
 * Whether nothing was added to a file since it was imported; then what the store has of it is added to the tally. Reads
 * the file from the last imported record on, and the logs of its sessions, stepwise.
 */
export function* tallyUnchanged(
  file: FoundFile,
  holdings: Holdings,
  { report, sessions }: Tally,
): Generator<void, boolean, undefined> {
  const lasts = holdings.lastSources(file.path);
  const last = lasts.map(({ source }) => source).sort((a, b) => b.offset - a.offset)[0];
  // Only the last event of a record has no part; with one, others of the record are still to come.
  if (last === undefined || last.part !== undefined) return false;
  const unfinished: typeof report.unfinished = [];
  let first = true;
  for (const item of readTranscript(file.path, last.offset)) {
    if (first && !isFrom(item, last)) return false;
    if (!first && item.kind !== "unfinished") return false;
    if (item.kind === "unfinished") unfinished.push({ file: file.path, from: item.from, to: item.to });
    first = false;
  }
  if (first) return false;
  report.unfinished.push(...unfinished);
  for (const { session } of lasts) {
    sessions.add(session);
    const held = yield* holdings.heldFrom(file.path, session);
    report.events_known += held.events;
    report.skipped.push(...held.gaps);
  }
  return true;
}

// --- internal ---

function isFrom(item: TranscriptItem, source: EventSource): boolean {
  if (item.kind === "record") return source.id === undefined || isRecord(source.id, item.bytes);
  return item.kind === "damage" && (source.id === undefined || isRecord(source.id, Buffer.from(item.sha256)));
}
