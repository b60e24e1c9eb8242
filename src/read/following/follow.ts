// The logs of a store as they grow, in this process or another: which sessions there are, and which of them may have
// something new. Reads only what is there; waiting is the subscription's part.

import * as fs from "node:fs";
import path from "node:path";

import type { Event } from "../../event/index.ts";
import { flushOpenFiles } from "../../store/append/open-files.ts";
import { nameBehindTemporary } from "../../store/disk/temporary-file.ts";
import { FolderWatch } from "../../store/disk/watch.ts";
import { SessionCatalog } from "../../store/session/catalog.ts";
import type { CompiledFilter } from "../filter/filter.ts";
import { ReadReport } from "../lines/report.ts";
import type { FoundEvent } from "../scan/segment-reader.ts";
import { sessionsOf } from "../scan/session-logs.ts";
import type { SessionLogs } from "../scan/session-logs.ts";
import { isPause } from "../scan/stream.ts";
import type { Pause } from "../scan/stream.ts";
import { lastEvents } from "../sessions/last-events.ts";
import { SessionTail } from "./session-tail.ts";

/** A place in a session: the first event wanted. */
export interface Cursor {
  session: string;
  seq: number;
}

/** Files kept open between two reads; others are opened again. */
const MAX_OPEN_FILES = 64;
const RECENT_MS = 2_000;

export class StoreFollower {
  readonly report: ReadReport = new ReadReport();
  readonly #dir: string;
  readonly #catalog: SessionCatalog;
  /** The only session wanted. */
  readonly #session: string | undefined;
  readonly #tails = new Map<string, SessionTail>();
  /** By the name of the file that grows. */
  readonly #byName = new Map<string, SessionTail>();
  readonly #changed = new Set<SessionTail>();
  /** In the order in which they were read last. */
  readonly #open = new Set<SessionTail>();
  #sessions: readonly SessionLogs[] = [];
  #unknownFiles = true;
  /** When the folder was last looked through. */
  #refreshedMs = 0;
  #watch: FolderWatch | undefined;

  /** @param session id of the only session wanted */
  constructor(dir: string, session: string | undefined) {
    this.#dir = dir;
    this.#catalog = new SessionCatalog(dir);
    this.#session = session;
  }

