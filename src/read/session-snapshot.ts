// The folded index of a store's sessions: which there are, as columns that are parsed at once, and what each of them adds
// up to, a line each, parsed when it is asked for. Listing ten thousand sessions reads this file and no other.
//
// A line with a checksum of the rest; a line of columns, with a mark of the store; a line for each session, by start and id.

import * as fs from "node:fs";
import path from "node:path";

import { checksum32 } from "../base/hash.ts";
import { encodeJson, parseJson } from "../format/index.ts";
import type { SessionLogFile } from "../store/catalog.ts";
import { readIndexFile } from "../store/index-file.ts";
import { ARCHIVE_DIRECTORY, INDEX_SNAPSHOT, LEDGER } from "../store/layout.ts";
import { packEntry, unpackEntry } from "../store/session-entry.ts";
import type { PackedEntry, SessionEntryRecord } from "../store/session-entry.ts";
import type { StoreMark } from "../store/store-mark.ts";
import { instantOf, PACKED_VERSION } from "../summary/index.ts";
import type { SessionLogs } from "./session-logs.ts";

/** A session as it goes into a snapshot. */
export interface SnapshotRow {
  session: SessionLogs;
  /** Undefined for a session that cannot be read without damage: those are read each time. */
  record: SessionEntryRecord | undefined;
  /** Nobody is writing it. */
  isSettled: boolean;
}

/** The bytes of a snapshot of these sessions, which are in order. */
export function encodeSnapshot(rows: readonly SnapshotRow[], mark: StoreMark): Buffer {
  const columns: Columns = {
    mark,
    ids: [],
    agents: [],
    agent: [],
    parents: [],
    started: [],
    files: [],
    size: [],
    modified: [],
    last: [],
    lengths: [],
    unsettled: [],
  };
  const agents = new Map<string, number>();
  const lines: Buffer[] = [];
  for (const [row, { session, record, isSettled }] of rows.entries()) {
    const { sessionId, agentId, parentId, files } = session;
    const [first] = files;
    const agentKey = JSON.stringify([agentId, first?.origin ?? null]);
    const agent = agents.get(agentKey) ?? columns.agents.push([agentId, first?.origin ?? null]) - 1;
    agents.set(agentKey, agent);
    const line = Buffer.from(record === undefined ? "\n" : `${encodeJson(packEntry(record))}\n`);
    const marks = record?.marks ?? [];
    const isOne = files.length === 1 && first !== undefined && isOrdinary(first) && marks.length === 1;
    columns.ids.push(sessionId);
    columns.agent.push(agent);
    columns.parents.push(parentId ?? 0);
    columns.started.push(first?.startedAt ?? "");
    columns.files.push(isOne ? storedName(first) : files.map((file) => [storedName(file), factsOf(file)]));
    columns.size.push(isOne ? (marks[0]?.size ?? 0) : marks.map(({ size }) => size));
    columns.modified.push(
      isOne ? (marks[0]?.modified_ms ?? 0) : marks.map(({ modified_ms: modifiedMs }) => modifiedMs),
    );
    columns.last.push(record?.folded.summary.progress.maxMs ?? 0);
    columns.lengths.push(line.length);
    if (!isSettled || record === undefined) columns.unsettled.push(row);
    lines.push(line);
  }
  const rest = Buffer.concat([Buffer.from(`${encodeJson(columns)}\n`), ...lines]);
  const header: Header = { version: VERSION, checksum: checksum32(rest) };
  return Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), rest]);
}

