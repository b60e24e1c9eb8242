// A session has one writer at a time. Whoever comes second is told who the first one is, or waits for it.

import { setTimeout as pause } from "node:timers/promises";

import { TracekeepError } from "../base/errors.ts";
import { checkOptionNames, integerOption } from "../base/options.ts";
import { LOCK_TIMEOUT_MS } from "../store/disk/file-lock.ts";
import type { FileLockOptions } from "../store/disk/file-lock.ts";
import { lockHolderText } from "../store/disk/lock-holder.ts";
import type { Session } from "./session.ts";

const MIN_RETRY_MS = 5;
const MAX_RETRY_MS = 50;

/** Opens a session. When another writer has it, the error says which process that is. */
export function orSayWho(open: () => Session): Session {
  try {
    return open();
  } catch (error) {
    throw sayWho(error);
  }
}

/** Tries until nobody has the session any more. Its lock is on the log itself, so there is no bell to wait for. */
export async function whenFree(open: () => Session, options: FileLockOptions): Promise<Session> {
  checkOptionNames("wait", options, ["timeoutMs", "signal"]);
  const { signal } = options;
  const bounds = { min: 0, max: 2 ** 31 - 1, default: LOCK_TIMEOUT_MS };
  const deadlineMs = performance.now() + integerOption("wait", "timeoutMs", options.timeoutMs, bounds);
  for (let retryMs = MIN_RETRY_MS; ; retryMs = Math.min(retryMs * 2, MAX_RETRY_MS)) {
    signal?.throwIfAborted();
    try {
      return open();
    } catch (error) {
      if (!isBusy(error) || performance.now() >= deadlineMs) throw sayWho(error);
    }
    await pause(Math.min(retryMs, Math.max(0, deadlineMs - performance.now())));
  }
}

// --- internal ---

function isBusy(error: unknown): error is TracekeepError {
  return error instanceof TracekeepError && error.code === "SESSION_BUSY";
}

function sayWho(error: unknown): unknown {
  if (!isBusy(error) || error.path === undefined) return error;
  return new TracekeepError("SESSION_BUSY", `${error.message}: ${lockHolderText(error.path)}`, {
    path: error.path,
    hint: "a session has one writer at a time: wait (openSessionWhenFree, append --wait), or start one of your own",
  });
}
