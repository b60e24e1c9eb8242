// What stands in a snapshot of the sessions (session-snapshot.ts reads it, snapshot-builder.ts writes it):
//
// A line with a checksum of the next; a line with a mark of the store and the checksums of the groups; for each group of
// sessions a line of columns; then for each of them one of what they add up to; then one of what their files looked like
// and where their notable events are. Sessions are in order by start and id.

import { ARCHIVE_DIRECTORY } from "../../store/layout.ts";
import type { StoreMark } from "../../store/sealing/store-mark.ts";
import { PACKED_VERSION } from "../../summary/index.ts";

/** Of the columns, and of the summaries in the groups. */
export const SNAPSHOT_VERSION: number = 5 * 100 + PACKED_VERSION;
/** Sessions in a group. Parsing one takes about 0.2 ms. */
export const GROUP_ROWS = 128;
/** Begins the stored name of a file that is in the archive. */
export const ARCHIVED: string = `${ARCHIVE_DIRECTORY}/`;

/** In place of when a session began, which is in the columns. */
export const AS_LISTED = true;

export interface SnapshotHeader {
  version: number;
  checksum: number;
}

/** What the first line of a file says of it. */
export interface FileFacts {
  agentId: string;
  firstSeq: number;
  headerSeq?: number | undefined;
  startedAt: string;
  format: number;
  origin?: string | null | undefined;
  parent?: string | 0 | undefined;
}

/** One value for each session of a group. */
export interface SessionColumns {
  ids: string[];
  /** Agents and origins that there are, and which of them a session has. */
  agents: [agentId: string, origin: string | null][];
  agent: number[];
  parents: (string | 0)[];
  started: string[];
  /** Its one file, whose first line is a START of format 1; else all of them, and what their first lines say. */
  files: (string | [name: string, FileFacts][])[];
  last: number[];
}

/** The lines of a group. */
export const COLUMNS = 0;
export const FIGURES = 1;
export const PLACES = 2;
export type LineKind = typeof COLUMNS | typeof FIGURES | typeof PLACES;

/** The length and the checksum of each of them. */
export type GroupLines = [
  columns: number,
  columnsChecksum: number,
  figures: number,
  figuresChecksum: number,
  places: number,
  placesChecksum: number,
];

export interface SnapshotIndex {
  mark: StoreMark;
  /** How many sessions there are. */
  length: number;
  groups: GroupLines[];
  /** Rows of sessions that have to be looked at. */
  unsettled: number[];
}
