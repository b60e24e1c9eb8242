// The index as a whole: a function of what is in the logs and of nothing else, so that building it from an index that
// knows most of it, and building it from the logs alone, give the same bytes.

import path from "node:path";

import { ioError, TracekeepError } from "../base/errors.ts";
import type { Event } from "../event/index.ts";
import { encodeJson } from "../format/index.ts";
import type { Reader, ReadReport, SessionEntry, SessionFilter } from "../read/index.ts";
import { nodeDisk, replaceFile } from "../store/disk/disk.ts";
import type { Disk } from "../store/disk/disk.ts";
import { temporaryBeside } from "../store/disk/temporary-file.ts";
import { SESSION_INDEX } from "../store/layout.ts";
import { readWholeFile } from "../store/reading/whole-file.ts";
import { instantOf } from "../summary/index.ts";
import type { SessionSummary } from "../summary/index.ts";
import { indexedAnomaly, indexedForeign, indexedSession } from "./entry.ts";
import type { IndexedAnomaly, IndexedSession } from "./entry.ts";
import { foldRows, withIndexLock } from "./fold.ts";
import type { FoldOptions } from "./fold.ts";

export interface SessionIndexData {
  version: "1.0.0";
  schema: "sentinel/session_index/v1";
  /** Time of the newest event in it; null without any. */
  last_updated: string | null;
  /** By start, then id. */
  sessions: IndexedSession[];
  summary: {
    total_sessions: number;
    total_traces: number;
    date_range: { first: string | null; last: string | null };
    health_score_avg: number;
  };
}

/** The index of what a reader reads: a store, or any files. */
export async function buildIndex(reader: Reader): Promise<SessionIndexData> {
  const isForeign = reader.dir === "";
  const found = isForeign ? foreignWithAnomalies(reader) : withAnomalies(reader, {});
  const toIndexed = isForeign ? indexedForeign : indexedSession;
  const sessions: IndexedSession[] = [];
  for await (const [entry, anomalies] of found)
    sessions.push(toIndexed(entry, entry.files[0] ?? "", anomalies));
  return dataOf(sessions);
}

export interface WrittenIndex {
  data: SessionIndexData;
  /** What had to be read for it. */
  report: ReadReport;
}

/**
 * Brings the store's index up to date: what the sessions add up to, and `session_index.json`. Each of the two files is
 * the old one or the new one, whatever interrupts this.
 *
 * @throws TracekeepError `LOCK_TIMEOUT` while somebody else is doing so; when they cannot be written
 */
export async function writeIndex(reader: Reader, options: FoldOptions = {}): Promise<WrittenIndex> {
  const { disk = nodeDisk } = options;
  const file = path.join(reader.dir, SESSION_INDEX);
  return await withIndexLock(reader.dir, async () => {
    const sessions: IndexedSession[] = [];
    const places = new Map<string, number>();
    const { report, save } = await foldRows(reader, options, ({ session, summary }) => {
      const at = sessions.push(indexedSession(summary, session.files[0]?.path ?? "", [])) - 1;
      if (summary.event_counts["ANOMALY_DETECTED"] !== undefined) places.set(session.sessionId, at);
    });
    let isSaved = false;
    if (places.size > 0) {
      // What was found stands in the logs, and the snapshot tells where.
      await save();
      isSaved = true;
      for await (const [entry, anomalies] of withAnomalies(reader, { ids: new Set(places.keys()) })) {
        const at = places.get(entry.session_id);
        if (at !== undefined) sessions[at] = indexedSession(entry, entry.files[0] ?? "", anomalies);
      }
    }
    const data = dataOf(sessions);
    try {
      // It lies in the store's folder, whose time of change the snapshot goes by.
      if (replaceIndex(disk, file, data)) isSaved = false;
    } catch (error) {
      throw error instanceof TracekeepError ? error : ioError("write", file, error);
    } finally {
      if (!isSaved) await save();
    }
    return { data, report };
  });
}

/**
 * The index of a store as it is now, written down as well where that can be done at this moment: nothing depends on the
 * files.
 */
export async function foldIndex(reader: Reader, options: FoldOptions = {}): Promise<SessionIndexData> {
  try {
    return (await writeIndex(reader, options)).data;
  } catch (error) {
    if (!(error instanceof TracekeepError)) throw error;
    return await buildIndex(reader);
  }
}

