// Which session logs a store has. The first line of a file says whose log it is and its name says nothing, so every
// file is looked into; a catalog that is kept looks into each log once.

import * as fs from "node:fs";
import path from "node:path";

import { ioError, systemCode, TracekeepError } from "../../base/errors.ts";
import type { Event } from "../../event/index.ts";
import { decodeLine } from "../../format/index.ts";
import { ARCHIVE_DIRECTORY, archivedName, LEDGER, TEMPORARY_PREFIX } from "../layout.ts";
import { readFirstLine, readLines } from "../reading/line-reader.ts";
import { firstSeqOf, nextSegment } from "./segment.ts";

/** One file of a session's log: the live one, or a sealed segment in the archive. */
export interface SessionLogFile {
  path: string;
  /** File name, for people. */
  name: string;
  archived: boolean;
  sessionId: string;
  agentId: string;
  /** Lowest number in it. What earlier segments hold from there on is superseded. */
  firstSeq: number;
  /** Number of its first line, only where that is not the lowest: it was begun after a failed sync. */
  headerSeq?: number;
  /** Time of that first line; of START, when the session began. */
  startedAt: string;
  /** The format that the first line declares; 0 when that line is damaged. */
  format: number;
  /** No session log of ours: any file with JSON objects in it, or a stream. */
  foreign?: true;
  /** Only on a file that begins with START. */
  origin?: string;
  parentSessionId?: string;
}

/** Bytes of a file that could not be read as events, from `from` up to, not including, `to`. */
export interface SkippedBytes {
  file: string;
  from: number;
  to: number;
  reason: string;
}

export class SessionCatalog {
  readonly dir: string;
  /** By path. */
  readonly #logs = new Map<string, SessionLogFile>();
  /** By session id, in order of their events. */
  readonly #sessions = new Map<string, SessionLogFile[]>();
  /** Why a file is no session log, by path. */
  readonly #others = new Map<string, string>();

  /** @param dir the store's folder; nothing is read before {@link refresh} */
  constructor(dir: string) {
    this.dir = dir;
  }

