// The end of the process. Whatever way it comes, as long as JavaScript still runs, nothing that was logged stays in a
// buffer: `exit` covers return, process.exit and uncaught errors, the signals are caught while anything is recorded.

import { openBuffers } from "../sinks/open-buffers.ts";
import { openFiles } from "../store/append/open-files.ts";

const SIGNALS: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];

/** Sessions and recorders of this process that are open. */
const writers = new Set<object>();
let watchingExit = false;
let watchingSignals = false;

/**
 * Makes sure that buffers are written before the process ends. Called for every session and recorder that is opened;
 * the handlers are installed once.
 */
export function watchProcessEnd(writer: object, handleSignals: boolean): void {
  writers.add(writer);
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

/** Takes the signal handlers out again once nothing is recorded: a program without sessions dies as it always did. */
export function unwatchProcessEnd(writer: object): void {
  writers.delete(writer);
  if (!watchingSignals || writers.size > 0) return;
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
  settleFiles();
  // A buffer may hand its events to another one, which then comes after it in the set, or to a file.
  for (const buffer of openBuffers) buffer.drainNow();
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
