// Runs a program four times at once, as four agents of their own, and waits for all of them.

import { fork } from "node:child_process";
import { once } from "node:events";

export const AGENTS: readonly string[] = [
  "Claude-Orch-Prime-20260106-c614",
  "Claude-Sub-Task1-20260106-a1b2",
  "Claude-Sub-Task2-20260106-d3e4",
  "Claude-Audit-Check-20260107-f0f0",
];

/** Which agent this process is; undefined in the one that was started first. */
export const agent: string | undefined = process.env["AGENT"];

export async function runFourAgents(program: string): Promise<void> {
  const children = AGENTS.map((name) => fork(program, { env: { ...process.env, AGENT: name } }));
  await Promise.all(children.map((child) => once(child, "exit")));
}
