// What an index knows of a session, and whether that still holds. An index never changes an answer: what it says of a
// session is used only while the session's files are those it was made of, and may have grown since; else they are read.
//
// A session with damage, or with events that a later segment holds again, is left out of it: reading reports those.

import * as fs from "node:fs";
import { crc32 } from "node:zlib";

import type { Event, JsonValue } from "../event/index.ts";
import { isObject, parseJson } from "../format/index.ts";
import type { SessionLogFile } from "../store/catalog.ts";
import { readSummaryLines } from "../store/summary-file.ts";
import { decodeSummary, encodeSummary, instantOf, isFailure, newSummary } from "../summary/index.ts";
import type { SessionSummary } from "../summary/index.ts";
import type { SessionLogs } from "./session-logs.ts";

/** Where an event stands: which of the session's files, from which byte, and how many. */
export type EventPlace = readonly [file: number, offset: number, length: number];

/** A session folded so far. */
export interface FoldedSession {
  summary: SessionSummary;
  /** Earliest and latest time of its events. */
  minMs: number;
  maxMs: number;
  /** The number of its last event. */
  lastSeq: number;
  /** Where its GAP and ANOMALY_DETECTED events are; undefined when they are too many to be kept. */
  findings: EventPlace[] | undefined;
  /** Its latest other failures, at most {@link MAX_FAILURES}, by time. */
  failures: { timeMs: number; place: EventPlace }[];
  /** Where the last of its files was read to; those before it were read to their ends. */
  file: number;
  offset: number;
  /** Its files hold more by now. */
  hasMore: boolean;
}

export function newFold(session: SessionLogs): FoldedSession {
  const summary = newSummary(session.sessionId, session.agentId);
  return {
    summary,
    minMs: Infinity,
    maxMs: -Infinity,
    lastSeq: -1,
    findings: [],
    failures: [],
    file: 0,
    offset: 0,
    hasMore: true,
  };
}

/** Events that an audit names one by one. */
export function isNotable(event: Event): boolean {
  return isFinding(event) || isFailure(event, event);
}

/** Of how many of its latest failures an index knows the place. */
export const MAX_FAILURES = 100;

export class SessionIndex {
  readonly #lines = new Map<string, string>();

  /** Reads what there is of an index. */
  constructor(dir: string) {
    for (const line of readSummaryLines(dir)) {
      const id = /^\{"version":1,"session_id":("(?:[^"\\]|\\.)*")/.exec(line)?.[1];
      const sessionId = id === undefined ? undefined : parseJson(id);
      if (typeof sessionId === "string") this.#lines.set(sessionId, line);
    }
  }

  /** What it knows of a session, if that still holds. */
  find(session: SessionLogs): FoldedSession | undefined {
    const line = this.#lines.get(session.sessionId);
    const entry = line === undefined ? undefined : parseEntry(line);
    if (entry === undefined || entry.files.length === 0 || entry.files.length > session.files.length)
      return undefined;
    const last = entry.files.length - 1;
    let grown = session.files.length > entry.files.length;
    for (const [index, known] of entry.files.entries()) {
      const state = stateOf(known, session.files[index]);
      if (state === "changed" || (state === "grown" && index < last)) return undefined;
      grown ||= state === "grown";
    }
    const next = session.files[entry.files.length];
    if (next !== undefined && next.firstSeq <= entry.folded.lastSeq) return undefined;
    return { ...entry.folded, hasMore: grown };
  }
}

