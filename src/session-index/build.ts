// The index as a whole: a function of what is in the logs and of nothing else, so that building it from an index that
// knows most of it, and building it from the logs alone, give the same bytes.

import * as fs from "node:fs";
import path from "node:path";

import { TracekeepError } from "../base/errors.ts";
import type { Reader } from "../read/index.ts";
import { nodeDisk, replaceFile } from "../store/disk.ts";
import type { Disk } from "../store/disk.ts";
import { withFileLock } from "../store/file-lock.ts";
import { LOCK_SUFFIX, SESSION_INDEX } from "../store/layout.ts";
import { temporaryBeside } from "../store/recover.ts";
import { writeSummaryLines } from "../store/summary-file.ts";
import { instantOf } from "../summary/index.ts";
import { indexedAnomaly, indexedForeign, indexedSession } from "./entry.ts";
import type { IndexedAnomaly, IndexedSession } from "./entry.ts";

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
  let anomalies: IndexedAnomaly[] = [];
  const found = reader.sessions({
    notable: (event) => {
      if (event.event === "ANOMALY_DETECTED") anomalies.push(indexedAnomaly(event));
    },
  });
  const toIndexed = reader.dir === "" ? indexedForeign : indexedSession;
  const sessions: IndexedSession[] = [];
  let newest: string | null = null;
  for await (const entry of found) {
    const isNewer = entry.last_at !== null && !(instantOf(entry.last_at) <= instantOf(newest ?? ""));
    if (isNewer) newest = entry.last_at;
    sessions.push(toIndexed(entry, anomalies));
    anomalies = [];
  }
  return {
    version: "1.0.0",
    schema: "sentinel/session_index/v1",
    last_updated: newest,
    sessions,
    summary: summaryOf(sessions),
  };
}

export interface FoldOptions {
  /** Told of each step that changes the disk, for tests. Default: the system's. */
  disk?: Disk | undefined;
}

/**
 * Brings the store's index up to date and returns it. Where somebody else is doing so, or the store cannot be written, it
 * is returned all the same: nothing depends on the files.
 */
export async function foldIndex(
  reader: Reader,
  { disk = nodeDisk }: FoldOptions = {},
): Promise<SessionIndexData> {
  const file = path.join(reader.dir, SESSION_INDEX);
  let data: SessionIndexData | undefined;
  try {
    await withFileLock(
      file + LOCK_SUFFIX,
      async () => {
        const lines: string[] = [];
        for await (const line of reader.indexLines()) lines.push(line);
        writeSummaryLines(disk, reader.dir, lines);
        data = await buildIndex(reader);
        replaceIndex(disk, file, data);
      },
      { timeoutMs: 0 },
    );
  } catch (error) {
    if (!(error instanceof TracekeepError || (error instanceof Error && "code" in error))) throw error;
  }
  return data ?? (await buildIndex(reader));
}

// --- internal ---

function replaceIndex(disk: Disk, file: string, data: SessionIndexData): void {
  const text = `${JSON.stringify(data, undefined, 2)}\n`;
  if (readText(file) === text) return;
  const temporary = temporaryBeside(file);
  try {
    replaceFile(disk, file, Buffer.from(text), temporary);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
}

function readText(file: string): string | undefined {
  try {
    return fs.readFileSync(file, "utf8");
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
