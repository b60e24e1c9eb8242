// A lock that any number of processes, threads and callers in one thread can share: a kernel lock on a file of its own,
// freed by the kernel when its holder dies. Whoever waits watches that file (inotify on Linux), and whoever lets go of it
// for good touches it if anybody waits, so waiters are woken within a fraction of a millisecond. They also look again by
// themselves every few milliseconds, because a holder that was killed touches nothing.
//
// Between processes they are not served in order (whoever has had the lock again and again for five milliseconds comes
// last, no more), and that is on purpose: a queue would hand the lock to a process that is busy with something else for
// half a second, and everybody behind it would wait for that. The kernel's own queue is no choice either: such a wait
// cannot be given up, and takes one of the four threads that Node has for all files. Within one thread they are served in
// order.

import * as fs from "node:fs";
import path from "node:path";
import { setImmediate } from "node:timers";

import { ioError, TracekeepError } from "../../base/errors.ts";
import { checkOptionNames, integerOption } from "../../base/options.ts";
import { isPromiseLike } from "../../base/promises.ts";
import { FILE_MODE } from "../layout.ts";
import { lockHolderText } from "./lock-holder.ts";
import { tryLock, tryLockByte, unlock } from "./lock.ts";

export interface FileLockOptions {
  /** How long to wait for the lock at most, in milliseconds of the monotonic clock. Default 5,000. */
  timeoutMs?: number | undefined;
  /** Gives up waiting. Once `fn` has begun it is not stopped. */
  signal?: AbortSignal | undefined;
}

/** Default of `timeoutMs`. */
export const LOCK_TIMEOUT_MS = 5_000;

/**
 * Runs `fn` while nobody else, in this process or another, holds the lock of `file`, and resolves to what it returns.
 * The lock file is created when it is missing (0600; its folder has to be there), and never renamed or deleted: give it
 * a name of its own, e.g. that of what it protects and `.lock`. It is freed when `fn` has settled, and by the kernel when
 * the process dies. Not re-entrant. About 20 µs when nobody else wants it.
 *
 * @throws TracekeepError `LOCK_TIMEOUT`, which names the holder; the signal's reason when it is aborted; what `fn` throws
 * @example
 * await withFileLock("report.json.lock", () => fs.promises.writeFile("report.json", text));
 */
export async function withFileLock<T>(
  file: string,
  fn: () => T | Promise<T>,
  options: FileLockOptions = {},
): Promise<T> {
  const timeoutMs = checkOptions("withFileLock", options);
  const { signal } = options;
  const name = path.resolve(file);
  const deadlineMs = performance.now() + timeoutMs;
  signal?.throwIfAborted();
  const line = await joinLine(name, deadlineMs, timeoutMs, signal);
  try {
    const mayGoFirst = !mustLetOthersGoFirst(name);
    const fd =
      (mayGoFirst ? tryAcquire(name) : undefined) ??
      (await acquire(name, deadlineMs, timeoutMs, signal, mayGoFirst));
    line.holding = true;
    try {
      const result = fn();
      return isPromiseLike(result) ? await result : result;
    } finally {
      line.holding = false;
      release(fd, name);
    }
  } finally {
    leaveLine(name, line);
  }
}

/**
 * The same for a `fn` that does not wait for anything: stops the thread until it has the lock.
 *
 * @throws TracekeepError `LOCK_TIMEOUT`, at once when an asynchronous holder in this thread has it: it could never let go
 */
export function withFileLockSync<T>(file: string, fn: () => T, options: { timeoutMs?: number } = {}): T {
  const timeoutMs = checkOptions("withFileLockSync", options);
  const name = path.resolve(file);
  const deadlineMs = performance.now() + timeoutMs;
  if (lines.get(name)?.holding === true) throw timeoutError(name, 0);
  let fd = tryAcquire(name);
  for (let sleepMs = MIN_SLEEP_MS; fd === undefined; sleepMs = Math.min(sleepMs * 2, MAX_SLEEP_MS)) {
    if (performance.now() >= deadlineMs) throw timeoutError(name, timeoutMs);
    Atomics.wait(nothing, 0, 0, sleepMs);
    fd = tryAcquire(name);
  }
  try {
    return fn();
  } finally {
    release(fd, name);
  }
}

/** Runs `fn` under the lock if it is free this very moment; returns whether it did. */
export function tryWithFileLock(file: string, fn: () => void): boolean {
  const name = path.resolve(file);
  const fd = tryAcquire(name);
  if (fd === undefined) return false;
  try {
    fn();
  } finally {
    release(fd, name);
  }
  return true;
}

