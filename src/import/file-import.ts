// The import of one file. Events are written in the order of the file, and nothing is written behind an event that could
// not be: so the last one in the store says how far the file was read, wherever an import was interrupted.

import type { EventSource } from "../event/index.ts";
import { formatTimestamp } from "../event/index.ts";
import type { PriceTable } from "../pricing/index.ts";
import type { Store } from "../record/index.ts";
import type { FoundFile } from "./files.ts";
import type { Holdings } from "./holdings.ts";
import type { ImportedSession, Translated, TranscriptFile } from "./importer.ts";
import { RecordIds } from "./record-id.ts";
import type { Tally } from "./report.ts";
import { SessionWriter } from "./session-writer.ts";
import { readHead, readTranscript } from "./transcript.ts";
import type { Damage, TranscriptRecord } from "./transcript.ts";

/**
 * Imports one file, stepwise: every step ends with all events so far handed to the kernel, and yields how many bytes of
 * the file are done.
 *
 * @param importedAtMs when all of it was imported, if it has only grown since
 * @throws TracekeepError when an event could not be written
 */
export function* importFile(
  file: FoundFile,
  store: Store,
  holdings: Holdings,
  prices: PriceTable | undefined,
  tally: Tally,
  importedAtMs?: number,
): Generator<number, void, undefined> {
  const transcript = { path: file.path, head: readHead(file.path, HEAD_BYTES) };
  const writers = new FileWriters(file, transcript, store, holdings, tally, importedAtMs);
  const translator = file.importer.translator(transcript, prices);
  let stepFrom = 0;
  try {
    for (const item of readTranscript(file.path)) {
      if (item.kind === "record") writers.putRecord(item, translator.translate(item.record, item));
      else if (item.kind === "damage") writers.putDamage(item);
      else tally.report.unfinished.push({ file: file.path, from: item.from, to: item.to });
      const at = item.kind === "record" ? item.offset + item.bytes.length : item.to;
      if (at - stepFrom < STEP_BYTES) continue;
      writers.flush();
      yield at;
      stepFrom = at;
    }
    writers.flush();
  } finally {
    writers.close();
  }
}

// --- internal ---

/** As much of a file is read ahead for what has to be known before its first event: ids, title, project. */
const HEAD_BYTES = 1024 * 1024;
const STEP_BYTES = 2 * 1024 * 1024;
/** As many sessions are open at the same time; a file may hold any number. */
const MAX_OPEN = 64;

/** The sessions of one file. */
class FileWriters {
  readonly #file: FoundFile;
  readonly #transcript: TranscriptFile;
  readonly #store: Store;
  readonly #holdings: Holdings;
  readonly #tally: Tally;
  readonly #importedAtMs: number | undefined;
  readonly #ids = new RecordIds();
  readonly #writers = new Map<string, SessionWriter>();
  /** Those that may be open, the last used last. */
  readonly #recent = new Set<SessionWriter>();
  #current: SessionWriter | undefined;

  constructor(
    file: FoundFile,
    transcript: TranscriptFile,
    store: Store,
    holdings: Holdings,
    tally: Tally,
    importedAtMs: number | undefined,
  ) {
    this.#file = file;
    this.#transcript = transcript;
    this.#store = store;
    this.#holdings = holdings;
    this.#tally = tally;
    this.#importedAtMs = importedAtMs;
  }

  putRecord(record: TranscriptRecord, events: readonly Translated[]): void {
    const { offset, line, bytes } = record;
    const id = this.#ids.next(events[0]?.sourceId, bytes);
    events.forEach((event, index) => {
      const isLast = index === events.length - 1;
      // The last event of a record has no part, which says that the record was imported whole.
      this.#put(event, { file: this.#file.path, offset, line, id, ...(isLast ? {} : { part: index }) });
    });
  }

  /** Reports what cannot be read, and keeps it in the session around it. */
  putDamage(damage: Damage): void {
    const { from, to, line, reason, sha256, fragment, encoding } = damage;
    const file = this.#file.path;
    this.#tally.report.skipped.push({ file, from, to, reason });
    const session = this.#current?.imported ?? this.#firstSession();
    // Without any record there is no session that it could be part of; then it stands in the report only.
    if (session === undefined) return;
    const id = this.#ids.next(undefined, Buffer.from(sha256));
    const draft = {
      event: "GAP",
      count: 1,
      reason,
      bytes: to - from,
      sha256,
      fragment,
      fragment_encoding: encoding,
    };
    this.#put({ session, draft }, { file, offset: from, line, id });
  }

  flush(): void {
    this.#current?.flush();
  }

  close(): void {
    // With several sessions in one file, one could reach the disk and another not, if the power failed now.
    const sync = this.#writers.size > 1;
    for (const writer of this.#recent) writer.close({ sync });
  }

  // --- internal ---

  #put(event: Translated, source: EventSource): void {
    const writer = this.#writerOf(event.session);
    // Sessions are different files. What comes first in this one has to be in the store first.
    if (writer !== this.#current) this.#switchTo(writer);
    if (writer.put(event, source)) this.#tally.report.events_added++;
    else if (writer.isDeleted) this.#tally.deleted.add(event.session.id);
    else this.#tally.report.events_known++;
  }

  #switchTo(writer: SessionWriter): void {
    this.#current?.flush();
    this.#current = writer;
    this.#recent.delete(writer);
    this.#recent.add(writer);
    for (const oldest of this.#recent) {
      if (this.#recent.size <= MAX_OPEN) break;
      oldest.close({ sync: true });
      this.#recent.delete(oldest);
    }
  }

  #writerOf(session: ImportedSession): SessionWriter {
    let writer = this.#writers.get(session.id);
    if (writer !== undefined) return writer;
    writer = new SessionWriter(session, {
      store: this.#store,
      holdings: this.#holdings,
      file: this.#file.path,
      origin: this.#file.importer.name,
      fileTime: formatTimestamp(this.#file.modifiedMs),
      importedAtMs: this.#importedAtMs,
    });
    this.#writers.set(session.id, writer);
    this.#tally.sessions.add(session.id);
    return writer;
  }

  /** Whose the damage before the first record is: what a translator makes of that record tells. */
  #firstSession(): ImportedSession | undefined {
    const [first] = this.#transcript.head;
    if (first === undefined) return undefined;
    return this.#file.importer.translator(this.#transcript).translate(first, { offset: 0, line: 1 })[0]
      ?.session;
  }
}
