// What retention looks at in a segment, and what the ledger keeps of one that it moved or deleted. What the ledger says
// of an archived segment is not read from the file again: that would decompress the archive for every look at it.

import * as fs from "node:fs";
import path from "node:path";
import { setImmediate } from "node:timers";

import { parseTimestamp } from "../../event/index.ts";
import type { Event } from "../../event/index.ts";
import { decodeLine } from "../../format/index.ts";
import { tryLock } from "../disk/lock.ts";
import { ARCHIVE_DIRECTORY } from "../layout.ts";
import { needsHealing } from "../ledger/heal.ts";
import { findFromEnd, readLines } from "../reading/line-reader.ts";
import type { SessionCatalog, SessionLogFile } from "../session/catalog.ts";
import { contentOf } from "./archive.ts";
import type { SegmentFacts } from "./plan.ts";

/** What a segment held, as the ledger tells of it. */
export interface SegmentRecord {
  events: number;
  /** Of the lines, uncompressed. */
  bytes: number;
  sha256: string;
  first_seq: number | null;
  last_seq: number | null;
  first_at: string | null;
  last_at: string | null;
}

/** A segment of a store, where it is now. */
export interface StoredSegment extends SegmentFacts {
  log: SessionLogFile;
  /** Where it is in the store, e.g. `archive/session_20260106_c614.0000.jsonl.gz`. */
  name: string;
  /** Its session goes on in it, if it goes on. */
  isLast: boolean;
  /** Of an archived one that the ledger knows. */
  recorded: SegmentRecord | undefined;
}

/** What the ledger says of the archive: records by place, e.g. `archive/….jsonl.gz`, and the places that were emptied. */
export interface ArchiveRecords {
  archived: Map<string, SegmentRecord>;
  deleted: Map<string, SegmentRecord>;
}

/** About 3 ms for each MB of ledger. */
export function readArchiveRecords(ledger: string): ArchiveRecords {
  const records: ArchiveRecords = { archived: new Map(), deleted: new Map() };
  if (!fs.existsSync(ledger)) return records;
  for (const line of readLines(ledger)) {
    if (!("bytes" in line) || !isAboutSegment(line.bytes)) continue;
    const decoded = decodeLine(line.bytes);
    if (decoded.kind !== "event") continue;
    const { event } = decoded;
    const record = recordOf(event);
    if (event.event === "SEGMENT_ARCHIVED") {
      records.archived.set(textOf(event["archived_as"]), record);
      records.deleted.delete(textOf(event["archived_as"]));
    } else if (event.event === "SEGMENT_DELETED") {
      records.deleted.set(textOf(event["file"]), record);
    }
  }
  return records;
}

/** Every segment of a store that is a log, with pauses; in no particular order. About 50 µs for each outside the archive. */
export function* storedSegments(
  catalog: SessionCatalog,
  records: ArchiveRecords,
): Generator<StoredSegment | undefined, void, undefined> {
  let looked = 0;
  for (const files of catalog.sessions.values()) {
    for (const [index, log] of files.entries()) {
      if (++looked % SEGMENTS_PER_STEP === 0) yield undefined;
      const stat = fs.lstatSync(log.path, { throwIfNoEntry: false });
      if (stat === undefined) continue;
      const name = placeOf(log);
      const recorded = log.archived ? records.archived.get(name) : undefined;
      const isLast = index === files.length - 1;
      const lastAt = recorded?.last_at ?? lastTimeOf(log.path);
      yield {
        log,
        name,
        path: log.path,
        sessionId: log.sessionId,
        firstSeq: log.firstSeq,
        archived: log.archived,
        isLast,
        isSealed: () => log.archived || isSealed(log, isLast),
        bytes: stat.size,
        // A file without any time was last touched by whoever damaged it.
        lastMs: (lastAt === undefined ? undefined : parseTimestamp(lastAt)) ?? stat.mtimeMs,
        recorded,
      };
    }
  }
}

/** All that the ledger is told of a segment. Reads the file twice, off the event loop where it can. */
export async function recordSegment(log: SessionLogFile): Promise<SegmentRecord> {
  const content = await contentOf(log.path, log.path.endsWith(".gz"));
  let events = 0;
  let first: Event | undefined;
  let last: Event | undefined;
  for (const line of readLines(log.path)) {
    if (line.line % LINES_PER_STEP === 0) await new Promise((resolve) => setImmediate(resolve));
    const decoded = "bytes" in line ? decodeLine(line.bytes) : undefined;
    if (decoded?.kind !== "event") continue;
    events++;
    first ??= decoded.event;
    last = decoded.event;
  }
  return {
    events,
    ...content,
    first_seq: first?.seq ?? null,
    last_seq: last?.seq ?? null,
    first_at: first?.timestamp ?? null,
    last_at: last?.timestamp ?? null,
  };
}

/** Where a file is in its store, for people and for the ledger. */
export function placeOf({ archived, path: file }: Pick<SessionLogFile, "archived" | "path">): string {
  return archived ? `${ARCHIVE_DIRECTORY}/${path.basename(file)}` : path.basename(file);
}

// --- internal ---

const SEGMENTS_PER_STEP = 100;
const LINES_PER_STEP = 2000;

/**
 * Nobody writes to a segment when another one follows it. The last one has no writer when its lock is free: the kernel
 * frees it when the session is closed or its process dies. One that still has to be healed waits for the next writer.
 */
function isSealed(log: SessionLogFile, isLast: boolean): boolean {
  if (!isLast) return true;
  if (needsHealing(log.path)) return false;
  let fd: number;
  try {
    fd = fs.openSync(log.path, fs.constants.O_RDWR | fs.constants.O_NOFOLLOW);
  } catch {
    return false;
  }
  try {
    return tryLock(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** Time of the last event that has one. */
function lastTimeOf(file: string): string | undefined {
  return findFromEnd(file, (line) => {
    const decoded = decodeLine(line);
    if (decoded.kind !== "event" || parseTimestamp(decoded.event.timestamp) === undefined) return undefined;
    return decoded.event.timestamp;
  });
}

const ABOUT_SEGMENT = [Buffer.from('{"event":"SEGMENT_ARCHIVED"'), Buffer.from('{"event":"SEGMENT_DELETED"')];

/** Without decoding it: the rest of the ledger is not of interest. */
function isAboutSegment(line: Buffer): boolean {
  return ABOUT_SEGMENT.some((head) => line.subarray(0, head.length).equals(head));
}

function recordOf(event: Event): SegmentRecord {
  const number = (name: string): number | null => {
    const value = event[name];
    return typeof value === "number" ? value : null;
  };
  const text = (name: string): string | null => {
    const value = event[name];
    return typeof value === "string" ? value : null;
  };
  return {
    events: number("events") ?? 0,
    bytes: number("bytes") ?? 0,
    sha256: text("sha256") ?? "",
    first_seq: number("first_seq"),
    last_seq: number("last_seq"),
    first_at: text("first_at"),
    last_at: text("last_at"),
  };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