/** The one that was written last; undefined when there is none, or when it is damaged. */
export function readSnapshot(dir: string): SessionSnapshot | undefined {
  const bytes = readIndexFile(dir, INDEX_SNAPSHOT);
  const headerEnd = bytes?.indexOf(NEWLINE) ?? -1;
  if (bytes === undefined || headerEnd < 0) return undefined;
  const header = parseJson(bytes.toString("latin1", 0, headerEnd)) as unknown as Header | undefined;
  const rest = bytes.subarray(headerEnd + 1);
  if (header?.version !== VERSION || header.checksum !== checksum32(rest)) return undefined;
  return new SessionSnapshot(dir, rest);
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
  readonly #bytes: Buffer;
  readonly #columns: Columns;
  readonly #unsettled: ReadonlySet<number>;
  /** Where the line of each session begins. */
  readonly #offsets: Float64Array;
  #rows: Map<string, number> | undefined;

  constructor(dir: string, bytes: Buffer) {
    const columnsEnd = bytes.indexOf(NEWLINE);
    this.#prefix = path.join(dir, path.sep);
    this.#bytes = bytes;
    this.#columns = JSON.parse(bytes.toString("utf8", 0, columnsEnd)) as Columns;
    this.mark = this.#columns.mark;
    this.#unsettled = new Set(this.#columns.unsettled);
    const { lengths } = this.#columns;
    const offsets = new Float64Array(lengths.length);
    let offset = columnsEnd + 1;
    for (let row = 0; row < lengths.length; row++) {
      offsets[row] = offset;
      offset += lengths[row] ?? 0;
    }
    this.#offsets = offsets;
  }

  get length(): number {
    return this.#columns.ids.length;
  }

  idAt(row: number): string {
    return this.#columns.ids[row] ?? "";
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
    const columns = this.#columns;
    const [agentId, origin] = columns.agents[columns.agent[row] ?? 0] ?? ["", null];
    const parent = columns.parents[row] ?? 0;
    const startedAt = columns.started[row] ?? "";
    const sessionId = columns.ids[row] ?? "";
    const kept = columns.files[row] ?? [];
    const files =
      typeof kept === "string"
        ? [this.#file(kept, { sessionId, agentId, startedAt, origin, parent, firstSeq: 0, format: 1 })]
        : kept.map(([name, facts]) => this.#file(name, { ...facts, sessionId }));
    const parentId = parent === 0 ? undefined : parent;
    return {
      sessionId,
      agentId,
      parentId,
      startMs: instantOf(startedAt),
      files,
      row: holds ? row : undefined,
    };
  }

  /** Size and time of change that its files had. */
  sizesAt(row: number): readonly (readonly [size: number, modifiedMs: number])[] {
    const { size, modified } = this.#columns;
    const [sizes, times] = [size[row] ?? 0, modified[row] ?? 0];
    if (typeof sizes === "number") return [[sizes, Number(times)]];
    return sizes.map((each, index) => [each, (times as number[])[index] ?? 0]);
  }

  /** Latest time of any of its events. */
  lastMsAt(row: number): number {
    return this.#columns.last[row] ?? Infinity;
  }

  /** What is known of it; undefined when nothing is. */
  record(row: number): SessionEntryRecord | undefined {
    const from = this.#offsets[row] ?? 0;
    const length = this.#columns.lengths[row] ?? 0;
    if (length <= 1) return undefined;
    const packed = JSON.parse(this.#bytes.toString("utf8", from, from + length - 1)) as PackedEntry;
    const [agentId] = this.#columns.agents[this.#columns.agent[row] ?? 0] ?? [""];
    return unpackEntry(this.idAt(row), agentId, packed);
  }

  // --- internal ---

  #file(stored: string, facts: FileFacts & { sessionId: string }): SessionLogFile {
    const archived = stored.startsWith(ARCHIVED);
    const file: SessionLogFile = {
      path: this.#prefix + stored,
      name: archived ? stored.slice(ARCHIVED.length) : stored,
      archived,
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

const NEWLINE = 0x0a;
const BEGINNING_BYTES = 256;
/** What the ledger has of about a hundred sessions. */
const LEDGER_BYTES_PER_FOLD: number = 256 * 1024;
/** Of the columns, and of the summaries in the lines. */
const VERSION = 1 * 100 + PACKED_VERSION;
const ARCHIVED = `${ARCHIVE_DIRECTORY}/`;

interface Header {
  version: number;
  checksum: number;
}

/** What the first line of a file says of it. */
interface FileFacts {
  agentId: string;
  firstSeq: number;
  headerSeq?: number | undefined;
  startedAt: string;
  format: number;
  origin?: string | null | undefined;
  parent?: string | 0 | undefined;
}

/** One value for each session; lists of them for sessions of several files. */
interface Columns {
  mark: StoreMark;
  ids: string[];
  /** Agents and origins that there are, and which of them a session has. */
  agents: [agentId: string, origin: string | null][];
  agent: number[];
  parents: (string | 0)[];
  started: string[];
  /** Its one file, whose first line is a START of format 1; else all of them, and what their first lines say. */
  files: (string | [name: string, FileFacts][])[];
  size: (number | number[])[];
  modified: (number | number[])[];
  last: number[];
  /** Of its line, with the `\n`. */
  lengths: number[];
  /** Rows of sessions that have to be looked at. */
  unsettled: number[];
}

function isOrdinary({ firstSeq, headerSeq, format }: SessionLogFile): boolean {
  return firstSeq === 0 && headerSeq === undefined && format === 1;
}

function storedName({ name, archived }: SessionLogFile): string {
  return archived ? `${ARCHIVED}${name}` : name;
}

function factsOf({
  agentId,
  firstSeq,
  headerSeq,
  startedAt,
  format,
  origin,
  parentSessionId,
}: SessionLogFile): FileFacts {
  return { agentId, firstSeq, headerSeq, startedAt, format, origin, parent: parentSessionId };
}
