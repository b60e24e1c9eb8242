// What a process costs from its start to its end. A shell counts the processor time of its children, which Node does not
// tell.

import { spawnSync } from "node:child_process";

export interface ProcessCost {
  wallMs: number;
  /** Of all its threads. */
  cpuMs: number;
}

/** One of `batch` processes of Node that run one after the other. @param files for their input and output */
export function processCost(
  args: readonly string[],
  batch: number,
  { input = "/dev/null", output = "/dev/null" }: { input?: string; output?: string } = {},
): ProcessCost {
  const words = [process.execPath, ...args].map((word) => `'${word}'`).join(" ");
  const script = `i=0; while [ $i -lt ${batch} ]; do ${words} < '${input}' > '${output}' || exit; i=$((i+1)); done; times`;
  const startMs = performance.now();
  const { stdout, status } = spawnSync("bash", ["-c", script], { encoding: "utf8" });
  const wallMs = (performance.now() - startMs) / batch;
  // The second line is that of the children: user and system, each as `0m0.123s`.
  const spans = [...(stdout.split("\n")[1] ?? "").matchAll(/(\d+)m([\d.]+)s/g)];
  if (status !== 0 || spans.length !== 2) throw new Error(`bash failed: ${stdout}`);
  const seconds = spans.reduce((sum, [, minutes, rest]) => sum + Number(minutes) * 60 + Number(rest), 0);
  return { wallMs, cpuMs: (seconds * 1000) / batch };
}
