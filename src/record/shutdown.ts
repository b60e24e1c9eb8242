// The end of the process. Whatever way it comes, as long as JavaScript still runs, nothing that was logged stays in a
// buffer: `exit` covers return, process.exit and uncaught errors, the signals are caught while anything is recorded.

import { openBuffers } from "../sinks/open-buffers.ts";
import { openFiles } from "../store/append/open-files.ts";

const SIGNALS: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];

/** Sessions and recorders of this process that are open. */
const writers = new Set<object>();
let watchingExit = false;
const watchedSignals = new Set<NodeJS.Signals>();

/**
 * Makes sure that buffers are written before the process ends. Called for every session and recorder that is opened;
 * the handlers are installed once.
 */
export function watchProcessEnd(writer: object, handleSignals: boolean): void {
  writers.add(writer);
  if (!watchingExit) {
    watchingExit = true;
    process.on("exit", () => flushAll({ isEnd: true }));
    process.on("uncaughtExceptionMonitor", () => {
      const isCaught = process.hasUncaughtExceptionCaptureCallback() || isHandled("uncaughtException");
      flushAll({ isEnd: !isCaught });
    });
  }
  for (const signal of handleSignals ? SIGNALS : []) {
    if (watchedSignals.has(signal)) continue;
    watchedSignals.add(signal);
    process.on(signal, onSignal);
  }
}

/** Takes the signal handlers out again once nothing is recorded: a program without sessions dies as it always did. */
export function unwatchProcessEnd(writer: object): void {
  writers.delete(writer);
  if (writers.size > 0) return;
  for (const signal of watchedSignals) unwatch(signal);
}

// --- internal ---

function onSignal(signal: NodeJS.Signals): void {
  unwatch(signal);
  // When the program has a handler of its own, ending is its decision. Otherwise the signal does what it would have.
  const isEnd = !isHandled(signal);
  flushAll({ isEnd });
  if (isEnd) process.kill(process.pid, signal);
}

/** Only this one: a program that goes on after a SIGHUP may be told to end by another signal. */
function unwatch(signal: NodeJS.Signals): void {
  watchedSignals.delete(signal);
  process.removeListener(signal, onSignal);
}

function isHandled(event: NodeJS.Signals | "uncaughtException"): boolean {
  return process.listenerCount(event) > 0;
}

function flushAll({ isEnd }: { isEnd: boolean }): void {
  settleFiles();
  // A buffer may hand its events to another one, which then comes after it in the set, or to a file.
  for (const buffer of openBuffers) buffer.drainNow(isEnd);
  settleFiles();
}

function settleFiles(): void {
  for (const file of openFiles()) {
    try {
      file.settle();
    } catch {
      // The file has told its fault handler, and the process is ending: there is nobody left to tell.
    }
  }
}
