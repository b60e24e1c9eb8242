// Whether what was derived from the logs says what the logs say: the figures in END, what an index knows of each session,
// the block indexes, and session_index.json. Somebody who hides an event from an index hides it from every list that is
// made of it, while the log and its seals are as they were. All is folded anew, from the logs alone.

import path from "node:path";
import { setImmediate } from "node:timers";

import type { Event } from "../event/index.ts";
import { SegmentIndexes } from "../read/blocks/segment-indexes.ts";
import { ReadReport } from "../read/index.ts";
import { sessionsOf } from "../read/scan/session-logs.ts";
import type { SessionLogs } from "../read/scan/session-logs.ts";
import { foldWhole } from "../read/sessions/session-fold.ts";
import { SessionIndex } from "../read/sessions/session-index.ts";
import { openSessionTally } from "../read/sessions/session-tally.ts";
import { isTallyWrong } from "../read/sessions/tally-builder.ts";
import {
  BLOCKS_SUFFIX,
  INDEX_DIRECTORY,
  INDEX_JOURNAL,
  INDEX_SNAPSHOT,
  INDEX_TALLY,
  SESSION_INDEX,
} from "../store/layout.ts";
import { readWholeFile } from "../store/reading/whole-file.ts";
import { SessionCatalog } from "../store/session/catalog.ts";
import { hasPlaces, packEntry } from "../store/session/session-entry.ts";
import type { FoldedSession } from "../store/session/session-entry.ts";
import { endCounts, instantOf, packSummary } from "../summary/index.ts";
import type { SessionSummary } from "../summary/index.ts";
import type { SessionIndexData } from "./build.ts";
import { indexedAnomaly, indexedSession } from "./entry.ts";
import type { IndexedAnomaly, IndexedSession } from "./entry.ts";

/** Figures that are not those of the log. */
export interface WrongFigures {
  /** Where they stand, below the store's folder. */
  file: string;
  session_id: string;
  /** What differs, in one sentence. */
  reason: string;
}

export interface FigureOptions {
  /** Only this session, by its id. Default: all. */
  only?: string | undefined;
  /** Ends it by throwing the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Called before each session. */
  onProgress?: ((done: number, total: number, name: string) => void) | undefined;
}

/**
 * Folds every session anew and compares. What is only behind, because its session has grown since, is not wrong. Reads all
 * of the logs, about 140 MB a second; holds figures in memory, never bodies.
 *
 * @throws TracekeepError when a log cannot be read; the signal's reason
 */
export async function checkFigures(dir: string, options: FigureOptions = {}): Promise<WrongFigures[]> {
  const { only, signal, onProgress } = options;
  const wrong: WrongFigures[] = [];
  const report = new ReadReport();
  const index = new SessionIndex(dir);
  const blocks = new SegmentIndexes(dir);
  const tally = openSessionTally(dir, index.groups);
  const indexed = new Map(index.list(new ReadReport()).map((session) => [session.sessionId, session]));
  const listed = readSessionIndex(dir);
  // The catalog looks into every file; what an index lists is for it to be held against.
  const sessions = sessionsOf(new SessionCatalog(dir).refresh().sessions).filter(
    ({ sessionId }) => sessionId === (only ?? sessionId),
  );
  for (const [at, session] of sessions.entries()) {
    const { sessionId: id } = session;
    onProgress?.(at, sessions.length, path.basename(session.files[0]?.path ?? ""));
    const add = (file: string, reason: string | undefined): void => {
      if (reason !== undefined) wrong.push({ file, session_id: id, reason });
    };
    const fresh = await foldAnew(session, report, signal, (reason) =>
      add(path.basename(session.files[0]?.path ?? ""), reason),
    );
    const inIndex = indexed.get(id);
    const source = inIndex !== undefined && inIndex.row === undefined ? INDEX_JOURNAL : INDEX_SNAPSHOT;
    add(`${INDEX_DIRECTORY}/${source}`, await whyIndexIsWrong(index, inIndex, fresh.folded));
    for (const file of session.files)
      if (blocks.isWrong(file))
        add(`${INDEX_DIRECTORY}/${file.name}${BLOCKS_SUFFIX}`, "its blocks are not those of its segment");
    if (tally !== undefined && inIndex !== undefined && isTallyWrong(tally, inIndex))
      add(`${INDEX_DIRECTORY}/${INDEX_TALLY}`, "its tally is not that of its log");
    if (listed !== undefined) add(SESSION_INDEX, whyListIsWrong(listed, session, fresh));
  }
  return wrong;
}

