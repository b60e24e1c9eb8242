// Bringing other tools' recordings into a store. Idempotent, incremental, and safe to interrupt at any moment: the store
// itself says what it holds (holdings.ts), so the next run goes on where this one stopped.

import * as os from "node:os";
import path from "node:path";
import { setImmediate } from "node:timers";

import { TracekeepError } from "../base/errors.ts";
import { checkOptionNames } from "../base/options.ts";
import { loadPrices } from "../pricing/index.ts";
import type { Store } from "../record/index.ts";
import { agentlogsafe } from "./agentlogsafe.ts";
import { aiCore } from "./aicore.ts";
import { claudeCode } from "./claude-code/claude-code.ts";
import { codex } from "./codex/codex.ts";
import { decepticon } from "./decepticon.ts";
import { importFile } from "./file-import.ts";
import { defaultPaths, findTranscripts } from "./files.ts";
import type { FoundFile } from "./files.ts";
import { Holdings } from "./holdings.ts";
import { hookImporters } from "./hooks/hooks.ts";
import type { Importer } from "./importer.ts";
import { newReport } from "./report.ts";
import type { ImportProgress, ImportReport, Tally } from "./report.ts";
import { tallyUnchanged } from "./unchanged.ts";
import { sentinel } from "./sentinel.ts";
import { vivarium } from "./vivarium.ts";

/** Every importer there is. */
export const IMPORTERS: readonly Importer[] = [
  claudeCode,
  codex,
  decepticon(),
  vivarium,
  aiCore(),
  agentlogsafe,
  sentinel(),
];

export interface ImportOptions {
  /** Which tools' recordings to import. Default: those of all. */
  importers?: readonly Importer[] | undefined;
  /** Files and folders to look in. Default: where the tools keep their recordings. */
  paths?: readonly string[] | undefined;
  /** Folder from which relative paths are taken. Default: the current one. */
  cwd?: string | undefined;
  /** Environment that says where that is. Default: that of the process. */
  env?: Record<string, string | undefined> | undefined;
  /** Home folder. Default: that of the user. */
  home?: string | undefined;
  /** Bring back what the retention policy deleted from the store, or what was erased. Default false. */
  again?: boolean | undefined;
  /** Called every few megabytes, and after each file. */
  onProgress?: ((progress: ImportProgress) => void) | undefined;
  /** Stops the import between two records; what was imported stays, and the next import goes on there. */
  signal?: AbortSignal | undefined;
  /**
   * Files that have only grown since they were imported in full, and when that was, in milliseconds since 1970. What was
   * called since then is new, so other sessions are not read to find out whether it is a copy. Default: none.
   */
  grown?: ReadonlyMap<string, number> | undefined;
}

/**
 * Imports what the store does not have yet. A file that grew gives only its new events; one that was moved or copied is
 * recognised record by record; a call that another session has already is kept and marked `copy_of`. Damage is reported
 * and kept as GAP events, never an exception. Memory does not depend on the size of the files.
 *
 * @throws TypeError for bad options; TracekeepError when a path given cannot be read, or the store cannot be written;
 *   the signal's reason when it is aborted
 * @example
 * const report = await importSessions(openStore(), { paths: ["./backup/projects"] });
 * console.log(report.events_added, report.skipped);
 */
export async function importSessions(store: Store, options: ImportOptions = {}): Promise<ImportReport> {
  checkOptionNames("importSessions", options, OPTIONS);
  const { importers = IMPORTERS, env = process.env, home = os.homedir(), onProgress, signal } = options;
  const report = newReport();
  const tally: Tally = { report, sessions: new Set(), deleted: new Set() };
  const paths = options.paths?.map((named) => path.resolve(options.cwd ?? ".", named));
  const roots = paths ?? defaultPaths(importers, env, home);
  const files = await inSteps(findTranscripts(roots, importers, report.skipped), signal);
  const holdings = new Holdings(store.dir, originsOf(importers), { again: options.again === true });
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  let bytesBefore = 0;
  for (const file of files) {
    let bytesDone = 0;
    const progress = (): void =>
      onProgress?.({
        file: file.path,
        files: files.length,
        filesDone: report.files,
        bytes,
        bytesDone: bytesBefore + bytesDone,
      });
    try {
      const importedAtMs = options.grown?.get(file.path);
      if (importedAtMs !== undefined || !(await inSteps(tallyUnchanged(file, holdings, tally), signal))) {
        if (importedAtMs === undefined) await inSteps(holdings.readCalls(), signal);
        const prices = await loadPrices();
        for (bytesDone of importFile(file, store, holdings, prices, tally, importedAtMs)) {
          progress();
          await breathe(signal);
        }
      }
    } catch (error) {
      const reason = reasonToLeave(file, error);
      if (reason === undefined) throw error;
      report.skipped.push({ file: file.path, from: bytesDone, to: file.bytes, reason });
    }
    report.files++;
    bytesBefore += file.bytes;
    bytesDone = 0;
    progress();
  }
  report.sessions = tally.sessions.size;
  report.sessions_deleted = [...tally.deleted];
  return report;
}

/** The origins that sessions made by importers have. */
export function originsOf(importers: readonly Importer[]): string[] {
  return [...IMPORTERS, ...hookImporters, ...importers].map(({ name }) => name);
}

/** What concerns one session only; an import goes on with the next file. */
export const OF_ONE_SESSION: ReadonlySet<string> = new Set([
  "SESSION_BUSY",
  "SESSION_EXISTS",
  "FORMAT_TOO_NEW",
  "BAD_EVENT",
]);

// --- internal ---

const OPTIONS = [
  "importers",
  "paths",
  "cwd",
  "env",
  "home",
  "again",
  "onProgress",
  "signal",
  "grown",
] as const satisfies readonly (keyof ImportOptions)[];

const STEP_MS = 10;

/** Why the rest of a file is left for the next run; undefined when the error ends the whole import. */
function reasonToLeave(file: FoundFile, error: unknown): string | undefined {
  if (!(error instanceof TracekeepError)) return undefined;
  // A transcript may be cleaned up while others are imported.
  return OF_ONE_SESSION.has(error.code) || error.path === file.path ? error.message : undefined;
}

/** Runs something long; everything else in the process has its turn at least every few milliseconds. */
async function inSteps<T>(steps: Generator<void, T, undefined>, signal: AbortSignal | undefined): Promise<T> {
  for (let breathedMs = -Infinity; ;) {
    const now = performance.now();
    if (now - breathedMs >= STEP_MS) {
      await breathe(signal);
      breathedMs = performance.now();
    }
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** @throws the signal's reason */
async function breathe(signal: AbortSignal | undefined): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  signal?.throwIfAborted();
}