// --- internal ---

/** Sessions, each with what was found in it. */
async function* withAnomalies(
  reader: Reader,
  filter: SessionFilter,
): AsyncGenerator<[SessionEntry, IndexedAnomaly[]], void, undefined> {
  let anomalies: IndexedAnomaly[] = [];
  const found = reader.sessions({
    ...filter,
    notable: (event) => {
      if (event.event === "ANOMALY_DETECTED") anomalies.push(indexedAnomaly(event));
    },
  });
  for await (const entry of found) {
    yield [entry, anomalies];
    anomalies = [];
  }
}

/** The same of files that our writer did not make: all are read before the first session is given. */
async function* foreignWithAnomalies(
  reader: Reader,
): AsyncGenerator<[SessionEntry, IndexedAnomaly[]], void, undefined> {
  const anomalies = new Map<SessionSummary, IndexedAnomaly[]>();
  const observe = (event: Event, session: SessionSummary): void => {
    if (event.event !== "ANOMALY_DETECTED") return;
    const own = anomalies.get(session);
    if (own === undefined) anomalies.set(session, [indexedAnomaly(event)]);
    else own.push(indexedAnomaly(event));
  };
  for await (const entry of reader.sessions({ observe })) yield [entry, anomalies.get(entry) ?? []];
}

function dataOf(sessions: IndexedSession[]): SessionIndexData {
  let newest: string | null = null;
  for (const { last_at: at } of sessions)
    if (at !== null && !(instantOf(at) <= instantOf(newest ?? ""))) newest = at;
  return {
    version: "1.0.0",
    schema: "sentinel/session_index/v1",
    last_updated: newest,
    sessions,
    summary: summaryOf(sessions),
  };
}

/** @returns whether it was not there already */
function replaceIndex(disk: Disk, file: string, data: SessionIndexData): boolean {
  const parts = encodeIndex(data);
  if (holds(file, parts)) return false;
  replaceFile(disk, file, parts, temporaryBeside(file));
  return true;
}

/** As JSON.stringify writes it, but in parts: the text of ten thousand sessions is 9 MB long, and would be there thrice. */
function encodeIndex(data: SessionIndexData): Buffer[] {
  const [before = "", after = ""] = encodeJson({ ...data, sessions: [] }, 2).split(NO_SESSIONS);
  if (data.sessions.length === 0) return [Buffer.from(`${before}${NO_SESSIONS}${after}\n`)];
  const parts: Buffer[] = [];
  for (let at = 0; at < data.sessions.length; at += SESSIONS_PER_PART) {
    const text = encodeJson({ sessions: data.sessions.slice(at, at + SESSIONS_PER_PART) }, 2);
    const list = text.slice(LIST_BEGINS.length, -LIST_ENDS.length);
    parts.push(Buffer.from(`${at === 0 ? `${before}"sessions": [` : ","}${list}`));
  }
  return [...parts, Buffer.from(`\n  ]${after}\n`)];
}

const NO_SESSIONS = '"sessions": []';
/** What stands before and behind the sessions of a part. */
const LIST_BEGINS = '{\n  "sessions": [';
const LIST_ENDS = "\n  ]\n}";
const SESSIONS_PER_PART = 128;

function holds(file: string, parts: readonly Buffer[]): boolean {
  const bytes = readBytes(file);
  if (bytes === undefined) return false;
  let at = 0;
  const isSame = parts.every((part) => bytes.subarray(at, (at += part.length)).equals(part));
  return isSame && at === bytes.length;
}

function readBytes(file: string): Buffer | undefined {
  try {
    return readWholeFile(file);
  } catch {
    return undefined;
  }
}

function summaryOf(sessions: readonly IndexedSession[]): SessionIndexData["summary"] {
  const dates = sessions
    .flatMap(({ started_at: at }) => (at === null || at === "" ? [] : [at.slice(0, 10)]))
    .sort();
  const health = sessions.reduce((sum, { health_score: score }) => sum + score, 0);
  return {
    total_sessions: sessions.length,
    total_traces: sessions.reduce((sum, { trace_count: count }) => sum + count, 0),
    date_range: { first: dates[0] ?? null, last: dates.at(-1) ?? null },
    health_score_avg: sessions.length === 0 ? 100 : health / sessions.length,
  };
}
