// A shared log and the files it was rotated out of, read as one stream: compressed or not, whatever is rotated, archived
// or deleted meanwhile. Files that another program wrote before ours may be part of it.

import * as fs from "node:fs";
import path from "node:path";

import { systemCode, TracekeepError } from "../../base/errors.ts";
import { timeOfUuidv7 } from "../../base/ids.ts";
import { FORMAT_VERSION, parseTimestamp } from "../../event/index.ts";
import type { Event } from "../../event/index.ts";
import { openForReading, FileSource } from "../../store/reading/byte-source.ts";
import { openSource } from "../../store/reading/open-source.ts";
import { firstEventOf } from "../../store/session/segment.ts";
import { archivedPath, listRotated, segmentNumberOf } from "../../store/shared/shared-segments.ts";
import type { CompiledFilter } from "../filter/filter.ts";
import type { LineTest } from "../lines/line-test.ts";
import type { ReadReport } from "../lines/report.ts";
import { scanSession, scanSessionBackwards } from "./scan.ts";
import type { FoundEvent } from "./segment-reader.ts";
import type { SessionLogs } from "./session-logs.ts";
import { isPause } from "./stream.ts";
import type { Pause } from "./stream.ts";

export interface SharedLogPlace {
  /** The log's file. */
  log: string;
  /** Files of another program that come before it, in order. */
  before?: readonly string[] | undefined;
  /** Gives records of another program the names of ours. Default: they stay as they are. */
  translate?: ((event: Event) => Event) | undefined;
}

type Found = FoundEvent | Pause;

/** Every event that a line test does not refuse, in order, as far as the log went when this began. */
export function* scanSharedLog(
  place: SharedLogPlace,
  test: LineTest | undefined,
  report: ReadReport,
): Generator<Found, void, undefined> {
  const files = new SharedLogFiles(place, report);
  try {
    for (const file of files.paths) {
      const logs = files.open(file);
      if (logs !== undefined) yield* files.translated(logs, scanSession(logs, test, report));
    }
  } finally {
    files.close();
  }
}

/** The last `count` events that a filter accepts, in order. Costs what is read from the end, not the log's size. */
export function* lastOfSharedLog(
  place: SharedLogPlace,
  { lineTest, accepts }: CompiledFilter,
  count: number,
  report: ReadReport,
): Generator<Found, void, undefined> {
  let last: FoundEvent[] = [];
  for (const { events, isBackwards } of filesFromEnd(place, report, lineTest)) {
    const missing = count - last.length;
    const own: FoundEvent[] = [];
    for (const found of events) {
      if (isPause(found)) yield found;
      else if (accepts(found.event)) {
        own.push({ ...found, bytes: NO_BYTES });
        if (isBackwards && own.length === missing) break;
        if (own.length >= 2 * missing) own.splice(0, own.length - missing);
      }
    }
    last = [...(isBackwards ? own.reverse() : own.slice(-missing)), ...last];
    if (last.length === count) break;
  }
  yield* last;
}

/**
 * What was recorded at `sinceMs` or later, and some of what came before; in no particular order. Costs what was
 * recorded since, and one archived file at most.
 */
export function* recentOfSharedLog(
  place: SharedLogPlace,
  sinceMs: number,
  report: ReadReport,
): Generator<FoundEvent, void, undefined> {
  const fromMs = sinceMs - SKEW_MS;
  for (const { events, isBackwards } of filesFromEnd(place, report)) {
    let isAllRecent = true;
    for (const found of events) {
      if (isPause(found)) continue;
      const recorded = recordedMs(found.event);
      // A record without a time is part of no stretch of time, and says nothing about those before it.
      if (recorded === undefined) continue;
      if (recorded >= fromMs) yield found;
      else {
        isAllRecent = false;
        if (isBackwards) break;
      }
    }
    if (!isAllRecent) return;
  }
}

// --- internal ---

const NO_BYTES: Buffer = Buffer.alloc(0);
/** Events wait for the log's lock before they are written, so those of several writers are not quite in order of time. */
const SKEW_MS = 60_000;

/** When an event was recorded, whatever time it was given: its id, a UUIDv7, begins with that. */
function recordedMs({ id, timestamp }: Event): number | undefined {
  return (typeof id === "string" ? timeOfUuidv7(id) : undefined) ?? parseTimestamp(timestamp);
}

