// Who has a file's kernel lock right now. Asked of the kernel when somebody was kept waiting, and never written down
// beforehand: a note in a file outlives its writer, and writing it would wake everybody who waits for the file.

import * as fs from "node:fs";
import { hostname } from "node:os";
import path from "node:path";

import { formatTimestamp } from "../../event/index.ts";
import { processStartMs } from "./process.ts";

export interface LockHolder {
  pid: number;
  host: string;
  /** What it runs, e.g. `node worker.js`, without further arguments: those may be secret. Empty where it cannot be read. */
  command: string;
  /** When the process began, RFC 3339; empty where it cannot be read. */
  startedAt: string;
}

/**
 * The process that has the lock of a file, by its open files in `/proc` (proc(5), `fdinfo`). Undefined when nobody has
 * it, when its process cannot be seen from here (another user, container or host), and on systems without `/proc`.
 * About 10 ms with a hundred processes.
 */
export function findLockHolder(file: string): LockHolder | undefined {
  try {
    const real = fs.realpathSync(file);
    // Those who wait have a lock of another kind on it (READ).
    const lock = new RegExp(`^lock:.* WRITE .*:${fs.statSync(real).ino} `, "m");
    for (const pid of fs.readdirSync("/proc")) {
      if (/^\d+$/.test(pid) && hasLock(pid, path.dirname(real), lock)) return describe(Number(pid));
    }
  } catch {
    // No such file, or no /proc.
  }
  return undefined;
}

/** The holder in words, for an error message. */
export function lockHolderText(file: string): string {
  const holder = findLockHolder(file);
  if (holder === undefined) return "a process that cannot be seen from here has it";
  const { pid, host, command, startedAt } = holder;
  if (pid === process.pid) return `this process itself (${pid} on ${host}) has it`;
  const what = command === "" ? "" : `, ${command}`;
  const since = startedAt === "" ? "" : `, started ${startedAt}`;
  return `process ${pid} on ${host} has it${what}${since}`;
}

// --- internal ---

/** By folder and inode, because a file that was renamed or linked is listed under the name it was opened by. */
function hasLock(pid: string, directory: string, lock: RegExp): boolean {
  try {
    return fs
      .readdirSync(`/proc/${pid}/fd`)
      .filter((fd) => path.dirname(linkOf(pid, fd)) === directory)
      .some((fd) => lock.test(fs.readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8")));
  } catch {
    // It has just ended, or belongs to another user.
    return false;
  }
}

function linkOf(pid: string, fd: string): string {
  try {
    return fs.readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return "";
  }
}

function describe(pid: number): LockHolder {
  const startMs = processStartMs(pid);
  return {
    pid,
    host: hostname(),
    command: commandOf(pid),
    startedAt: startMs === undefined ? "" : formatTimestamp(startMs),
  };
}

function commandOf(pid: number): string {
  try {
    const [program = "", script = "-"] = fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return [program, ...(script.startsWith("-") ? [] : [script])]
      .map((word) => path.basename(word))
      .join(" ");
  } catch {
    return "";
  }
}
