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
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the program's name in parentheses and may itself hold spaces and parentheses.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}
