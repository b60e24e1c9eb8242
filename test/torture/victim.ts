// Runs the process that accidents happen to, and keeps what it was promised.

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import path from "node:path";

export interface VictimPlan {
  dir: string;
  session: string;
  durability: "os" | "interval" | "fsync";
  /** Events to append, the first of which has this number in its body. */
  events: number;
  first?: number;
  /** How many appends are awaited at the same time. */
  producers?: number;
  /** Texts are shorter than this. */
  maxBytes?: number;
  /** Every so many events a text is as long as `longBytes`. */
  longEvery?: number;
  longBytes?: number;
  /** A new segment after so many events; 0: none. */
  rotateEvery?: number;
  pauseMs?: number;
  /** Whether the session is ended. Default true. */
  end?: boolean;
  /** It counts as hung after so long. Default a minute, of which no other plan takes a tenth. */
  hangMs?: number;
  /** More options of `openStore`. */
  store?: Record<string, unknown>;
}

export interface Promised {
  n: number;
  seq: number;
  id: string;
}

export interface Outcome {
  acknowledged: Promised[];
  refused: { n: number; code: string }[];
  /** Faults that the writer told of, when it came to its end. */
  faults: string[];
  /** Whether it came to its end. */
  done: boolean;
  signal: string | null;
  /** What it said, or that it hung. */
  stderr: string;
}

export interface Attack {
  /** Put before the command, e.g. `strace` and its arguments. */
  wrapper?: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** Called once the process runs; may kill it. */
  during?: (child: ChildProcess, onLine: (listener: () => void) => void) => void;
}

const HANG_MS = 60_000;
const VICTIM = path.join(import.meta.dirname, "victim.mjs");

/** Resolves when the process is gone, however it went. */
export function runVictim(plan: VictimPlan, attack: Attack = {}): Promise<Outcome> {
  const [program, ...args] = [...(attack.wrapper ?? []), process.execPath, VICTIM, JSON.stringify(plan)];
  const child = spawn(program, args, {
    // One thread for file operations, so that the n-th call is the same one each time.
    env: { ...process.env, UV_THREADPOOL_SIZE: "1", UV_USE_IO_URING: "0", ...attack.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const outcome: Outcome = {
    acknowledged: [],
    refused: [],
    faults: [],
    done: false,
    signal: null,
    stderr: "",
  };
  const listeners: (() => void)[] = [];
  let unread = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    const lines = (unread + text).split("\n");
    // A last line that was cut short was not printed, so it promised nothing.
    unread = lines.pop() ?? "";
    for (const line of lines) {
      takeIn(outcome, JSON.parse(line) as Record<string, unknown>);
      for (const listener of listeners) listener();
    }
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (outcome.stderr += text));
  const hang = setTimeout(() => {
    outcome.stderr += "it hung";
    child.kill("SIGKILL");
  }, plan.hangMs ?? HANG_MS);
  attack.during?.(child, (listener) => listeners.push(listener));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (_, signal) => {
      clearTimeout(hang);
      resolve({ ...outcome, signal });
    });
  });
}

// --- internal ---

function takeIn(outcome: Outcome, told: Record<string, unknown>): void {
  const n = Number(told["n"]);
  if (typeof told["refused"] === "string") outcome.refused.push({ n, code: told["refused"] });
  else if (typeof told["id"] === "string")
    outcome.acknowledged.push({ n, seq: Number(told["seq"]), id: told["id"] });
  else if (told["done"] === true) {
    outcome.done = true;
    outcome.faults = told["faults"] as string[];
  }
}
