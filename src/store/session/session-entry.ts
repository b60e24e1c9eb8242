// What an index knows of one session: its figures, where its notable events stand, and what its files looked like. The
// writer of a session makes entries from its live figures, a reader from what it read.

import { nodeZlib } from "../../base/builtin.ts";
import type { JsonValue } from "../../event/index.ts";
import { encodeJson, parseJson } from "../../format/index.ts";
import {
  newSummary,
  PACKED_LENGTH,
  PACKED_VERSION,
  packSummary,
  unpackSummary,
} from "../../summary/index.ts";
import type { PackedSummary, SessionSummary } from "../../summary/index.ts";
import type { SessionLogFile } from "./catalog.ts";
import { markOf } from "./file-mark.ts";
import type { FileMark } from "./file-mark.ts";

/** Where an event stands: which of the session's files, from which byte, and how many. */
export type EventPlace = readonly [file: number, offset: number, length: number];

/** A session folded so far. */
export interface FoldedSession {
  summary: SessionSummary;
  /** The number of its last event. */
  lastSeq: number;
  /** Where its GAP and ANOMALY_DETECTED events are; undefined when they are too many to be kept, or not known. */
  findings: EventPlace[] | undefined;
  /** Its latest other failures, at most {@link MAX_FAILURES}, by time. */
  failures: { timeMs: number; place: EventPlace }[];
  /** Where the last of its files was read to; those before it were read to their ends. */
  file: number;
  offset: number;
  /** Its files hold more by now. */
  hasMore: boolean;
}

/** Of how many of its latest failures an index knows the place. */
export const MAX_FAILURES = 100;
/** Of how many GAP and ANOMALY_DETECTED events. */
export const MAX_FINDINGS = 1000;

/** What is known of a session, and what its files looked like then. */
export interface SessionEntryRecord {
  marks: FileMark[];
  folded: FoldedSession;
}

export function newFold(sessionId: string, agentId: string): FoldedSession {
  const summary = newSummary(sessionId, agentId);
  return { summary, lastSeq: -1, findings: [], failures: [], file: 0, offset: 0, hasMore: true };
}

/** Whether all the places of notable events are known that an index keeps; a writer does not know them. */
export function hasPlaces({ summary, findings }: FoldedSession): boolean {
  const { GAP: gaps = 0, ANOMALY_DETECTED: anomalies = 0 } = summary.event_counts;
  return findings !== undefined || gaps + anomalies > MAX_FINDINGS;
}

/** What the files of a folded session look like as far as they are folded; undefined when that cannot be told. */
export function marksOf(files: readonly SessionLogFile[], folded: FoldedSession): FileMark[] | undefined {
  const marks: FileMark[] = [];
  for (const [index, file] of files.slice(0, folded.file + 1).entries()) {
    const mark = markOf(file, index === folded.file ? folded.offset : undefined);
    if (mark === undefined) return undefined;
    marks.push(mark);
  }
  return folded.summary.events === 0 ? undefined : marks;
}

/** A line of the journal, its `\n` included. */
export function encodeEntry(record: SessionEntryRecord): string {
  const { session_id: id, agent_id: agent } = record.folded.summary;
  const names = record.marks.map(({ name }) => name);
  const text = encodeJson([JOURNAL_VERSION, id, agent, names, ...packEntry(record)]);
  return `${text.slice(0, -1)},${nodeZlib().crc32(text)}]\n`;
}

/** The id of the session that a line of the journal is about, if it is one. */
export function sessionIdOf(line: string): string | undefined {
  const id = BEGINNING.exec(line)?.[1];
  const sessionId = id === undefined ? undefined : parseJson(id);
  return typeof sessionId === "string" ? sessionId : undefined;
}

/** What a line of the journal says, its `\n` not included; undefined when it is damaged. */
export function decodeEntry(line: string): SessionEntryRecord | undefined {
  const at = line.lastIndexOf(",");
  // Whoever changed a line, or wrote half of it, did not know what to put there.
  if (at < 0 || Number(line.slice(at + 1, -1)) !== nodeZlib().crc32(`${line.slice(0, at)}]`))
    return undefined;
  const value = parseJson(line);
  if (!Array.isArray(value)) return undefined;
  const [, id, agent, names, ...packed] = value.slice(0, -1) as unknown as JournalLine;
  return unpackEntry({ sessionId: id, agentId: agent, files: names }, packed);
}

/**
 * An entry as one list without names: the summary, and behind it what only an index knows. Names of session, agent and
 * files are kept beside it.
 */
export type PackedEntry = PackedSummary;

/** Where the marks of its files stand in an entry. */
export const MARKS_AT: number = PACKED_LENGTH;

type PackedFindings = EventPlace[] | 0 | null;
type PackedFailures = [timeMs: number, place: EventPlace][] | 0;

export function packEntry({ marks, folded }: SessionEntryRecord): PackedEntry {
  const { lastSeq, findings, failures, summary } = folded;
  const packedFindings: PackedFindings = findings === undefined ? null : findings.length === 0 ? 0 : findings;
  const packedFailures: PackedFailures =
    failures.length === 0 ? 0 : failures.map(({ timeMs, place }) => [timeMs, place]);
  return [
    ...packSummary(summary),
    packMarks(marks),
    lastSeq,
    packedFindings as JsonValue,
    packedFailures as unknown as JsonValue,
  ];
}

/** @param files names of those that are marked */
export function unpackEntry(
  { sessionId, agentId, files }: { sessionId: string; agentId: string; files: readonly string[] },
  packed: PackedEntry,
): SessionEntryRecord {
  const marks = unpackMarks(packed[MARKS_AT] as number[], files);
  const lastSeq = packed[MARKS_AT + 1] as number;
  const findings = packed[MARKS_AT + 2] as unknown as PackedFindings;
  const failures = packed[MARKS_AT + 3] as unknown as PackedFailures;
  return {
    marks,
    folded: {
      summary: unpackSummary(sessionId, agentId, packed),
      lastSeq,
      findings: findings === null ? undefined : findings === 0 ? [] : [...findings],
      failures: failures === 0 ? [] : failures.map(([timeMs, place]) => ({ timeMs, place })),
      file: marks.length - 1,
      offset: marks.at(-1)?.size ?? 0,
      hasMore: false,
    },
  };
}

export function unpackMarks(packed: readonly number[], files: readonly string[]): FileMark[] {
  const marks: FileMark[] = [];
  for (let at = 0; at < packed.length; at += 4) {
    marks.push({
      name: files[marks.length] ?? "",
      size: packed[at] ?? 0,
      modified_ms: packed[at + 1] ?? 0,
      head: packed[at + 2] ?? 0,
      tail: packed[at + 3] ?? 0,
    });
  }
  return marks;
}

// --- internal ---

function packMarks(marks: readonly FileMark[]): number[] {
  const packed: number[] = [];
  for (const { size, modified_ms: modifiedMs, head, tail } of marks)
    packed.push(size, modifiedMs, head, tail);
  return packed;
}

type JournalLine = [version: number, id: string, agent: string, names: string[], ...packed: JsonValue[]];

/** Of a line, and of the summary in it. */
const JOURNAL_VERSION = 5 * 100 + PACKED_VERSION;
const BEGINNING = new RegExp(String.raw`^\[${JOURNAL_VERSION},("(?:[^"\\]|\\.)*")`);
