// The folded index of a store's sessions: which there are, as columns, and what each of them adds up to, both in groups of
// rows that are parsed when one of them is asked for. Listing ten thousand sessions reads this file and no other.

import * as fs from "node:fs";
import path from "node:path";

import { checksum32 } from "../../base/hash.ts";
import type { JsonValue } from "../../event/index.ts";
import { parseJson } from "../../format/index.ts";
import { readIndexFile } from "../../store/disk/index-file.ts";
import { INDEX_SNAPSHOT, LEDGER } from "../../store/layout.ts";
import type { StoreMark } from "../../store/sealing/store-mark.ts";
import type { SessionLogFile } from "../../store/session/catalog.ts";
import type { FileMark } from "../../store/session/file-mark.ts";
import { unpackEntry, unpackMarks } from "../../store/session/session-entry.ts";
import type { SessionEntryRecord } from "../../store/session/session-entry.ts";
import { isPacked, STARTED_AT, unpackSummary } from "../../summary/index.ts";
import type { SessionSummary } from "../../summary/index.ts";
import { RowGroup } from "./row-group.ts";
import {
  ARCHIVED,
  AS_LISTED,
  COLUMNS,
  FIGURES,
  GROUP_ROWS,
  PLACES,
  SNAPSHOT_VERSION,
} from "./snapshot-format.ts";
import type {
  FileFacts,
  GroupLines,
  LineKind,
  SessionColumns,
  SnapshotHeader,
  SnapshotIndex,
} from "./snapshot-format.ts";
import { SnapshotLines } from "./snapshot-lines.ts";

/**
 * The one that was written last; undefined when there is none, or when it is damaged. What it says of sessions is read when
 * it is asked for.
 */