// --- internal ---

/** Most hold a lock for microseconds: to look again so often, once a turn, costs less than to be woken. */
const EAGER_TRIES = 4;
/** Waiters that nobody wakes look again after this long, at first … */
const MIN_RETRY_MS = 1;
/** … and later. This is how long a lock stands free after its holder was killed. */
const MAX_RETRY_MS = 4;
const MIN_SLEEP_MS = 0.2;
const MAX_SLEEP_MS = 5;
const nothing = new Int32Array(new SharedArrayBuffer(4));

/** Those in this thread who want one lock: one of them holds it or waits for it, the others wait for that one. */
interface Line {
  holding: boolean;
  readonly waiting: Set<() => void>;
}

const lines = new Map<string, Line>();
/** A time in which this thread has a lock again and again while others wait for it. */
interface Stint {
  sinceMs: number;
  times: number;
  /** It is looked after whether it goes on. */
  isWatched: boolean;
}

const stints = new Map<string, Stint>();
/** To change places costs more than what most do inside, so it is not done each time. */
const MAX_STINT_MS = 5;
/** With fewer times in it, each took long; beside that it costs little to wake all who wait. */
const FEW_TIMES = 8;

/** The byte of a lock file that its holder has locked, and the one that all who wait have locked together. */
const HOLDER = 0;
const WAITING_ROOM = 1;
const hasByteLocks = process.platform === "linux";

function checkOptions(owner: string, options: FileLockOptions): number {
  checkOptionNames(owner, options, ["timeoutMs", "signal"]);
  const bounds = { min: 0, max: 2 ** 31 - 1, default: LOCK_TIMEOUT_MS };
  return integerOption(owner, "timeoutMs", options.timeoutMs, bounds);
}

/** Resolves when it is the caller's turn in this thread. */
async function joinLine(
  name: string,
  deadlineMs: number,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Line> {
  const line = lines.get(name);
  if (line === undefined) {
    const first: Line = { holding: false, waiting: new Set() };
    lines.set(name, first);
    return first;
  }
  let step: () => void = () => undefined;
  const turn = new Promise<void>((resolve) => (step = resolve));
  line.waiting.add(step);
  await Promise.race([turn, pause(deadlineMs - performance.now(), signal, turn)]);
  // Whose turn it is has been taken out of the set.
  if (!line.waiting.delete(step)) return line;
  signal?.throwIfAborted();
  throw timeoutError(name, timeoutMs);
}

function leaveLine(name: string, line: Line): void {
  const [next] = line.waiting;
  if (next === undefined) lines.delete(name);
  else {
    line.waiting.delete(next);
    next();
  }
}

/** Opens and locks the file; undefined while somebody else has it. */
function tryAcquire(name: string): number | undefined {
  const { O_RDWR, O_CREAT, O_NOFOLLOW } = fs.constants;
  try {
    for (;;) {
      const fd = fs.openSync(name, O_RDWR | O_CREAT | O_NOFOLLOW, FILE_MODE);
      if (!tryHold(fd)) {
        fs.closeSync(fd);
        return undefined;
      }
      // The lock belongs to the file, not to its name: if somebody has replaced it meanwhile, others lock another one.
      if (isStillNamed(fd, name)) return fd;
      fs.closeSync(fd);
    }
  } catch (error) {
    throw error instanceof TracekeepError ? error : ioError("lock", name, error);
  }
}

function isStillNamed(fd: number, name: string): boolean {
  const held = fs.fstatSync(fd);
  const named = fs.lstatSync(name, { throwIfNoEntry: false });
  return named !== undefined && named.ino === held.ino && named.dev === held.dev;
}

/** Tries again whenever somebody lets go. */
async function acquire(
  name: string,
  deadlineMs: number,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  mayGoFirst: boolean,
): Promise<number> {
  for (let tries = mayGoFirst ? EAGER_TRIES : 0; tries > 0 && performance.now() < deadlineMs; tries--) {
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
    const fd = tryAcquire(name);
    if (fd !== undefined) return fd;
  }
  const bell = new Bell(name);
  try {
    if (!mayGoFirst) await bell.rung(MIN_RETRY_MS, signal);
    for (let retryMs = MIN_RETRY_MS; ; retryMs = Math.min(retryMs * 2, MAX_RETRY_MS)) {
      const fd = tryAcquire(name);
      if (fd !== undefined) return fd;
      signal?.throwIfAborted();
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) throw timeoutError(name, timeoutMs);
      await bell.rung(Math.min(retryMs, leftMs), signal);
    }
  } finally {
    bell.close();
  }
}