  /**
   * Looks into every file that it does not know as a log yet. About 11 µs for each of those.
   *
   * @throws TracekeepError when the store's folder cannot be read
   */
  refresh(): this {
    const present = new Set(listLogPaths(this.dir));
    for (const file of this.#logs.keys()) if (!present.has(file)) this.remove(file);
    this.#others.clear();
    const changed = new Set<string>();
    for (const file of present) {
      if (this.#logs.has(file)) continue;
      this.add(file);
      const log = this.#logs.get(file);
      if (log !== undefined) changed.add(log.sessionId);
    }
    for (const sessionId of changed) this.#setCopiesAside(sessionId);
    return this;
  }

  /** Takes in one file, e.g. one that was just created. */
  add(file: string): void {
    const found = lookInto(file);
    this.remove(file);
    if (typeof found === "string") this.#others.set(file, found);
    else if (found !== undefined) this.take(found);
  }

  /** Takes in a file without looking into it: what is in it is known. */
  take(log: SessionLogFile): void {
    this.#logs.set(log.path, log);
    const files = this.#sessions.get(log.sessionId);
    if (files === undefined) this.#sessions.set(log.sessionId, [log]);
    else files.splice(files.findLastIndex((other) => compareSegments(other, log) <= 0) + 1, 0, log);
  }

  /** Every session log, in no particular order. */
  get logs(): SessionLogFile[] {
    return [...this.#logs.values()];
  }

  /** The files that are no session log, or none that can be read, and why. */
  get skipped(): SkippedBytes[] {
    return [...this.#others].map(([file, reason]) => ({ file, from: 0, to: bytesOf(file), reason }));
  }

  /** The files of each session by its id, in order of their events. */
  get sessions(): ReadonlyMap<string, readonly SessionLogFile[]> {
    return this.#sessions;
  }

  /** The files of one session, in order; looks for segments that were begun since it last looked, about 3 µs. */
  filesOf(sessionId: string): readonly SessionLogFile[] {
    for (;;) {
      const files = this.#sessions.get(sessionId) ?? [];
      const last = files.at(-1);
      const next = last === undefined ? undefined : nextSegment(last.path, sessionId);
      if (next === undefined || this.#logs.has(next)) return files;
      this.add(next);
      if (!this.#logs.has(next)) return files;
    }
  }

  /** The last file of a session. Its next event belongs in there, or behind it when it is in the archive. */
  find(sessionId: string): SessionLogFile | undefined {
    const last = this.filesOf(sessionId).at(-1);
    if (last === undefined) return undefined;
    // The file may have gone since it was looked into, and its name may belong to another session now.
    this.add(last.path);
    const now = this.#logs.get(last.path);
    return now?.sessionId === sessionId ? now : this.refresh().find(sessionId);
  }

  /** Forgets a file. */
  remove(file: string): void {
    const log = this.#logs.get(file);
    if (log === undefined) return;
    this.#logs.delete(file);
    const files = this.#sessions.get(log.sessionId)?.filter((other) => other !== log) ?? [];
    if (files.length > 0) this.#sessions.set(log.sessionId, files);
    else this.#sessions.delete(log.sessionId);
  }

  // --- internal ---

  /** Of files that hold the same part of a session (someone made a copy), only the longest is a log. */
  #setCopiesAside(sessionId: string): void {
    const kept = new Map<string, SessionLogFile>();
    for (const log of this.#sessions.get(sessionId) ?? []) {
      const part = `${log.firstSeq} ${log.headerSeq ?? ""}`;
      const other = kept.get(part);
      const longer = other === undefined || isPreferred(log, other) ? log : other;
      kept.set(part, longer);
      if (other === undefined) continue;
      const copy = longer === log ? other : log;
      this.remove(copy.path);
      if (isBeingArchived(log, other)) continue;
      this.#others.set(copy.path, `it holds the same part of session ${log.sessionId} as ${longer.path}`);
    }
  }
}

/** Whose log a file is, or why it is none; undefined when it has just gone. */
export function lookInto(file: string): SessionLogFile | string | undefined {
  try {
    const line = readFirstLine(file);
    const first = line === undefined ? undefined : decodeLine(line);
    if (first?.kind !== "event") return lookFurther(file);
    const { event } = first.event;
    if (event === "START" || event === "SEGMENT") return describeLog(file, first.event);
    return `it begins with ${event} and not with START or SEGMENT, so it is no session log`;
  } catch (error) {
    if (!(error instanceof TracekeepError)) throw error;
    switch (systemCode(error.cause)) {
      case "ENOENT":
        return undefined;
      case "ELOOP":
        return "it is a symbolic link, and those are never followed";
      default:
        return error.message;
    }
  }
}

/** Whether a line stands in the next segment again, which was begun after a failed sync (promise P4). */
export function isSuperseded(line: Uint8Array, next: SessionLogFile | undefined): boolean {
  if (next?.headerSeq === undefined) return false;
  const decoded = decodeLine(line);
  return decoded.kind === "event" && decoded.event.seq >= next.firstSeq;
}

/** By their events. A segment that was begun after a failed sync may begin as low as the one before it. */
export function compareSegments(left: SessionLogFile, right: SessionLogFile): number {
  return left.firstSeq - right.firstSeq || (left.headerSeq ?? 0) - (right.headerSeq ?? 0);
}

/**
 * Paths of the files of a store that may be session logs, those in its archive last.
 *
 * @throws TracekeepError when the store's folder cannot be read
 */
export function listLogPaths(dir: string): string[] {
  return [...logPaths(dir), ...logPaths(path.join(dir, ARCHIVE_DIRECTORY), { mayBeMissing: true })];
}

/** Where a segment is that has been moved into the archive since it was listed; undefined when it is not there. */
export function findArchived(log: SessionLogFile): SessionLogFile | undefined {
  const archive = path.join(path.dirname(log.path), ARCHIVE_DIRECTORY);
  const stem = log.name.replace(/(\.\d{4,9})?\.jsonl$/, "");
  return logPaths(archive, { mayBeMissing: true })
    .filter((file) => path.basename(file).startsWith(stem))
    .map(lookInto)
    .find((found): found is SessionLogFile => isSamePart(found, log));
}

// --- internal ---

function isSamePart(found: SessionLogFile | string | undefined, log: SessionLogFile): boolean {
  return typeof found === "object" && found.sessionId === log.sessionId && compareSegments(found, log) === 0;
}

/** How many lines of a log whose first line is damaged are searched for one that says whose it is. */
const MAX_LINES_SEARCHED = 100;

/** Paths of the files in a folder that may be session logs. */
function logPaths(directory: string, options: { mayBeMissing?: boolean } = {}): string[] {
  const prefix = path.join(directory, path.sep);
  let names: string[];
  try {
    names = fs.readdirSync(directory);
  } catch (error) {
    if (options.mayBeMissing === true && systemCode(error) === "ENOENT") return [];
    throw ioError("read the folder", directory, error);
  }
  return names
    .filter((name) => name.endsWith(".jsonl") || name.endsWith(".jsonl.gz"))
    .filter((name) => !name.startsWith(TEMPORARY_PREFIX) && name !== LEDGER)
    .map((name) => prefix + name);
}

function bytesOf(file: string): number {
  return fs.lstatSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** Which of two copies counts: one that is not compressed, the longer one, else the live one. */
function isPreferred(log: SessionLogFile, other: SessionLogFile): boolean {
  if (isCompressed(log) !== isCompressed(other)) return isCompressed(other);
  const more = bytesOf(log.path) - bytesOf(other.path);
  if (more !== 0) return more > 0;
  return log.archived === other.archived ? log.path < other.path : other.archived;
}

function isCompressed({ name }: SessionLogFile): boolean {
  return name.endsWith(".gz");
}

/** Whether one is the segment of the other on its way into the archive, which is no copy that somebody made. */
function isBeingArchived(log: SessionLogFile, other: SessionLogFile): boolean {
  if (log.archived === other.archived) return false;
  const [live, copy] = log.archived ? [other, log] : [log, other];
  return copy.name === archivedName(live.path, isCompressed(copy));
}

/** A damaged first line must not hide the rest of a session, so the first whole event says whose it is. */
function lookFurther(file: string): SessionLogFile | string {
  for (const line of readLines(file)) {
    if (line.line > MAX_LINES_SEARCHED) break;
    const decoded = "bytes" in line ? decodeLine(line.bytes) : undefined;
    if (decoded?.kind === "event") return describeLog(file, decoded.event);
  }
  return `none of its first ${MAX_LINES_SEARCHED} lines is an event`;
}

function describeLog(file: string, first: Event): SessionLogFile {
  const { agent_id: agentId, format, origin, parent_session_id: parent } = first;
  const log: SessionLogFile = {
    path: file,
    name: path.basename(file),
    archived: path.basename(path.dirname(file)) === ARCHIVE_DIRECTORY,
    sessionId: first.session_id,
    agentId: typeof agentId === "string" ? agentId : "",
    firstSeq: firstSeqOf(first),
    startedAt: first.timestamp,
    format: typeof format === "number" ? format : 0,
  };
  if (log.firstSeq < first.seq) log.headerSeq = first.seq;
  if (typeof origin === "string") log.origin = origin;
  if (typeof parent === "string") log.parentSessionId = parent;
  return log;
}
