// Which process is writing, in terms that another process can check later: a process id alone is reused, so it comes
// with the boot it belongs to and the moment it started.

import { readFileSync } from "node:fs";
import { hostname } from "node:os";

export interface ProcessIdentity {
  host: string;
  /** Identifies the boot of the host; empty where the system does not tell. */
  boot_id: string;
  pid: number;
  /** Start time in clock ticks since boot (field 22 of `/proc/PID/stat`, proc(5)); empty where not known. */
  process_start: string;
}

let current: ProcessIdentity | undefined;

export function currentProcess(): ProcessIdentity {
  // A forked child has its own pid, so the remembered identity is checked against it.
  if (current?.pid !== process.pid) {
    current = {
      host: hostname(),
      boot_id: bootId(),
      pid: process.pid,
      process_start: startOf(process.pid) ?? "",
    };
  }
  return current;
}

/**
 * The process that has this one run, shells in between left out: for a hook, the agent itself. Undefined where the
 * system does not tell.
 */
export function callingProcess(): ProcessIdentity | undefined {
  let pid = process.ppid;
  for (let steps = 0; steps < MAX_SHELLS; steps++) {
    const stat = readStat(pid);
    if (stat === undefined || pid <= 1) return undefined;
    if (!SHELLS.has(stat.name)) {
      return { host: hostname(), boot_id: bootId(), pid, process_start: stat.fields[19] ?? "" };
    }
    pid = Number(stat.fields[1]);
  }
  return undefined;
}

/** Whether that very process is alive; undefined when it ran on another host or the system does not tell. */
export function isProcessAlive(identity: ProcessIdentity): boolean | undefined {
  if (identity.host !== hostname()) return undefined;
  const boot = bootId();
  if (boot === "" || identity.boot_id === "" || identity.process_start === "") return undefined;
  if (identity.boot_id !== boot) return false;
  return startOf(identity.pid) === identity.process_start;
}

/** When a process began, in milliseconds since 1970; undefined when it is gone or the system does not tell. */
export function processStartMs(pid: number): number | undefined {
  const start = startOf(pid);
  if (start === undefined) return undefined;
  try {
    const bootSeconds = Number(/^btime (\d+)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1]);
    return Math.round((bootSeconds + Number(start) / TICKS_PER_SECOND) * 1_000);
  } catch {
    return undefined;
  }
}

// --- internal ---

/** USER_HZ, which Linux keeps at 100 for every program (proc(5)). */
const TICKS_PER_SECOND = 100;

function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    // Only Linux has it; without it liveness is "unknown", never guessed.
    return "";
  }
}

function startOf(pid: number): string | undefined {
  return readStat(pid)?.fields[19];
}

const SHELLS: ReadonlySet<string> = new Set(["sh", "bash", "dash", "zsh", "fish", "ash", "env", "timeout"]);
const MAX_SHELLS = 4;

/** A process's name, and the fields behind it: state, parent, … (proc(5)). */
function readStat(pid: number): { name: string; fields: string[] } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the program's name in parentheses and may itself hold spaces and parentheses.
    const end = stat.lastIndexOf(")");
    return { name: stat.slice(stat.indexOf("(") + 1, end), fields: stat.slice(end + 2).split(" ") };
  } catch {
    return undefined;
  }
}
