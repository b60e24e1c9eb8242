// The folded index of a store's sessions: which there are, as columns that are parsed at once, and what each of them adds
// up to, in groups of rows that are parsed when one of them is asked for. Listing ten thousand sessions reads this file
// and no other.

import * as fs from "node:fs";
import path from "node:path";

import { checksum32 } from "../base/hash.ts";
import type { JsonValue } from "../event/index.ts";
import { parseJson } from "../format/index.ts";
import type { SessionLogFile } from "../store/catalog.ts";
import type { FileMark } from "../store/file-mark.ts";
import { readIndexFile } from "../store/index-file.ts";
import { INDEX_SNAPSHOT, LEDGER } from "../store/layout.ts";
import { unpackEntry, unpackMarks } from "../store/session-entry.ts";
import type { PackedEntry, SessionEntryRecord } from "../store/session-entry.ts";
import type { StoreMark } from "../store/store-mark.ts";
import { instantOf } from "../summary/index.ts";
import { RowGroup } from "./row-group.ts";
import type { SessionLogs } from "./session-logs.ts";
import { ARCHIVED, GROUP_ROWS, SNAPSHOT_VERSION } from "./snapshot-format.ts";
import type { FileFacts, SnapshotColumns, SnapshotHeader } from "./snapshot-format.ts";

/** The one that was written last; undefined when there is none, or when it is damaged. */
export function readSnapshot(dir: string): SessionSnapshot | undefined {
  const bytes = readIndexFile(dir, INDEX_SNAPSHOT);
  const headerEnd = bytes?.indexOf(NEWLINE) ?? -1;
  if (bytes === undefined || headerEnd < 0) return undefined;
  const header = parseJson(bytes.toString("latin1", 0, headerEnd)) as unknown as SnapshotHeader | undefined;
  const columnsEnd = bytes.indexOf(NEWLINE, headerEnd + 1) + 1;
  const line = bytes.subarray(headerEnd + 1, columnsEnd);
  if (header?.version !== SNAPSHOT_VERSION || header.checksum !== checksum32(line)) return undefined;
  return new SessionSnapshot(
    dir,
    JSON.parse(line.toString("utf8")) as SnapshotColumns,
    bytes.subarray(columnsEnd),
  );
}