export function readSnapshot(dir: string): SessionSnapshot | undefined {
  for (let length = HEAD_BYTES; ; length *= 8) {
    const head = readIndexFile(dir, INDEX_SNAPSHOT, length);
    const headerEnd = head?.indexOf(NEWLINE) ?? -1;
    if (head === undefined || headerEnd < 0) return undefined;
    const header = parseJson(head.toString("latin1", 0, headerEnd)) as unknown as SnapshotHeader | undefined;
    if (header?.version !== SNAPSHOT_VERSION) return undefined;
    const groupsAt = head.indexOf(NEWLINE, headerEnd + 1) + 1;
    if (groupsAt === 0 && head.length === length) continue;
    const line = head.subarray(headerEnd + 1, groupsAt);
    if (header.checksum !== checksum32(line)) return undefined;
    return new SessionSnapshot(dir, JSON.parse(line.toString("utf8")) as SnapshotIndex, groupsAt);
  }
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
  /** How many sessions there are. */
  readonly length: number;
  readonly #prefix: string;
  readonly #groups: readonly GroupLines[];
  readonly #lines: SnapshotLines;
  readonly #unsettled: ReadonlySet<number>;
  /** Of the groups that were asked for. */
  readonly #columns: SessionColumns[] = [];
  /** Of the group that was asked for last, what its sessions add up to, and where their notable events are. */
  readonly #figures: LatestRows = { group: -1, rows: undefined };
  readonly #places: LatestRows = { group: -1, rows: undefined };
  #rowsById: Map<string, number> | undefined;

  /** @param groupsAt where in the file the groups begin */
  constructor(dir: string, { mark, length, groups, unsettled }: SnapshotIndex, groupsAt: number) {
    this.#prefix = path.join(dir, path.sep);
    this.mark = mark;
    this.length = length;
    this.#groups = groups;
    this.#unsettled = new Set(unsettled);
    this.#lines = new SnapshotLines(dir, groups, groupsAt);
  }

  /** Whether it can be told which sessions there are from a row on, but in some of the groups. */
  isWhole(from = 0, passed: ReadonlySet<number> = new Set()): boolean {
    for (let group = Math.floor(from / GROUP_ROWS); group < this.#groups.length; group++)
      if (!passed.has(group) && !this.#lines.isSound(group, COLUMNS)) return false;
    return true;
  }

  /** The groups of which every session {@link isSettled}. */
  settledGroups(): number[] {
    const unsettled = new Set([...this.#unsettled].map((row) => Math.floor(row / GROUP_ROWS)));
    return [...this.#groups.keys()].filter((group) => !unsettled.has(group));
  }

  /** For each group of sessions a text that is another one when something else is said of them. */
  get groups(): string[] {
    return this.#groups.map((group) => group.join(" "));
  }

  idAt(row: number): string {
    return this.#columnsOf(row).ids[row % GROUP_ROWS] ?? "";
  }

  agentAt(row: number): string {
    return this.#agentAt(row)[0];
  }

  parentAt(row: number): string | undefined {
    const parent = this.#columnsOf(row).parents[row % GROUP_ROWS] ?? 0;
    return parent === 0 ? undefined : parent;
  }

  startedAt(row: number): string {
    return this.#columnsOf(row).started[row % GROUP_ROWS] ?? "";
  }

  /** The row of a session; the first call costs about a millisecond for ten thousand of them. */
  rowOf(sessionId: string): number | undefined {
    if (this.#rowsById === undefined) {
      this.#rowsById = new Map();
      for (let row = 0; row < this.length; row++) this.#rowsById.set(this.idAt(row), row);
    }
    return this.#rowsById.get(sessionId);
  }

  /** Nobody was writing the session, and all of it could be read. */
  isSettled(row: number): boolean {
    return !this.#unsettled.has(row);
  }

  /** Its files as they were. */
  filesAt(row: number): SessionLogFile[] {
    const kept = this.#keptAt(row);
    const sessionId = this.idAt(row);
    if (typeof kept !== "string")
      return kept.map(([name, facts]) => this.#file(name, { ...facts, sessionId }));
    const [agentId, origin] = this.#agentAt(row);
    const parent = this.parentAt(row);
    const startedAt = this.startedAt(row);
    return [this.#file(kept, { sessionId, agentId, startedAt, origin, parent, firstSeq: 0, format: 1 })];
  }

  pathsAt(row: number): string[] {
    const kept = this.#keptAt(row);
    return typeof kept === "string" ? [this.#prefix + kept] : kept.map(([stored]) => this.#prefix + stored);
  }

  /** What its files looked like; none when nothing is known of it. */
  marksAt(row: number): FileMark[] {
    const marks = this.#placesOf(row)?.value(row % GROUP_ROWS, 0) ?? null;
    return marks === null ? [] : unpackMarks(marks as number[], this.#namesAt(row));
  }

  /** Latest time of any of its events. */
  lastMsAt(row: number): number {
    return this.#columnsOf(row).last[row % GROUP_ROWS] ?? Infinity;
  }

  /** What is known of it; undefined when nothing is. */
  record(row: number): SessionEntryRecord | undefined {
    const packed = this.#packedAt(row);
    const places = this.#placesOf(row);
    if (packed === undefined || places === undefined) return undefined;
    const names = { sessionId: this.idAt(row), agentId: this.agentAt(row), files: this.#namesAt(row) };
    const record = unpackEntry(names, [...packed, ...places.row(row % GROUP_ROWS)]);
    this.#complete(record.folded.summary, packed, row);
    return record;
  }

  /** Of that, what it adds up to. */
  summary(row: number): SessionSummary | undefined {
    const packed = this.#packedAt(row);
    if (packed === undefined) return undefined;
    const summary = unpackSummary(this.idAt(row), this.agentAt(row), packed);
    this.#complete(summary, packed, row);
    return summary;
  }

  // --- internal ---

  #packedAt(row: number): readonly JsonValue[] | undefined {
    const packed = this.#rowsOf(row, FIGURES, this.#figures)?.row(row % GROUP_ROWS);
    return packed !== undefined && isPacked(packed) ? packed : undefined;
  }

  #complete(summary: SessionSummary, packed: readonly JsonValue[], row: number): void {
    if (packed[STARTED_AT] === AS_LISTED) summary.started_at = this.startedAt(row);
  }

  #placesOf(row: number): RowGroup | undefined {
    return this.#rowsOf(row, PLACES, this.#places);
  }

  #columnsOf(row: number): SessionColumns {
    const number = Math.floor(row / GROUP_ROWS);
    return (this.#columns[number] ??= this.#parseColumns(number));
  }

  #parseColumns(group: number): SessionColumns {
    const text = this.#lines.text(group, COLUMNS);
    return text === undefined ? NO_COLUMNS : (JSON.parse(text) as SessionColumns);
  }

  #rowsOf(row: number, kind: LineKind, latest: LatestRows): RowGroup | undefined {
    const group = Math.floor(row / GROUP_ROWS);
    if (group !== latest.group) {
      latest.group = group;
      const text = this.#lines.text(group, kind);
      latest.rows = text === undefined ? undefined : RowGroup.parse(text);
    }
    return latest.rows;
  }

  #agentAt(row: number): SessionColumns["agents"][number] {
    const { agent, agents } = this.#columnsOf(row);
    return agents[agent[row % GROUP_ROWS] ?? 0] ?? ["", null];
  }

  #keptAt(row: number): SessionColumns["files"][number] {
    return this.#columnsOf(row).files[row % GROUP_ROWS] ?? [];
  }

  #namesAt(row: number): string[] {
    const kept = this.#keptAt(row);
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

interface LatestRows {
  group: number;
  /** Undefined when they are damaged. */
  rows: RowGroup | undefined;
}

function nameOf(stored: string): string {
  return stored.startsWith(ARCHIVED) ? stored.slice(ARCHIVED.length) : stored;
}

/** Of a group that is damaged. */
const NO_COLUMNS: SessionColumns = {
  ids: [],
  agents: [],
  agent: [],
  parents: [],
  started: [],
  files: [],
  last: [],
};

const NEWLINE = 0x0a;
/** Lines about the groups of some ten thousand sessions. */
const HEAD_BYTES: number = 16 * 1024;
const BEGINNING_BYTES = 256;
/** What the ledger has of about a hundred sessions. */
const LEDGER_BYTES_PER_FOLD: number = 256 * 1024;
