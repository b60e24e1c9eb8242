// Writes a snapshot of the sessions.

import { checksum32 } from "../base/hash.ts";
import { encodeJson } from "../format/index.ts";
import type { SessionLogFile } from "../store/catalog.ts";
import { packEntry } from "../store/session-entry.ts";
import type { PackedEntry, SessionEntryRecord } from "../store/session-entry.ts";
import type { StoreMark } from "../store/store-mark.ts";
import { encodeRows } from "./row-group.ts";
import type { SessionLogs } from "./session-logs.ts";
import { ARCHIVED, GROUP_ROWS, SNAPSHOT_VERSION } from "./snapshot-format.ts";
import type { FileFacts, SessionColumns, SnapshotColumns, SnapshotHeader } from "./snapshot-format.ts";

/** A session as it goes into a snapshot. */
export interface SnapshotRow {
  session: SessionLogs;
  /** Undefined for a session that cannot be read without damage: those are read each time. */
  record: SessionEntryRecord | undefined;
  /** Nobody is writing it. */
  isSettled: boolean;
}

/** Makes the bytes of a snapshot of sessions that are added in order. What it keeps of each is text, and its columns. */
export class SnapshotBuilder {
  readonly #columns: SessionColumns = {
    ids: [],
    agents: [],
    agent: [],
    parents: [],
    started: [],
    files: [],
    last: [],
  };
  readonly #agents = new Map<string, number>();
  readonly #unsettled = new Set<number>();
  readonly #groups: Buffer[] = [];
  /** Of the group that is not full yet. */
  #rows: (PackedEntry | [])[] = [];

  add({ session, record, isSettled }: SnapshotRow): void {
    const columns = this.#columns;
    const { sessionId, agentId, parentId, files } = session;
    const [first] = files;
    const agentKey = JSON.stringify([agentId, first?.origin ?? null]);
    const agent = this.#agents.get(agentKey) ?? columns.agents.push([agentId, first?.origin ?? null]) - 1;
    this.#agents.set(agentKey, agent);
    const isOne = files.length === 1 && first !== undefined && isOrdinary(first);
    const row = columns.ids.push(sessionId) - 1;
    columns.agent.push(agent);
    columns.parents.push(parentId ?? 0);
    columns.started.push(first?.startedAt ?? "");
    columns.files.push(isOne ? storedName(first) : files.map((file) => [storedName(file), factsOf(file)]));
    columns.last.push(record?.folded.summary.progress.maxMs ?? 0);
    if (!isSettled || record === undefined) this.#unsettled.add(row);
    this.#rows.push(record === undefined ? [] : packEntry(record));
    if (this.#rows.length === GROUP_ROWS) this.#finishGroup();
  }

  /** @param changed rows whose files have changed since they were added */
  encode(mark: StoreMark, changed: ReadonlySet<number> = new Set()): Buffer {
    if (this.#rows.length > 0) this.#finishGroup();
    const columns: SnapshotColumns = {
      mark,
      ...this.#columns,
      groups: this.#groups.map((group) => [group.length, checksum32(group)]),
      unsettled: [...new Set([...this.#unsettled, ...changed])],
    };
    const line = Buffer.from(`${encodeJson(columns)}\n`);
    const header: SnapshotHeader = { version: SNAPSHOT_VERSION, checksum: checksum32(line) };
    return Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), line, ...this.#groups]);
  }

  #finishGroup(): void {
    this.#groups.push(Buffer.from(`${encodeRows(this.#rows)}\n`));
    this.#rows = [];
  }
}

// --- internal ---

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
