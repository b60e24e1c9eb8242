// The one error class for things that go wrong while operating. Misuse of the API throws TypeError or RangeError
// instead, and damage found in a log is data (a report), never an exception.

import { lstatSync } from "node:fs";
import type { Stats } from "node:fs";
import { dirname, resolve } from "node:path";

/** Every `code` a {@link TracekeepError} can carry. */
export type ErrorCode =
  | "BAD_EVENT"
  | "BAD_PRICES"
  | "BAD_SETTINGS"
  | "BAD_STORE"
  | "CLOSED"
  | "DISK_FULL"
  | "FILE_BUSY"
  | "FILTERED"
  | "FORMAT_TOO_NEW"
  | "IO"
  | "LOCK_TIMEOUT"
  | "NOT_RECORDED"
  | "NO_FILE"
  | "NO_SESSION"
  | "NO_STORE"
  | "PERMISSION"
  | "QUEUE_FULL"
  | "REFUSED"
  | "SEAL_BROKEN"
  | "SESSION_BUSY"
  | "SESSION_EXISTS"
  | "TOO_SLOW"
  | "UNSUPPORTED_PLATFORM";

export interface ErrorDetails {
  /** The file or folder it happened to. */
  path?: string | undefined;
  /** Sequence number of the event concerned. */
  seq?: number | undefined;
  /** Byte offset in `path`. */
  offset?: number | undefined;
  /** What the user can do about it, often a command to run. */
  hint?: string | undefined;
  cause?: unknown;
}

/**
 * An operation failed for a reason outside the program: a full disk, a store that is not there, a session in use.
 *
 * @example
 * try {
 *   store.openSession("deploy-42");
 * } catch (error) {
 *   if (error instanceof TracekeepError && error.code === "SESSION_BUSY") console.error(error.hint);
 * }
 */
export class TracekeepError extends Error {
  override readonly name: string = "TracekeepError";
  readonly code: ErrorCode;
  readonly path: string | undefined;
  readonly seq: number | undefined;
  readonly offset: number | undefined;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.path = details.path;
    this.seq = details.seq;
    this.offset = details.offset;
    this.hint = details.hint;
  }
}

/** The `code` of a Node system error (`ENOENT`, `EACCES` …), or undefined for anything else. */
export function systemCode(error: unknown): string | undefined {
  // Not by its class: Node's errors are of another one where a program runs in a context of its own, as in Jest.
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** What an error says; of anything else that was thrown, its text. */
export function reasonOf(error: unknown): string {
  const isError = typeof error === "object" && error !== null && "message" in error;
  return String(isError ? error.message : error);
}

/** Turns a failed file operation into a {@link TracekeepError} that says what to do. */
export function ioError(action: string, path: string, cause: unknown): TracekeepError {
  const code = systemCode(cause);
  const message = `cannot ${action} ${path}: ${reasonOf(cause)}`;
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
    case "EFBIG":
      return new TracekeepError("DISK_FULL", message, {
        path,
        cause,
        hint: "free space on that disk, then try again",
      });
    case "EROFS":
      return new TracekeepError("PERMISSION", message, {
        path,
        cause,
        hint: "the file system is read-only: see why with dmesg, then make it writable with: mount -o remount,rw",
      });
    case "EACCES":
    case "EPERM": {
      const { about, hint } = whoMay(path);
      return new TracekeepError("PERMISSION", `${message}${about}`, { path, cause, hint });
    }
    case "EMFILE":
    case "ENFILE":
      return new TracekeepError("IO", message, {
        path,
        cause,
        hint: "too many files are open: close some, or allow more with: ulimit -n 65536",
      });
    default:
      return new TracekeepError("IO", message, { path, cause });
  }
}

// --- internal ---

/** Whose a path is, or of the folders above it the first that can be seen, and the command that gives it to this user. */
function whoMay(path: string): { about: string; hint: string } {
  for (let place = resolve(path); ; place = dirname(place)) {
    const stat = lstatOrNothing(place);
    if (stat === undefined && place !== dirname(place)) continue;
    const mode = ((stat?.mode ?? 0) & 0o7777).toString(8).padStart(4, "0");
    const isOurs = stat?.uid === process.getuid?.();
    return {
      about: `; ${place} belongs to ${isOurs ? "you" : `user ${stat?.uid ?? "?"}`}, mode ${mode}`,
      hint: isOurs ? `chmod u+rwX '${place}'` : `sudo chown -R "$(id -un)" '${place}'`,
    };
  }
}

function lstatOrNothing(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined;
  }
}
