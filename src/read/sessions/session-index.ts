// The sessions of a store and what an index knows of them. An index never changes an answer: what its snapshot says is
// used only while folder and ledger prove that nothing has become of it (docs/adr/0020), and otherwise while a session's
// files are those it was made of, which may have grown since; else they are read.
//
// A session with damage, or with events that a later segment holds again, is left out of it: reading reports those.

import { flushOpenFiles } from "../../store/append/open-files.ts";
import { changesSince } from "../../store/sealing/store-mark.ts";
import { SessionCatalog } from "../../store/session/catalog.ts";
import { isAsMarked, stateOf } from "../../store/session/file-mark.ts";
import type { FileMark } from "../../store/session/file-mark.ts";
import { readJournal } from "../../store/session/index-journal.ts";
import { decodeEntry, MAX_FAILURES, MAX_FINDINGS, sessionIdOf } from "../../store/session/session-entry.ts";
import type { EventPlace, FoldedSession, SessionEntryRecord } from "../../store/session/session-entry.ts";
import { instantOf, isFailure } from "../../summary/index.ts";
import type { BodyFields, EventHead, SessionSummary } from "../../summary/index.ts";
import type { ReadReport } from "../lines/report.ts";
import { sessionsOf } from "../scan/session-logs.ts";
import type { SessionLogs } from "../scan/session-logs.ts";
import { readSnapshot } from "./session-snapshot.ts";
import type { SessionSnapshot } from "./session-snapshot.ts";
import { GROUP_ROWS } from "./snapshot-format.ts";
import { SnapshotSession } from "./snapshot-session.ts";

/** Events that an audit names one by one. */
export function isNotable(head: EventHead, body: BodyFields): boolean {
  return isFinding(head) || isFailure(head, body);
}

/** What is known of groups of sessions as long as the snapshot's rows of them hold. */
export interface GroupsTold {
  /** Of some groups, those of whose sessions nothing has to be known. */
  among: (groups: readonly number[]) => readonly number[];
  /** Told of each of those that are left out. */
  take: (group: number) => void;
}

interface ListOptions {
  last?: number | undefined;
  told?: GroupsTold | undefined;
}

export class SessionIndex {
  readonly #dir: string;
  readonly #snapshot: SessionSnapshot | undefined;
  /** Lines of the journal, the last of each session. */
  #journal: Map<string, string> | undefined;

  /** Reads the snapshot, if there is one. */
  constructor(dir: string) {
    this.#dir = dir;
    this.#snapshot = readSnapshot(dir);
  }