/** Whether so much has happened since the index was folded that folding it saves more than it costs. About 30 µs. */
export function isFoldDue(dir: string): boolean {
  const ledger = fs.statSync(path.join(dir, LEDGER), { throwIfNoEntry: false })?.size ?? 0;
  const beginning = readIndexFile(dir, INDEX_SNAPSHOT, BEGINNING_BYTES)?.toString("latin1") ?? "";
  const folded = Number(/^\{.*\}\n\{"mark":\{"ledger":\{"bytes":(\d+),/.exec(beginning)?.[1] ?? 0);
  return ledger - folded > LEDGER_BYTES_PER_FOLD;
}

export class SessionSnapshot {
  readonly mark: StoreMark;
  readonly #prefix: string;
  readonly #columns: SnapshotColumns;
  readonly #bytes: Buffer;
  readonly #unsettled: ReadonlySet<number>;
  /** Where each group begins. */
  readonly #offsets: readonly number[];
  /** The group that was asked for last; undefined when it is damaged. */
  #group: RowGroup | undefined;
  #groupNumber = -1;
  #rows: Map<string, number> | undefined;

  /** @param bytes of the groups */
  constructor(dir: string, columns: SnapshotColumns, bytes: Buffer) {
    this.#prefix = path.join(dir, path.sep);
    this.#columns = columns;
    this.#bytes = bytes;
    this.mark = columns.mark;
    this.#unsettled = new Set(columns.unsettled);
    let offset = 0;
    this.#offsets = columns.groups.map(([length]) => (offset += length) - length);
  }

  get length(): number {
    return this.#columns.ids.length;
  }

  /** For each group of sessions a text that is another one when something else is said of them. */
  get groups(): string[] {
    return this.#columns.groups.map((group) => group.join(" "));
  }

  idAt(row: number): string {
    return this.#columns.ids[row] ?? "";
  }

  agentAt(row: number): string {
    return this.#columns.agents[this.#columns.agent[row] ?? 0]?.[0] ?? "";
  }

  parentAt(row: number): string | undefined {
    const parent = this.#columns.parents[row] ?? 0;
    return parent === 0 ? undefined : parent;
  }

  startedAt(row: number): string {
    return this.#columns.started[row] ?? "";
  }

  /** The row of a session; the first call costs about a millisecond for ten thousand of them. */
  rowOf(sessionId: string): number | undefined {
    this.#rows ??= new Map(this.#columns.ids.map((id, row) => [id, row]));
    return this.#rows.get(sessionId);
  }

  /** Nobody was writing the session, and all of it could be read. */
  isSettled(row: number): boolean {
    return !this.#unsettled.has(row);
  }

  /**
   * The session and its files as they were.
   *
   * @param holds whether that is how they are
   */
  session(row: number, holds: boolean): SessionLogs {
    return new SnapshotSession(this, row, holds);
  }

  /** Its files as they were. */
  filesAt(row: number): SessionLogFile[] {
    const kept = this.#columns.files[row] ?? [];
    const sessionId = this.idAt(row);
    if (typeof kept !== "string")
      return kept.map(([name, facts]) => this.#file(name, { ...facts, sessionId }));
    const [agentId, origin] = this.#columns.agents[this.#columns.agent[row] ?? 0] ?? ["", null];
    const parent = this.#columns.parents[row] ?? 0;
    const startedAt = this.startedAt(row);
    return [this.#file(kept, { sessionId, agentId, startedAt, origin, parent, firstSeq: 0, format: 1 })];
  }

  pathsAt(row: number): string[] {
    const kept = this.#columns.files[row] ?? [];
    return typeof kept === "string" ? [this.#prefix + kept] : kept.map(([stored]) => this.#prefix + stored);
  }

  /** What its files looked like; none when nothing is known of it. */
  marksAt(row: number): FileMark[] {
    const marks = this.#groupOf(row)?.value(row % GROUP_ROWS, 0) ?? null;
    return marks === null ? [] : unpackMarks(marks as PackedEntry[0], this.#namesAt(row));
  }

  /** Latest time of any of its events. */
  lastMsAt(row: number): number {
    return this.#columns.last[row] ?? Infinity;
  }

  /** What is known of it; undefined when nothing is. */
  record(row: number): SessionEntryRecord | undefined {
    const packed: JsonValue[] = this.#groupOf(row)?.row(row % GROUP_ROWS) ?? [null];
    if (packed[0] === null) return undefined;
    const names = { sessionId: this.idAt(row), agentId: this.agentAt(row), files: this.#namesAt(row) };
    return unpackEntry(names, packed as unknown as PackedEntry);
  }

  // --- internal ---

  #groupOf(row: number): RowGroup | undefined {
    const number = Math.floor(row / GROUP_ROWS);
    if (number !== this.#groupNumber) {
      this.#groupNumber = number;
      const [length, checksum] = this.#columns.groups[number] ?? [0, 0];
      const from = this.#offsets[number] ?? 0;
      const line = this.#bytes.subarray(from, from + length);
      this.#group = checksum32(line) === checksum ? RowGroup.parse(line.toString("utf8")) : undefined;
    }
    return this.#group;
  }

  #namesAt(row: number): string[] {
    const kept = this.#columns.files[row] ?? [];
    return typeof kept === "string" ? [nameOf(kept)] : kept.map(([stored]) => nameOf(stored));
  }

  #file(stored: string, facts: FileFacts & { sessionId: string }): SessionLogFile {
    const file: SessionLogFile = {
      path: this.#prefix + stored,
      name: nameOf(stored),
      archived: stored.startsWith(ARCHIVED),
      sessionId: facts.sessionId,
      agentId: facts.agentId,
      firstSeq: facts.firstSeq,
      startedAt: facts.startedAt,
      format: facts.format,
    };
    if (facts.headerSeq !== undefined) file.headerSeq = facts.headerSeq;
    if (typeof facts.origin === "string") file.origin = facts.origin;
    if (typeof facts.parent === "string") file.parentSessionId = facts.parent;
    return file;
  }
}

// --- internal ---

/** A session of a snapshot. Of ten thousand that are listed, few are asked for more than a name. */
class SnapshotSession implements SessionLogs {
  readonly row: number | undefined;
  readonly #snapshot: SessionSnapshot;
  readonly #at: number;
  #files: SessionLogFile[] | undefined;

  constructor(snapshot: SessionSnapshot, at: number, holds: boolean) {
    this.#snapshot = snapshot;
    this.#at = at;
    this.row = holds ? at : undefined;
  }

  get sessionId(): string {
    return this.#snapshot.idAt(this.#at);
  }

  get agentId(): string {
    return this.#snapshot.agentAt(this.#at);
  }

  get parentId(): string | undefined {
    return this.#snapshot.parentAt(this.#at);
  }

  get startMs(): number {
    return instantOf(this.#snapshot.startedAt(this.#at));
  }

  get paths(): string[] {
    return this.#snapshot.pathsAt(this.#at);
  }

  get files(): readonly SessionLogFile[] {
    return (this.#files ??= this.#snapshot.filesAt(this.#at));
  }
}

function nameOf(stored: string): string {
  return stored.startsWith(ARCHIVED) ? stored.slice(ARCHIVED.length) : stored;
}

const NEWLINE = 0x0a;
const BEGINNING_BYTES = 256;
/** What the ledger has of about a hundred sessions. */
const LEDGER_BYTES_PER_FOLD: number = 256 * 1024;
