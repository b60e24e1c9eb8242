// Folding the spool in: what hooks left there becomes events of sessions, in order and exactly once, and the transcripts
// they named are imported as far as they go. An event's `source` says how far its file was read, as with every import;
// the spool's own state is only a hint that nothing changed.

import path from "node:path";

import { TracekeepError } from "../../base/errors.ts";
import type { JsonObject } from "../../event/index.ts";
import { parseJson } from "../../format/index.ts";
import type { Store } from "../../record/index.ts";
import { readLinesBackwards } from "../../store/reading/line-reader.ts";
import { listSpool, readSpoolState, removeSpoolFile, writeSpoolState } from "../../store/session/spool.ts";
import type { SpoolFile, SpoolState } from "../../store/session/spool.ts";
import { importFile } from "../file-import.ts";
import { Holdings } from "../holdings.ts";
import type { Importer } from "../importer.ts";
import { objectIn, textIn } from "../json.ts";
import { newReport } from "../report.ts";
import type { ImportReport, Tally } from "../report.ts";
import { importSessions, OF_ONE_SESSION, originsOf } from "../run.ts";
import { readHead } from "../transcript.ts";
import { hookImporters, isHookRecord } from "./hooks.ts";
import { changedTranscripts, markOf } from "./spool-news.ts";