/** Hears when the lock file is touched. */
class Bell {
  #watcher: fs.FSWatcher | undefined;
  /** Holds a place in the waiting room. */
  #place: number | undefined;
  #ring: (() => void) | undefined;
  #hasRung = false;

  constructor(name: string) {
    try {
      this.#watcher = fs.watch(name, { persistent: false }, () => {
        this.#hasRung = true;
        this.#ring?.();
      });
      this.#watcher.on("error", () => this.close());
      if (hasByteLocks) {
        this.#place = fs.openSync(name, "r+");
        tryLockByte(this.#place, WAITING_ROOM, { shared: true });
      }
    } catch {
      // No more watches to be had: then it is the retries alone.
    }
  }

  /** Resolves at the first touch since the last time, and after `waitMs` or an abort at the latest. */
  async rung(waitMs: number, signal: AbortSignal | undefined): Promise<void> {
    if (!this.#hasRung) {
      const touched = new Promise<void>((resolve) => (this.#ring = resolve));
      await pause(waitMs, signal, touched);
    }
    this.#hasRung = false;
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    if (this.#place !== undefined) fs.closeSync(this.#place);
    this.#place = undefined;
  }
}

/** Resolves after `waitMs`, when `earlier` does, or when the signal is aborted. Leaves nothing behind. */
async function pause(waitMs: number, signal: AbortSignal | undefined, earlier: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let stop: () => void = () => undefined;
  const late = new Promise<void>((resolve) => {
    stop = resolve;
    timer = setTimeout(resolve, Math.max(0, waitMs));
    signal?.addEventListener("abort", stop, { once: true });
  });
  await Promise.race([earlier, late]);
  clearTimeout(timer);
  signal?.removeEventListener("abort", stop);
}

function tryHold(fd: number): boolean {
  return hasByteLocks ? tryLockByte(fd, HOLDER, { shared: false }) : tryLock(fd);
}

function release(fd: number, name: string): void {
  try {
    unlock(fd, hasByteLocks ? HOLDER : undefined);
    // Only now: whoever comes between finds the lock free.
    if (!hasByteLocks || !tryLockByte(fd, WAITING_ROOM, { shared: false })) goOnWithStint(name);
    else stints.delete(name);
  } catch {
    // It is unlocked when it is closed, and waiters find out by themselves.
  } finally {
    fs.closeSync(fd);
  }
}

function goOnWithStint(name: string): void {
  let stint = stints.get(name);
  if (stint === undefined)
    stints.set(name, (stint = { sinceMs: performance.now(), times: 0, isWatched: false }));
  stint.times++;
  if (!stint.isWatched) watchStint(name, stint);
}

/** Wakes those who wait, unless the lock is taken here again at once: then each of them would come in vain. */
function watchStint(name: string, stint: Stint): void {
  const { times } = stint;
  stint.isWatched = true;
  const look = (): void => {
    stint.isWatched = false;
    // It is over, or the lock is wanted here again; then its release is looked after.
    if (stints.get(name) !== stint || lines.has(name)) return;
    if (stint.times > times) return watchStint(name, stint);
    stints.delete(name);
    ring(name);
  };
  setImmediate(() => setImmediate(look));
}

/** Whoever waits needs a moment to come; one who took the lock again and again meanwhile would keep it for ever. */
function mustLetOthersGoFirst(name: string): boolean {
  const stint = stints.get(name);
  if (stint === undefined || performance.now() - stint.sinceMs < MAX_STINT_MS) return false;
  stints.delete(name);
  if (stint.times < FEW_TIMES) ring(name);
  return true;
}

/** Wakes all who wait. */
function ring(name: string): void {
  try {
    const now = Date.now() / 1_000;
    fs.utimesSync(name, now, now);
  } catch {
    // Then they find out by themselves.
  }
}

function timeoutError(name: string, timeoutMs: number): TracekeepError {
  return new TracekeepError(
    "LOCK_TIMEOUT",
    `could not lock ${name} within ${timeoutMs} ms: ${lockHolderText(name)}`,
    { path: name, hint: "wait for it to end, or give more time by timeoutMs" },
  );
}