  /**
   * Every session of the store by start, then id, but those that are told. Files that are no logs are reported.
   *
   * @param options `last`: only so many of the last are asked for; it may give more
   */
  list(report: ReadReport, { last = Infinity, told }: ListOptions = {}): SessionLogs[] {
    flushOpenFiles(this.#dir);
    const snapshot = this.#snapshot;
    const changes = snapshot && changesSince(this.#dir, snapshot.mark);
    if (snapshot === undefined || changes === undefined) return this.#listAnew(report);
    const { named, sameFiles } = changes;
    const isNamed = (row: number): boolean => named.size > 0 && named.has(snapshot.idAt(row));
    if (!sameFiles) return this.#listAnew(report, snapshot.isWhole() ? snapshot : undefined, isNamed);
    const from = Math.max(0, snapshot.length - last);
    // Which sessions those groups have is of no interest, and it does not matter if nobody knows any more.
    const passed = new Set(told === undefined || named.size > 0 ? [] : told.among(snapshot.settledGroups()));
    if (!snapshot.isWhole(from, passed)) return this.#listAnew(report);
    for (const group of passed) told?.take(group);
    const sessions: SessionLogs[] = [];
    for (let row = from, end = from; row < snapshot.length; row = end) {
      const group = Math.floor(row / GROUP_ROWS);
      end = Math.min((group + 1) * GROUP_ROWS, snapshot.length);
      if (passed.has(group)) continue;
      for (; row < end; row++)
        sessions.push(new SnapshotSession(snapshot, row, snapshot.isSettled(row) && !isNamed(row)));
    }
    return sessions;
  }

  /** Of its snapshot, for each group of sessions a text that is another one when something else is said of them. */
  get groups(): string[] {
    return this.#snapshot?.groups ?? [];
  }

  /** What its snapshot says of a session that it listed, if that holds without a look at the session's files. */
  recordOf({ row }: SessionLogs): SessionEntryRecord | undefined {
    return row === undefined ? undefined : this.#snapshot?.record(row);
  }

  /** What that adds up to. */
  summaryOf({ row }: SessionLogs): SessionSummary | undefined {
    return row === undefined ? undefined : this.#snapshot?.summary(row);
  }

  /** What it knows of a session, if that still holds. */
  find(session: SessionLogs): FoldedSession | undefined {
    const record = this.recordOf(session);
    if (record !== undefined) return record.folded;
    const line = this.#journalLine(session.sessionId);
    const found = line === undefined ? undefined : holding(decodeEntry(line), session);
    if (found !== undefined) return found;
    const row = session.listedRow ?? this.#snapshot?.rowOf(session.sessionId);
    return row === undefined ? undefined : holding(this.#snapshot?.record(row), session);
  }

  /** Whether it is known that no event of a session has a later time than `timeMs`. */
  isOver({ row }: SessionLogs, timeMs: number): boolean {
    return row !== undefined && (this.#snapshot?.lastMsAt(row) ?? Infinity) <= timeMs;
  }

  // --- internal ---

  /** Looks into the folders, and into every file but those of rows that were not named and look as they did. */
  #listAnew(
    report: ReadReport,
    snapshot?: SessionSnapshot,
    isNamed: (row: number) => boolean = () => true,
  ): SessionLogs[] {
    const catalog = new SessionCatalog(this.#dir);
    const known = new Map<string, SessionLogs>();
    for (let row = 0; row < (snapshot?.length ?? 0); row++) {
      if (snapshot === undefined || isNamed(row)) continue;
      const session = new SnapshotSession(snapshot, row, snapshot.isSettled(row));
      if (!isUnchanged(session, snapshot.marksAt(row))) continue;
      for (const file of session.files) catalog.take(file);
      known.set(session.sessionId, session);
    }
    catalog.refresh();
    for (const { file, from, to, reason } of catalog.skipped) report.skip(file, from, to, reason);
    return sessionsOf(catalog.sessions).map((session) => {
      const before = known.get(session.sessionId);
      const isSame =
        before?.files.length === session.files.length &&
        before.files.every((file, index) => file === session.files[index]);
      return isSame ? before : session;
    });
  }

  #journalLine(sessionId: string): string | undefined {
    if (this.#journal === undefined) {
      this.#journal = new Map();
      for (const line of readJournal(this.#dir)) {
        const id = sessionIdOf(line);
        if (id !== undefined) this.#journal.set(id, line);
      }
    }
    return this.#journal.get(sessionId);
  }
}

/** Every session of a store by start, then id. Files that are no logs are reported. */
export function listSessions(dir: string, report: ReadReport): SessionLogs[] {
  return new SessionIndex(dir).list(report);
}

/** Takes an event into a folded session's own figures; the summary is folded apart. */
export function noteEvent(folded: FoldedSession, head: EventHead, body: BodyFields, place: EventPlace): void {
  folded.lastSeq = head.seq;
  if (isFinding(head)) {
    if (folded.findings?.length === MAX_FINDINGS) folded.findings = undefined;
    folded.findings?.push(place);
  } else if (isFailure(head, body)) {
    const { failures } = folded;
    const timeMs = instantOf(head.timestamp);
    const at = failures.findLastIndex((earlier) => !(earlier.timeMs > timeMs)) + 1;
    failures.splice(at, 0, { timeMs, place });
    if (failures.length > MAX_FAILURES) failures.shift();
  }
}

/** The places of the notable events that are known of, in order. */
export function notablePlaces({ findings = [], failures }: FoldedSession): EventPlace[] {
  const places = [...findings, ...failures.map(({ place }) => place)];
  return places.sort(([file, offset], [otherFile, other]) => file - otherFile || offset - other);
}

// --- internal ---

function isFinding({ event }: Pick<EventHead, "event">): boolean {
  return event === "GAP" || event === "ANOMALY_DETECTED";
}

function isUnchanged({ files }: SessionLogs, marks: readonly FileMark[]): boolean {
  return files.every(({ path }, index) => isAsMarked(path, marks[index]));
}

/** What a record says, if the session's files are those it was made of. */
function holding(record: SessionEntryRecord | undefined, session: SessionLogs): FoldedSession | undefined {
  if (record === undefined) return undefined;
  const { marks, folded } = record;
  if (marks.length === 0 || marks.length > session.files.length) return undefined;
  const grown = isGrown(marks, session);
  const next = session.files[marks.length];
  if (grown === undefined || (next !== undefined && next.firstSeq <= folded.lastSeq)) return undefined;
  return { ...folded, hasMore: grown };
}

/** Whether there is more in its files; undefined when they are no longer those that were marked. */
function isGrown(marks: readonly FileMark[], { files }: SessionLogs): boolean | undefined {
  const last = marks.length - 1;
  let grown = files.length > marks.length;
  for (const [index, known] of marks.entries()) {
    const state = stateOf(known, files[index]);
    if (state === "changed" || (state === "grown" && index < last)) return undefined;
    grown ||= state === "grown";
  }
  return grown;
}