/** Takes an event into a folded session's own figures; the summary is folded apart. */
export function noteEvent(folded: FoldedSession, event: Event, place: EventPlace): void {
  const timeMs = instantOf(event.timestamp);
  if (timeMs < folded.minMs) folded.minMs = timeMs;
  if (timeMs > folded.maxMs) folded.maxMs = timeMs;
  folded.lastSeq = event.seq;
  if (isFinding(event)) {
    if (folded.findings?.length === MAX_FINDINGS) folded.findings = undefined;
    folded.findings?.push(place);
  } else if (isFailure(event, event)) {
    const { failures } = folded;
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

/** Whether a file has to be read from its beginning. */
export function isCompressed(path: string): boolean {
  return path.endsWith(".gz");
}

/** The line of an index for a session, its `\n` included; undefined when there is a reason to leave it out. */
export function encodeEntry(session: SessionLogs, folded: FoldedSession): string | undefined {
  const files = session.files
    .slice(0, folded.file + 1)
    .map((file, index) => markOf(file, index === folded.file ? folded.offset : undefined));
  if (folded.summary.events === 0 || files.some((mark) => mark === undefined)) return undefined;
  const { summary, minMs, maxMs, lastSeq, findings, failures } = folded;
  const entry = {
    version: VERSION,
    session_id: session.sessionId,
    files,
    min_ms: minMs,
    max_ms: maxMs,
    last_seq: lastSeq,
    findings,
    failures,
    summary: encodeSummary(summary),
  };
  const text = JSON.stringify(entry);
  return `${text.slice(0, -1)},"checksum":${crc32(text)}}\n`;
}

// --- internal ---

const VERSION = 1;
const EDGE_BYTES = 4096;
const MAX_FINDINGS = 1000;

function isFinding({ event }: Event): boolean {
  return event === "GAP" || event === "ANOMALY_DETECTED";
}

/** A file as it was when it was folded. */
interface FileMark {
  name: string;
  /** Bytes that were folded: all of it, or up to the end of its last whole line. */
  size: number;
  modified_ms: number;
  /** Checksums of the first and the last 4 KiB of those bytes. */
  head: number;
  tail: number;
}

interface Entry {
  files: FileMark[];
  folded: FoldedSession;
}

function parseEntry(line: string): Entry | undefined {
  const at = line.lastIndexOf(',"checksum":');
  // Whoever changed a line, or wrote half of it, did not know what to put there.
  if (at < 0 || Number(line.slice(at + 12, -1)) !== crc32(`${line.slice(0, at)}}`)) return undefined;
  const value: JsonValue | undefined = parseJson(line);
  if (!isObject(value)) return undefined;
  const { files, summary, min_ms, max_ms, last_seq, findings, failures } = value as unknown as {
    files: FileMark[];
    summary: Parameters<typeof decodeSummary>[0];
    min_ms: number;
    max_ms: number;
    last_seq: number;
    findings?: EventPlace[];
    failures: FoldedSession["failures"];
  };
  const folded: FoldedSession = {
    summary: decodeSummary(summary),
    minMs: min_ms,
    maxMs: max_ms,
    lastSeq: last_seq,
    findings,
    failures,
    file: files.length - 1,
    offset: files.at(-1)?.size ?? 0,
    hasMore: false,
  };
  return { files, folded };
}

function stateOf(known: FileMark, file: SessionLogFile | undefined): "same" | "grown" | "changed" {
  if (file === undefined || known.name !== file.name) return "changed";
  const stat = fs.statSync(file.path, { throwIfNoEntry: false });
  if (stat === undefined || stat.size < known.size) return "changed";
  if (stat.size === known.size) return stat.mtimeMs === known.modified_ms ? "same" : "changed";
  // A log is only ever added to; a file that was put in its place begins or goes on in another way.
  const now = isCompressed(file.path) ? undefined : markOf(file, known.size);
  return now?.head === known.head && now.tail === known.tail ? "grown" : "changed";
}

function markOf(file: SessionLogFile, offset: number | undefined): FileMark | undefined {
  try {
    const fd = fs.openSync(file.path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
    try {
      const stat = fs.fstatSync(fd);
      const size = offset === undefined || isCompressed(file.path) ? stat.size : offset;
      const edge = (at: number): number => {
        const bytes = Buffer.alloc(Math.min(EDGE_BYTES, size));
        return crc32(bytes.subarray(0, fs.readSync(fd, bytes, 0, bytes.length, at)));
      };
      const tail = edge(Math.max(0, size - EDGE_BYTES));
      return { name: file.name, size, modified_ms: stat.mtimeMs, head: edge(0), tail };
    } finally {
      fs.closeSync(fd);
    }
  } catch {
    return undefined;
  }
}