// --- internal ---

interface Fresh {
  folded: FoldedSession;
  anomalies: IndexedAnomaly[];
}

async function foldAnew(
  session: SessionLogs,
  report: ReadReport,
  signal: AbortSignal | undefined,
  complain: (reason: string) => void,
): Promise<Fresh> {
  const anomalies: IndexedAnomaly[] = [];
  let hasErased = false;
  const folded = await finish(
    foldWhole(
      session,
      undefined,
      report,
      (event) => {
        if (event.event === "ANOMALY_DETECTED") anomalies.push(indexedAnomaly(event));
      },
      (event, summary) => {
        hasErased ||= event["erased"] !== undefined;
        const reason = event.event === "END" ? whyEndIsWrong(event, summary, hasErased) : undefined;
        if (reason !== undefined) complain(reason);
      },
    ),
    signal,
  );
  return { folded, anomalies };
}

/** Only what our recorder counted itself; of what was erased since, nothing but type and number is left to be counted. */
function whyEndIsWrong(end: Event, summary: SessionSummary, hasErased: boolean): string | undefined {
  if (end["erased"] !== undefined || summary.origin !== "recorded" || typeof end["events"] !== "number")
    return undefined;
  const expected = Object.entries(endCounts(summary));
  const names = differences(
    end,
    Object.fromEntries(hasErased ? expected.filter(([name]) => name.startsWith("event")) : expected),
  );
  return names === "" ? undefined : `END claims other figures than its lines give: ${names}`;
}

async function whyIndexIsWrong(
  index: SessionIndex,
  session: SessionLogs | undefined,
  fresh: FoldedSession,
): Promise<string | undefined> {
  if (session === undefined) return "the session is left out of it";
  const known = index.find(session);
  if (known === undefined) return undefined;
  // A writer tells of figures only. What is known is added to, as every reader does; then both must be the same.
  const textOf = hasPlaces(known) ? wholeText : figuresText;
  const whole = await finish(foldWhole(session, known, new ReadReport()));
  if (textOf(whole) === textOf(fresh)) return undefined;
  const names = differences({ ...whole.summary }, { ...fresh.summary });
  return `its figures are not those of the log: ${names === "" ? "where its findings are" : names}`;
}

function wholeText(folded: FoldedSession): string {
  return JSON.stringify(packEntry({ marks: [], folded }));
}

function figuresText({ summary }: FoldedSession): string {
  return JSON.stringify(packSummary(summary));
}

function whyListIsWrong(
  listed: SessionIndexData,
  { sessionId, files }: SessionLogs,
  { folded: { summary }, anomalies }: Fresh,
): string | undefined {
  const expected = indexedSession(summary, files[0]?.path ?? "", anomalies);
  const there = listed.sessions.find(({ session_id: id }) => id === sessionId);
  if (there === undefined) {
    const isNewer = !(instantOf(expected.last_at ?? "") <= instantOf(listed.last_updated ?? ""));
    return isNewer ? undefined : "the session is left out of it";
  }
  if (there.trace_count < expected.trace_count) return undefined;
  // Where its file is now is no figure: it may have been moved into the archive since.
  const { file: _file, ...figures }: IndexedSession = expected;
  const names = differences({ ...there }, figures);
  return names === "" ? undefined : `its figures are not those of the log: ${names}`;
}

/** Names of the fields that are not as expected. */
function differences(
  told: Readonly<Record<string, unknown>>,
  expected: Readonly<Record<string, unknown>>,
): string {
  return Object.keys(expected)
    .filter((name) => name !== "progress" && JSON.stringify(told[name]) !== JSON.stringify(expected[name]))
    .join(", ");
}

function readSessionIndex(dir: string): SessionIndexData | undefined {
  try {
    const data = JSON.parse(readWholeFile(path.join(dir, SESSION_INDEX)).toString()) as SessionIndexData;
    return Array.isArray(data.sessions) ? data : undefined;
  } catch {
    // Whoever reads it finds the same, and makes it anew.
    return undefined;
  }
}

/** Runs a fold to its end; in its pauses the process hears of signals. */
async function finish<T>(steps: Generator<unknown, T, undefined>, signal?: AbortSignal): Promise<T> {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
  }
}