export interface FoldOptions {
  /** Import the transcripts that hooks named, too. Default true. */
  transcripts?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Folds the spool into the store's sessions. A session that someone else is writing to is left for the next time.
 *
 * @throws TracekeepError when the store cannot be written
 * @example
 * const report = await foldSpool(openStore());
 * console.log(`${report.events_added} events from hooks and transcripts`);
 */
export async function foldSpool(store: Store, options: FoldOptions = {}): Promise<ImportReport> {
  const report = newReport();
  const files = listSpool(store.dir);
  if (files.length === 0) return report;
  const state = readSpoolState(store.dir);
  const tally: Tally = { report, sessions: new Set(), deleted: new Set() };
  let holdings: Holdings | undefined;
  for (const file of files) {
    const mark = markOf(file);
    if (state[file.name]?.folded === mark) continue;
    holdings ??= new Holdings(store.dir, originsOf([]));
    const transcripts = new Set(Object.keys(state[file.name]?.transcripts ?? {}));
    if (!foldFile(file, store, holdings, tally, transcripts)) continue;
    const before = state[file.name]?.transcripts ?? {};
    state[file.name] = {
      folded: mark,
      transcripts: Object.fromEntries([...transcripts].map((each) => [each, before[each] ?? ""])),
    };
    report.files++;
    options.signal?.throwIfAborted();
  }
  report.sessions = tally.sessions.size;
  if (options.transcripts !== false) await mirror(store, files, state, report, options.signal);
  removeOld(files, state);
  writeSpoolState(store.dir, state);
  return report;
}

// --- internal ---

const DAY_MS = 86_400_000;
/** A session without an end may be gone on with after a long time. */
const KEPT_UNENDED_MS: number = 30 * DAY_MS;
/** The end of a session stands near the end of its spool file. */
const LINES_SEARCHED = 20;

/** @returns whether all of it is in the store now */
function foldFile(
  file: SpoolFile,
  store: Store,
  holdings: Holdings,
  tally: Tally,
  transcripts: Set<string>,
): boolean {
  const importer = noting(importerOf(file.path), transcripts);
  const found = { path: file.path, importer, bytes: file.bytes, modifiedMs: file.modifiedMs, firstMs: 0 };
  try {
    const steps = importFile(found, store, holdings, undefined, tally);
    while (steps.next().done !== true);
    return true;
  } catch (error) {
    if (error instanceof TracekeepError && (OF_ONE_SESSION.has(error.code) || error.path === file.path))
      return false;
    throw error;
  }
}

function importerOf(file: string): Importer {
  const head = readHead(file, 256 * 1024, 50).filter(isHookRecord);
  const importer = hookImporters.find((each) => each.recognises(file, head)) ?? hookImporters[0];
  if (importer === undefined) throw new TypeError("there are no hosts");
  return importer;
}

/** The same importer; the transcripts that its records name are noted. */
function noting(importer: Importer, transcripts: Set<string>): Importer {
  return {
    ...importer,
    translator: (file, prices) => {
      const translator = importer.translator(file, prices);
      return {
        translate: (record, at) => {
          const payload = objectIn(record, "payload");
          if (payload !== undefined) for (const each of transcriptsOf(payload)) transcripts.add(each);
          return translator.translate(record, at);
        },
      };
    },
  };
}

/** The transcripts that a call names. What is called otherwise than its session or sub-agent is not taken for one. */
function transcriptsOf(payload: JsonObject): string[] {
  const named = [
    [textIn(payload, "transcript_path"), textIn(payload, "session_id")],
    [textIn(payload, "agent_transcript_path"), textIn(payload, "agent_id")],
  ] as const;
  return named.flatMap(([file, id]) => {
    if (file === undefined || id === undefined || !path.isAbsolute(file)) return [];
    return path.basename(file).endsWith(`${id}.jsonl`) ? [path.normalize(file)] : [];
  });
}

async function mirror(
  store: Store,
  files: readonly SpoolFile[],
  state: SpoolState,
  report: ImportReport,
  signal: AbortSignal | undefined,
): Promise<void> {
  const changed = files.flatMap((file) =>
    changedTranscripts(state, file).map((each) => [file, ...each] as const),
  );
  if (changed.length === 0) return;
  const paths = [...new Set(changed.map(([, transcript]) => transcript))];
  const startMs = Date.now();
  const {
    files: count,
    events_added: added,
    events_known: known,
    skipped,
  } = await importSessions(store, { paths, signal, grown: grownOf(changed, state) });
  report.files += count;
  report.events_added += added;
  report.events_known += known;
  report.skipped.push(...skipped);
  // A session that was just being written to is looked at again next time.
  const left = new Set(skipped.filter(({ from, to }) => to > from).map(({ file }) => file));
  for (const [{ name }, transcript, mark] of changed) {
    const entry = state[name];
    if (entry !== undefined && !left.has(transcript)) entry.transcripts[transcript] = `${mark}@${startMs}`;
  }
}

/** The transcripts that were imported in full and have only grown since, and when that was. */
function grownOf(
  changed: readonly (readonly [SpoolFile, file: string, mark: string])[],
  state: SpoolState,
): Map<string, number> {
  const grown = new Map<string, number>();
  for (const [{ name }, file, mark] of changed) {
    const [inode, bytes, importedAtMs] = state[name]?.transcripts[file]?.split(/[:@]/) ?? [];
    const [inodeNow, bytesNow] = mark.split(":");
    const isGrown = inode === inodeNow && Number(bytes) < Number(bytesNow);
    if (isGrown && importedAtMs !== undefined) grown.set(file, Number(importedAtMs));
  }
  return grown;
}

/** What is folded and over is taken away, a day later at the earliest: the transcript's last lines come after the end. */
function removeOld(files: readonly SpoolFile[], state: SpoolState): void {
  for (const file of files) {
    const idleMs = Date.now() - file.modifiedMs;
    if (state[file.name]?.folded !== markOf(file) || idleMs < DAY_MS) continue;
    if (idleMs < KEPT_UNENDED_MS && !isEnded(file.path)) continue;
    if (removeSpoolFile(file.path, file.bytes)) delete state[file.name];
  }
}

function isEnded(file: string): boolean {
  let searched = 0;
  for (const line of readLinesBackwards(file)) {
    if (++searched > LINES_SEARCHED) return false;
    const record = "bytes" in line ? parseJson(line.bytes.toString("utf8")) : undefined;
    const payload =
      typeof record === "object" && record !== null && !Array.isArray(record)
        ? objectIn(record, "payload")
        : undefined;
    if (/^sessionend$/i.test(textIn(payload, "hook_event_name") ?? "")) return true;
  }
  return false;
}
