// Tells the store's index what a session adds up to, while its figures are at hand: when it is closed, and by choice as it
// goes on. Nothing depends on it: what the index does not know is read.

import path from "node:path";
import { setImmediate } from "node:timers";

import type { LineParts } from "../format/index.ts";
import { segmentNumber } from "../store/layout.ts";
import { MarkedFile, markOf } from "../store/session/file-mark.ts";
import type { FileMark } from "../store/session/file-mark.ts";
import type { IndexJournal } from "../store/session/index-journal.ts";
import { segmentsOf } from "../store/session/segment.ts";
import { encodeEntry } from "../store/session/session-entry.ts";
import type { SessionLog } from "../store/session/session-log.ts";
import type { SessionSummary } from "../summary/index.ts";

export class IndexKeeper {
  readonly #journal: IndexJournal;
  readonly #everyEvents: number;
  #events = 0;
  #isScheduled = false;
  /** The log holds events twice, after a failed sync: that is for readers to tell. */
  #isOff = false;
  /** Of all segments, as they were when the index was told last. */
  #marks: FileMark[] = [];
  /** The segment that is written to. */
  #file: MarkedFile | undefined;
  #path = "";

  /** @param everyEvents how often the index is told before the session is closed; Infinity: not at all */
  constructor(journal: IndexJournal, everyEvents: number) {
    this.#journal = journal;
    this.#everyEvents = everyEvents;
  }

  /** Counts an event. @param note is called after this turn of the event loop when the index is to be told */
  count({ event, seq, body }: LineParts, note: () => void): void {
    if (event === "SEGMENT" && body["first_seq"] !== seq) this.#isOff = true;
    if (this.#everyEvents === Infinity || this.#isScheduled) return;
    if (++this.#events < this.#everyEvents && !MOMENTS.has(event)) return;
    this.#events = 0;
    this.#isScheduled = true;
    // The events have been handed to the kernel by then.
    setImmediate(() => {
      this.#isScheduled = false;
      note();
    });
  }

  /**
   * Tells the index. Costs about 10 µs, and 15 more for each segment before, the first time. Never throws.
   *
   * @param summary of all that is in the log; undefined when that is not known
   */
  note(log: SessionLog, sessionId: string, summary: SessionSummary | undefined): void {
    if (this.#isOff || summary === undefined || log.isWaiting) return;
    try {
      log.flush();
      const mark = this.#markedFile(log.path, sessionId).mark(log.bytes);
      if (mark === undefined) return;
      this.#marks[this.#marks.length - 1] = mark;
      const folded = {
        summary,
        lastSeq: log.nextSeq - 1,
        findings: hasNotable(summary) ? undefined : [],
        failures: [],
        file: this.#marks.length - 1,
        offset: log.bytes,
        hasMore: false,
      };
      this.#journal.append(encodeEntry({ marks: this.#marks, folded }));
    } catch {
      // The index lacks a line, and the session is read instead.
    }
  }

  /** Lets go of the log. */
  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  // --- internal ---

  /** @throws when a segment is elsewhere by now: then the index is not told */
  #markedFile(file: string, sessionId: string): MarkedFile {
    if (this.#path === file && this.#file !== undefined) return this.#file;
    this.close();
    this.#markSegments(file, sessionId);
    this.#path = file;
    return (this.#file = new MarkedFile({ path: file, name: path.basename(file) }));
  }

  /** @throws when a segment is elsewhere by now: then the index is not told */
  #markSegments(last: string, sessionId: string): void {
    const marks = segmentsOf(last, sessionId).map((file) =>
      markOf({ path: file, name: path.basename(file) }, undefined),
    );
    if (marks.includes(undefined)) throw new Error("a segment has been archived");
    // The figures are of all that was recorded, also of what was deleted since.
    if (marks.length !== segmentNumber(last) + 1) throw new Error("a segment is missing");
    this.#marks = marks as FileMark[];
  }
}

// --- internal ---

/** When Sentinel's index is updated, besides every so many events. Its end comes with the session's. */
const MOMENTS: ReadonlySet<string> = new Set(["START", "RESUMED", "ANOMALY_DETECTED"]);

/** Whether it has events whose places an index keeps, and which only a reader knows. */
function hasNotable({ errors, event_counts: counts, copies }: SessionSummary): boolean {
  return (
    errors > 0 || copies.events > 0 || counts["GAP"] !== undefined || counts["ANOMALY_DETECTED"] !== undefined
  );
}
