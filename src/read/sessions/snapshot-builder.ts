// Writes a snapshot of the sessions.

import { checksum32 } from "../../base/hash.ts";
import { encodeJson } from "../../format/index.ts";
import type { StoreMark } from "../../store/sealing/store-mark.ts";
import type { SessionLogFile } from "../../store/session/catalog.ts";
import { MARKS_AT, packEntry } from "../../store/session/session-entry.ts";
import type { PackedEntry, SessionEntryRecord } from "../../store/session/session-entry.ts";
import { STARTED_AT } from "../../summary/index.ts";
import type { SessionSummary } from "../../summary/index.ts";
import type { SessionLogs } from "../scan/session-logs.ts";
import { encodeRows } from "./row-group.ts";
import { ARCHIVED, AS_LISTED, GROUP_ROWS, SNAPSHOT_VERSION } from "./snapshot-format.ts";
import type {
  FileFacts,
  GroupLines,
  SessionColumns,
  SnapshotHeader,
  SnapshotIndex,
} from "./snapshot-format.ts";

/** A session as it goes into a snapshot. */
export interface SnapshotRow {
  session: SessionLogs;
  summary: SessionSummary;
  /** Undefined for a session that cannot be read without damage: those are read each time. */
  record: SessionEntryRecord | undefined;
  /** Nobody is writing it. */
  isSettled: boolean;
}

/** Makes the bytes of a snapshot of sessions that are added in order. What it keeps of each is text. */
export class SnapshotBuilder {
  readonly #unsettled = new Set<number>();
  /** The lines of the groups. */
  readonly #columnLines: Buffer[] = [];
  readonly #figureLines: Buffer[] = [];
  readonly #placeLines: Buffer[] = [];
  readonly #groups: GroupLines[] = [];
  #length = 0;
  /** Of the group that is not full yet. */
  #columns = newColumns();
  #agents = new Map<string, number>();
  #rows: (PackedEntry | [])[] = [];

  add({ session, record, isSettled }: Omit<SnapshotRow, "summary">): void {
    const columns = this.#columns;
    const { sessionId, agentId, parentId, files } = session;
    const [first] = files;
    const agentKey = JSON.stringify([agentId, first?.origin ?? null]);
    const agent = this.#agents.get(agentKey) ?? columns.agents.push([agentId, first?.origin ?? null]) - 1;
    this.#agents.set(agentKey, agent);
    const isOne = files.length === 1 && first !== undefined && isOrdinary(first);
    columns.ids.push(sessionId);
    columns.agent.push(agent);
    columns.parents.push(parentId ?? 0);
    const startedAt = first?.startedAt ?? "";
    columns.started.push(startedAt);
    columns.files.push(isOne ? storedName(first) : files.map((file) => [storedName(file), factsOf(file)]));
    columns.last.push(record?.folded.summary.progress.maxMs ?? 0);
    if (!isSettled || record === undefined) this.#unsettled.add(this.#length);
    this.#length++;
    const packed = record === undefined ? [] : packEntry(record);
    if (packed[STARTED_AT] === startedAt) packed[STARTED_AT] = AS_LISTED;
    this.#rows.push(packed);
    if (this.#rows.length === GROUP_ROWS) this.#finishGroup();
  }

  /** @param changed rows whose files have changed since they were added */
  encode(mark: StoreMark, changed: ReadonlySet<number> = new Set()): Buffer[] {
    if (this.#rows.length > 0) this.#finishGroup();
    const index: SnapshotIndex = {
      mark,
      length: this.#length,
      groups: this.#groups,
      unsettled: [...new Set([...this.#unsettled, ...changed])],
    };
    const line = Buffer.from(`${encodeJson(index)}\n`);
    const header: SnapshotHeader = { version: SNAPSHOT_VERSION, checksum: checksum32(line) };
    return [
      Buffer.from(`${JSON.stringify(header)}\n`),
      line,
      ...this.#columnLines,
      ...this.#figureLines,
      ...this.#placeLines,
    ];
  }

  #finishGroup(): void {
    const columns = Buffer.from(`${encodeJson(this.#columns)}\n`);
    const figures = Buffer.from(`${encodeRows(this.#rows.map((row) => row.slice(0, MARKS_AT)))}\n`);
    const places = Buffer.from(`${encodeRows(this.#rows.map((row) => row.slice(MARKS_AT)))}\n`);
    this.#columnLines.push(columns);
    this.#figureLines.push(figures);
    this.#placeLines.push(places);
    this.#groups.push([
      columns.length,
      checksum32(columns),
      figures.length,
      checksum32(figures),
      places.length,
      checksum32(places),
    ]);
    this.#columns = newColumns();
    this.#agents = new Map();
    this.#rows = [];
  }
}

// --- internal ---

function newColumns(): SessionColumns {
  return { ids: [], agents: [], agent: [], parents: [], started: [], files: [], last: [] };
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
