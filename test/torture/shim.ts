// The injector of `shim.c`: compiled when it is needed, put before the C library of one process.

import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";

import { Missing } from "./suite.ts";

/** Kinds of calls that can be made to fail. */
export const CALLS = ["write", "sync", "open", "rename", "link", "unlink", "truncate", "mkdir"] as const;
export type Call = (typeof CALLS)[number];

export interface Fault {
  call: Call;
  /** Which call of that kind, from 1. */
  at: number;
  /** As many calls in a row; 0: all from there on. Default 1. */
  times?: number;
  /** Every so many calls from `at` on. */
  every?: number;
  /** Number of the error. Default EIO. */
  errno?: number;
  /** Bytes of a write that are written first. */
  torn?: number;
  /** The process is killed there. */
  kill?: boolean;
}

let library: string | undefined;

/** Compiles the injector. @throws Missing when there is no C compiler */
export function compileShim(scratch: string): void {
  library = path.join(scratch, "shim.so");
  const source = path.join(import.meta.dirname, "shim.c");
  const { status, error, stderr } = spawnSync(
    "cc",
    ["-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"],
    {
      encoding: "utf8",
    },
  );
  if (error !== undefined) throw new Missing("cc");
  if (status !== 0) throw new Error(`shim.c does not compile: ${stderr}`);
}

/** The environment of a process in which a fault happens to files below `dir`. */
export function faultEnv(dir: string, fault: Fault | undefined, countFile?: string): Record<string, string> {
  const env: Record<string, string> = { LD_PRELOAD: library ?? "", FAULT_DIR: dir };
  if (countFile !== undefined) env["FAULT_COUNT"] = countFile;
  if (fault === undefined) return env;
  env["FAULT_CALL"] = fault.call;
  env["FAULT_AT"] = String(fault.at);
  if (fault.times !== undefined) env["FAULT_TIMES"] = String(fault.times);
  if (fault.every !== undefined) env["FAULT_EVERY"] = String(fault.every);
  if (fault.errno !== undefined) env["FAULT_ERRNO"] = String(fault.errno);
  if (fault.torn !== undefined) env["FAULT_TORN"] = String(fault.torn);
  if (fault.kill === true) env["FAULT_KILL"] = "1";
  return env;
}

/** How many calls of each kind a process made. */
export function readCounts(countFile: string): Record<Call, number> {
  const counts = readLines(countFile);
  return Object.fromEntries(CALLS.map((call) => [call, counts[call] ?? 0])) as Record<Call, number>;
}

/** How many syncs failed, and how many were tried on a file whose sync had failed. */
export function readSyncs(countFile: string): { failed: number; again: number } {
  const { failed = 0, again = 0 } = readLines(countFile);
  return { failed, again };
}

// --- internal ---

function readLines(countFile: string): Record<string, number> {
  const lines = fs.readFileSync(countFile, "utf8").trim().split("\n");
  return Object.fromEntries(
    lines.map((line) => line.split(" ")).map(([name = "", count]) => [name, Number(count)]),
  );
}
