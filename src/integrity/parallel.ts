// Verifies the sessions of a large store on several threads: each thread reads the ledger and checks its share.

import * as fs from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";

import { integerOption } from "../base/options.ts";
import type { SessionFiles } from "./session-check.ts";
import type { LogVerdict } from "./verdict.ts";
import { beginVerification, finishVerification } from "./verify.ts";
import type { StoreVerdict, VerifyOptions } from "./verify.ts";

/** What a thread is told. */
export interface Share {
  dir: string;
  options: Pick<VerifyOptions, "session" | "key" | "since" | "authorities" | "env">;
  /** Of the sessions that it checks. */
  ids: string[];
}

/** What it answers, one for each session. */
export type Checked = [id: string, row: LogVerdict];

export interface ThreadOptions extends VerifyOptions {
  /** How many threads. Default: one for each processor, at most 8, for stores of 128 MiB and more; else this one alone. */
  threads?: number | undefined;
}

/**
 * The same as `verifyStore`, the sessions checked on several threads. Each takes about 0.15 s to start and to warm up.
 *
 * @throws TypeError, RangeError for bad options; TracekeepError when something cannot be read; the signal's reason
 * @example const { verdict } = await verifyStoreOnThreads(".tracekeep");
 */
export async function verifyStoreOnThreads(dir: string, options: ThreadOptions = {}): Promise<StoreVerdict> {
  const { threads: wanted, ...others } = options;
  const range = { min: 1, max: MAX_THREADS, default: 0 };
  const threads = integerOption("verifyStoreOnThreads", "threads", wanted, range);
  const verification = beginVerification(dir, others);
  const { sessions, check, conclude } = verification;
  const shares = sharesOf(sessions, threads);
  const program = workerProgram();
  if (shares.length === 0 || program === undefined) return finishVerification(verification, others);
  const { onProgress, signal, ...plain } = others;
  const rows = new Map<string, LogVerdict>();
  const names = new Map(sessions.map(({ id, files }) => [id, path.basename(files[0] ?? "")]));
  const take = ([id, row]: Checked): void => {
    rows.set(id, row);
    onProgress?.(rows.size, sessions.length, names.get(id) ?? "");
  };
  const workers = shares.map((ids) => {
    const workerData: Share = { dir, options: plain, ids };
    return new Worker(program, { workerData });
  });
  try {
    await Promise.all(workers.map((worker) => answersOf(worker, take, signal)));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  // One that a thread did not find any more is looked at once more here.
  return conclude(sessions.map((session) => rows.get(session.id) ?? check(session)));
}

// --- internal ---

const MAX_THREADS = 8;
/** Of less, one thread is done before another has started. */
const MIN_BYTES: number = 128 * 1024 * 1024;

/** What a thread runs. In the sources, and in bundles that others make, it is not there: then one thread has to do. */
function workerProgram(): string | undefined {
  // A CommonJS bundle has no URL at all.
  if (import.meta.url === undefined) return undefined;
  const file = fileURLToPath(new URL("./verify-worker.js", import.meta.url));
  return fs.existsSync(file) ? file : undefined;
}

/** Ids of sessions, parted so that each thread has about as much to read; 0 threads: as many as are worth it. */
function sharesOf(sessions: readonly SessionFiles[], threads: number): string[][] {
  if (threads === 1) return [];
  const sized = sessions.map(({ id, files }) => ({ id, bytes: bytesOf(files) }));
  const isLarge = sized.reduce((sum, { bytes }) => sum + bytes, 0) >= MIN_BYTES;
  const worthIt = isLarge ? Math.min(availableParallelism(), MAX_THREADS) : 0;
  // The only session of a large store has a thread, too, so that this one hears of signals.
  const count = Math.min(threads === 0 ? worthIt : threads, sized.length);
  const shares = Array.from({ length: count }, () => ({
    ids: [] as string[],
    bytes: 0,
  }));
  for (const { id, bytes } of sized.toSorted((left, right) => right.bytes - left.bytes)) {
    const [least] = shares.toSorted((left, right) => left.bytes - right.bytes);
    least?.ids.push(id);
    if (least !== undefined) least.bytes += bytes;
  }
  return shares.map(({ ids }) => ids);
}

function bytesOf(files: readonly string[]): number {
  const sizes = files.map((file) => fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0);
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Settles when a thread has answered for all of its share, or cannot. */
function answersOf(
  worker: Worker,
  take: (checked: Checked) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal?.reason as Error);
    worker.on("message", take);
    // What a thread could not read is read once more here, where the error keeps what it says.
    worker.on("error", () => resolve());
    worker.on("exit", () => resolve());
    signal?.addEventListener("abort", stop, { once: true });
    if (signal?.aborted === true) stop();
  });
}
