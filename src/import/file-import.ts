// The import of one file. Events are written in the order of the file, and nothing is written behind an event that could
// not be: so the last one in the store says how far the file was read, whenever the import is interrupted.

import { TracekeepError } from "../base/errors.ts";
import { formatTimestamp } from "../event/index.ts";
import type { EventSource } from "../event/index.ts";
import type { PriceTable } from "../pricing/index.ts";
import type { Store } from "../record/index.ts";
import type { FoundFile } from "./files.ts";
import type { Holdings } from "./holdings.ts";
import type { ImportedSession, Translated } from "./importer.ts";
import { isRecord, RecordIds } from "./record-id.ts";
import type { ImportReport } from "./report.ts";
import { SessionWriter } from "./session-writer.ts";
import type { WriterContext } from "./session-writer.ts";
import { readHead, readTranscript } from "./transcript.ts";
import type { Damage, TranscriptRecord } from "./transcript.ts";

/** What is added up over all files. */
export interface Tally {
  report: ImportReport;
  sessions: Set<string>;
}

/**
 * Whether nothing was added to a file since it was imported; what the store has of it is then counted from there. Reads
 * one record of the file, and the session's log.
 */
export function isUnchanged(file: FoundFile, holdings: Holdings, { report, sessions }: Tally): boolean {
  const lasts = holdings.lastSources(file.path);
  const last = lasts.map(({ source }) => source).reduce<EventSource | undefined>(laterOf, undefined);
  // Only the last event of a record has no part: with one, the record's other events are still to come.
  if (last === undefined || last.part !== undefined) return false;
  const [first, next] = readTranscript(file.path, last.offset).map(whatItIs).take(2);
  ...
}