  /**
   * Takes its places: sessions of a cursor from there, the others from the beginning or the end. Sessions that come
   * later are always read from their beginning. @throws TracekeepError
   */
  start(from: "now" | "beginning" | readonly Cursor[]): void {
    flushOpenFiles(this.#dir);
    this.#refresh();
    for (const { file, from: begin, to, reason } of this.#catalog.skipped) {
      this.report.skip(file, begin, to, reason);
    }
    for (const tail of this.#tails.values()) {
      const cursor =
        typeof from === "string" ? undefined : from.find(({ session }) => session === tail.sessionId);
      if (cursor !== undefined) tail.startAt(cursor.seq);
      else if (from !== "beginning") {
        tail.startAtEnd();
        this.#changed.delete(tail);
      }
    }
  }

  /** The `count` latest events before the places where this began to read; `undefined` as a pause. */
  *backlog(filter: CompiledFilter, count: number): Generator<FoundEvent | Pause, void, undefined> {
    for (const found of lastEvents(this.#sessions, filter, count, this.report)) {
      if (isPause(found)) yield found;
      else if (this.#tails.get(found.event.session_id)?.isBehind(found.file, found.offset) === true)
        yield found;
    }
  }

  /** Looks for changes from now on, and tells of them. */
  watch(onChange: () => void): void {
    this.#watch ??= new FolderWatch(this.#dir, (name) => {
      if (this.#notice(name)) onChange();
    });
    // Something may have changed before the watch began.
    this.#notice(undefined);
  }

  /** A log that may have something new, and is not asked for again before it changes. @throws TracekeepError */
  takeChanged(): SessionTail | undefined {
    if (this.#unknownFiles) this.#refresh();
    for (const tail of this.#changed) {
      this.#changed.delete(tail);
      if (tail.hasMore()) {
        this.#keepOpen(tail);
        return tail;
      }
    }
    return undefined;
  }

  /** Passes over an event that came another way; when it is not the next one, what is missing will be read. */
  pass(event: Event, bytes: Buffer | string): boolean {
    const tail = this.#tails.get(event.session_id);
    if (tail?.pass(event, bytes) === true) return true;
    if (tail?.nextSeq === undefined || event.seq > tail.nextSeq || event.event === "SEGMENT")
      this.miss(event);
    return false;
  }

  /** Leaves an event that came another way to its log. */
  miss(event: Event): void {
    const tail = this.#tails.get(event.session_id);
    if (tail === undefined || event.event === "SEGMENT") this.#unknownFiles = true;
    else this.#changed.add(tail);
  }

  /** The only session wanted, when there is one and it exists. */
  get only(): SessionTail | undefined {
    return this.#session === undefined ? undefined : this.#tails.get(this.#session);
  }

  /** Any log may have changed. */
  suspectAll(): void {
    this.#notice(undefined);
  }

  /** Looks at a log again. */
  suspect(tail: SessionTail): void {
    this.#changed.add(tail);
  }

  close(): void {
    this.#watch?.close();
    for (const tail of this.#open) tail.release();
    this.#open.clear();
    this.#changed.clear();
  }

  // --- internal ---

  /** @returns whether it may concern us */
  #notice(name: string | undefined): boolean {
    if (name === undefined) {
      this.#unknownFiles ||= this.#hasOtherFiles();
      // A session that has ended is hardly gone on with, and the kernel will tell.
      for (const tail of this.#tails.values()) if (!tail.ended) this.#changed.add(tail);
      return true;
    }
    const tail = this.#byName.get(name);
    const meant = nameBehindTemporary(name);
    if (tail !== undefined) this.#changed.add(tail);
    else if (meant !== undefined) this.#noticeBeginning(path.parse(meant).name);
    else if (path.extname(name) === ".jsonl") this.#unknownFiles = true;
    else return false;
    return true;
  }

  /**
   * The kernel goes on to call a file by the name under which its writer made it. The name it has now begins like the
   * one it was meant to have, which may have been taken.
   */
  #noticeBeginning(stem: string): void {
    for (const [name, tail] of this.#byName) if (name.startsWith(stem)) this.#changed.add(tail);
  }

  #refresh(): void {
    this.#unknownFiles = false;
    this.#refreshedMs = Date.now();
    this.#sessions = sessionsOf(this.#catalog.refresh().sessions).filter(
      ({ sessionId }) => this.#session === undefined || sessionId === this.#session,
    );
    for (const { sessionId, files } of this.#sessions) {
      let tail = this.#tails.get(sessionId);
      if (tail === undefined) {
        tail = new SessionTail(sessionId);
        this.#tails.set(sessionId, tail);
        this.#changed.add(tail);
      }
      const before = tail.fileName;
      tail.update(files);
      const name = tail.fileName;
      if (name === undefined || name === before) continue;
      this.#changed.add(tail);
      if (before !== undefined) this.#byName.delete(before);
      this.#byName.set(name, tail);
    }
  }

  /** Files come and go in the folder's own time; one of this very moment may not show in it yet. */
  #hasOtherFiles(): boolean {
    const { mtimeMs } = fs.statSync(this.#dir, { throwIfNoEntry: false }) ?? { mtimeMs: Infinity };
    return mtimeMs >= this.#refreshedMs - RECENT_MS;
  }

  #keepOpen(tail: SessionTail): void {
    this.#open.delete(tail);
    this.#open.add(tail);
    if (this.#open.size <= MAX_OPEN_FILES) return;
    for (const oldest of this.#open) {
      this.#open.delete(oldest);
      oldest.release();
      break;
    }
  }
}