interface FileFromEnd {
  events: Iterable<Found>;
  /** Whether they come from the last to the first. */
  isBackwards: boolean;
}

function* filesFromEnd(
  place: SharedLogPlace,
  report: ReadReport,
  test?: LineTest,
): Generator<FileFromEnd, void, undefined> {
  const files = new SharedLogFiles(place, report);
  try {
    for (const file of files.paths.toReversed()) {
      const logs = files.open(file);
      if (logs === undefined) continue;
      const isBackwards = logs.fd !== undefined && logs.files[0]?.foreign !== true;
      const events = isBackwards
        ? scanSessionBackwards(logs, report, test)
        : files.translated(logs, scanSession(logs, test, report));
      yield { events, isBackwards };
    }
  } finally {
    files.close();
  }
}

/** The files of a log as they are at one moment. */
class SharedLogFiles {
  /** In the order of their events, the one that is written to last. */
  readonly paths: readonly string[];
  readonly #place: SharedLogPlace;
  readonly #report: ReadReport;
  /** The file that is written to; it stays the same file when it is rotated. */
  readonly #current: number | undefined;
  #open: number | undefined;

  constructor(place: SharedLogPlace, report: ReadReport) {
    this.#place = place;
    this.#report = report;
    const { log, before = [] } = place;
    // Opened before the others are listed: what is rotated from here on is this one, and what was before is listed.
    this.#current = whenThere(() => openForReading(log));
    const number = this.#current === undefined ? Infinity : segmentNumberOf(firstEventOf(log, this.#current));
    const rotated = listRotated(log).filter((file) => file.number < number || this.#current === undefined);
    this.paths = [
      ...before,
      ...rotated.map((file) => file.path),
      ...(this.#current === undefined ? [] : [log]),
    ];
  }

  /** A file as a log of its own; undefined when it was deleted meanwhile. */
  open(file: string): SessionLogs | undefined {
    this.#closeOpened();
    if (file === this.#place.log) return logsOf(file, this.#current);
    if (!file.endsWith(".gz")) {
      this.#open = whenThere(() => openForReading(file));
      if (this.#open !== undefined) return logsOf(file, this.#open);
    }
    // It may have been archived since it was listed.
    const archived = file.endsWith(".gz") ? file : archivedPath(file);
    const stream = whenThere(() => openSource(archived));
    if (stream !== undefined) return { ...logsOf(archived, undefined), stream };
    this.#report.skip(file, 0, 0, "it was deleted while the log was read");
    return undefined;
  }

  *translated(logs: SessionLogs, events: Iterable<Found>): Generator<Found, void, undefined> {
    const { translate } = this.#place;
    const isForeign = logs.files[0]?.foreign === true;
    for (const found of events) {
      if (isPause(found) || !isForeign || translate === undefined) yield found;
      else yield { ...found, event: translate(found.event) };
    }
  }

  close(): void {
    this.#closeOpened();
    if (this.#current !== undefined) fs.closeSync(this.#current);
  }

  #closeOpened(): void {
    if (this.#open !== undefined) fs.closeSync(this.#open);
    this.#open = undefined;
  }
}

function logsOf(file: string, fd: number | undefined): SessionLogs {
  const first = firstEventOf(file, fd);
  return {
    sessionId: path.basename(file),
    agentId: "",
    parentId: undefined,
    startMs: NaN,
    ...(fd === undefined ? {} : { fd, stream: new FileSource(file, 0, fd) }),
    files: [
      {
        path: file,
        name: path.basename(file),
        archived: false,
        sessionId: path.basename(file),
        agentId: "",
        firstSeq: 0,
        startedAt: first?.timestamp ?? "",
        format: first === undefined ? 0 : FORMAT_VERSION,
        ...(first === undefined ? { foreign: true } : {}),
      },
    ],
  };
}

/** Undefined when the file is not there. */
function whenThere<T>(open: () => T): T | undefined {
  try {
    return open();
  } catch (error) {
    if (error instanceof TracekeepError && systemCode(error.cause) === "ENOENT") return undefined;
    throw error;
  }
}
