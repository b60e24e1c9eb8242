// The library of slow-sync.c, compiled once.

import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";

const SOURCE = path.join(import.meta.dirname, "slow-sync.c");
const LIBRARY = path.join(import.meta.dirname, "../../.cache/bench/slow-sync.so");

let compiled: boolean | undefined;

/** Environment of a process whose syncs take `delayMs` longer; undefined where that cannot be had. */
export function slowSync(delayMs: number): Record<string, string> | undefined {
  compiled ??= process.platform === "linux" && compile();
  return compiled ? { LD_PRELOAD: LIBRARY, SYNC_DELAY_US: String(delayMs * 1000) } : undefined;
}

// --- internal ---

function compile(): boolean {
  fs.mkdirSync(path.dirname(LIBRARY), { recursive: true });
  try {
    execFileSync("cc", ["-O1", "-shared", "-fPIC", "-o", LIBRARY, SOURCE, "-ldl"]);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
