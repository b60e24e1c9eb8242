// The end of the process. Whatever way it comes, as long as JavaScript still runs, nothing that was logged stays in a
// buffer: `exit` covers return, process.exit and uncaught errors, the signals are caught while files are open.

import { openFiles } from "../store/append-file.ts";

const SIGNALS: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];

let watchingExit = false;
let watchingSignals = false;

/**
 * Makes sure that buffers are written before the process ends. Called for every session that is opened; the handlers
 * are installed once.
 */
export function watchProcessEnd(handleSignals: boolean): void {
  if (!watchingExit) {
    watchingExit = true;
    process.on("exit", flushAll);
    process.on("uncaughtExceptionMonitor", flushAll);
  }
  if (handleSignals && !watchingSignals) {
    watchingSignals = true;
    for (const signal of SIGNALS) process.on(signal, onSignal);
  }
}

/** Takes the signal handlers out again once no file is open: a program without sessions dies as it always did. */
export function unwatchSignals(): void {
  if (!watchingSignals || openFiles.size > 0) return;
  watchingSignals = false;
  for (const signal of SIGNALS) process.removeListener(signal, onSignal);
}

// --- internal ---

function onSignal(signal: NodeJS.Signals): void {
  flushAll();
  watchingSignals = false;
  for (const each of SIGNALS) process.removeListener(each, onSignal);
  // When the program has a handler of its own, ending is its decision. Otherwise the signal does what it would have.
  if (process.listenerCount(signal) > 0) return;
  process.kill(process.pid, signal);
}

function flushAll(): void {
  for (const file of openFiles) {
    try {
      file.settle();
    } catch {
      // The file has told its fault handler, and the process is ending: there is nobody left to tell.
    }
  }
}
