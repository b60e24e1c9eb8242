// One session's log as it grows, over all its files: each event once and in order, and where to read on.

import { TracekeepError } from "../../base/errors.ts";
import type { Event } from "../../event/index.ts";
import { decodeLine } from "../../format/index.ts";
import { GrowingFile } from "../../store/disk/growing-file.ts";
import { readLastLine } from "../../store/reading/line-reader.ts";
import type { SessionLogFile } from "../../store/session/catalog.ts";
import type { ReadReport } from "../lines/report.ts";
import { LINES_PER_STEP } from "../scan/line-pass.ts";

/** An event and its line, which is valid until the next step. */
export interface FollowedEvent {
  event: Event;
  bytes: Buffer;
}

export class SessionTail {
  readonly sessionId: string;
  /** Number of the next event; undefined until one was read. */
  #nextSeq: number | undefined;
  /** Number after that of the last event that was given. */
  #givenTo = 0;
  /** Events before this one are not wanted. */
  #fromSeq = 0;
  /** In order of their events; those before `#at` are done with. */
  #files: readonly SessionLogFile[] = [];
  #at = 0;
  #file: GrowingFile | undefined;
  /** Ids of events that were read from a file whose end the next one holds again. */
  #repeated: Set<string> | undefined;
  #ended = false;

  constructor(sessionId: string) {
    this.sessionId = sessionId;
  }

  /** Whether the last event read is the session's END. It may be gone on with all the same. */
  get ended(): boolean {
    return this.#ended;
  }

  get nextSeq(): number | undefined {
    return this.#nextSeq;
  }

  /** Name of the file that grows. */
  get fileName(): string | undefined {
    return this.#files.at(-1)?.name;
  }

  /** Takes in which files there are now, in order. */
  update(files: readonly SessionLogFile[]): void {
    const current = this.#files[this.#at];
    this.#files = files;
    if (current === undefined) return;
    // A file that was moved is the one that begins with the same event; one that has gone is read by its descriptor.
    const at = files.findIndex(({ firstSeq }) => firstSeq === current.firstSeq);
    if (at >= 0) this.#at = at;
    else {
      this.#files = [current, ...files.filter(({ firstSeq }) => firstSeq > current.firstSeq)];
      this.#at = 0;
    }
  }

  /** Begins with the event of a number. */
  startAt(seq: number): void {
    this.#fromSeq = seq;
    const at = this.#files.findLastIndex(({ firstSeq }) => firstSeq <= seq);
    this.#at = Math.max(0, at);
  }

  /**
   * Begins with what comes after the last whole line.
   *
   * @returns the event on that line
   * @throws TracekeepError when the file cannot be read
   */
  startAtEnd(): Event | undefined {
    this.#at = Math.max(0, this.#files.length - 1);
    const file = this.#files[this.#at];
    if (file === undefined) return undefined;
    const { line, offset } = readLastLine(file.path);
    this.#file = new GrowingFile(file.path, line === undefined ? offset : offset + line.length);
    const last = line === undefined ? undefined : decodeLine(line);
    if (last?.kind !== "event") return undefined;
    this.#read(last.event);
    return last.event;
  }

  /** Whether a line stood before the place where this began to read. */
  isBehind(file: SessionLogFile, offset: number): boolean {
    const current = this.#files[this.#at];
    if (current === undefined || file.firstSeq !== current.firstSeq) return true;
    return offset < (this.#file?.offset ?? 0);
  }

  /** Passes over an event that came another way. Only when it is the next one. */
  pass(event: Event, bytes: Buffer | string): boolean {
    // The first line of a new file is found by looking for that file.
    if (event.seq !== this.#nextSeq || event.event === "SEGMENT") return false;
    if (this.#file === undefined || this.#at < this.#files.length - 1) return false;
    this.#file.skip(typeof bytes === "string" ? Buffer.byteLength(bytes) : bytes.length);
    this.#read(event);
    this.#givenTo = event.seq + 1;
    return true;
  }

  /** Whether there is something to read. */
  hasMore(): boolean {
    if (this.#at < this.#files.length - 1) return true;
    try {
      return this.#growing()?.hasMore() ?? false;
    } catch {
      // It has gone. What was in it has been read, or is looked for in the files that there are now.
      return false;
    }
  }

  /** The events that are there now and were not read yet; `undefined` as a pause now and then. */
  *read(report: ReadReport): Generator<FollowedEvent | undefined, void, undefined> {
    for (;;) {
      yield* this.#readFile(report);
      const next = this.#files[this.#at + 1];
      if (next === undefined) return;
      // There is a newer file, so nothing more is added to this one; but something may have been, just before.
      yield* this.#readFile(report);
      this.#goTo(next);
    }
  }

  /** Lets go of the file; reading on opens it again. */
  release(): void {
    this.#file?.close();
  }

  // --- internal ---

  #growing(): GrowingFile | undefined {
    const file = this.#files[this.#at];
    if (file === undefined) return undefined;
    return (this.#file ??= new GrowingFile(file.path));
  }

  *#readFile(report: ReadReport): Generator<FollowedEvent | undefined, void, undefined> {
    const file = this.#growing();
    if (file === undefined) return;
    const { path } = file;
    let lines = 0;
    try {
      for (const line of file.lines()) {
        if (++lines % LINES_PER_STEP === 0) yield undefined;
        if (!("bytes" in line)) {
          report.skip(path, line.offset, line.offset + line.length, "the line is longer than 64 MiB");
          continue;
        }
        const decoded = decodeLine(line.bytes);
        if (decoded.kind !== "event") {
          report.skip(path, line.offset, line.offset + line.bytes.length, decoded.reason);
          continue;
        }
        const { event } = decoded;
        report.read++;
        const isNew = this.#isNew(event, report);
        this.#read(event);
        if (isNew) yield { event, bytes: line.bytes };
      }
    } catch (error) {
      if (!(error instanceof TracekeepError)) throw error;
      report.skip(path, file.offset, file.offset, error.message);
    }
  }

  #isNew(event: Event, report: ReadReport): boolean {
    if (event.seq < this.#fromSeq) return false;
    const supersededFrom = this.#files[this.#at + 1]?.firstSeq ?? Infinity;
    if (event.seq >= supersededFrom || this.#repeated?.has(event.id) === true) {
      report.superseded++;
      return false;
    }
    this.#givenTo = event.seq + 1;
    return true;
  }

  #read(event: Event): void {
    this.#nextSeq = event.seq + 1;
    this.#ended = event.event === "END";
  }

  #goTo(next: SessionLogFile): void {
    this.#repeated = this.#givenFrom(next.firstSeq);
    this.#file?.close();
    this.#file = undefined;
    this.#at++;
    this.#nextSeq = next.firstSeq;
  }

  /** What was given already of the events that a later file holds again: it was begun after a failed sync. */
  #givenFrom(seq: number): Set<string> | undefined {
    const file = this.#file;
    if (file === undefined || this.#givenTo <= seq) return undefined;
    const ids = new Set<string>();
    for (const line of file.linesAgain()) {
      const decoded = "bytes" in line ? decodeLine(line.bytes) : undefined;
      if (decoded?.kind !== "event") continue;
      const { event } = decoded;
      if (event.seq >= seq && event.seq < this.#givenTo) ids.add(event.id);
    }
    return ids;
  }
}
