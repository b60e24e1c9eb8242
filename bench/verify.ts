// How fast a sealed store is verified, against a loop that only finds newlines and hashes leaves and nodes in memory.
//
//   npx tsx bench/verify.ts [EVENTS]

import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { hashLeaf, MerkleTree } from "../src/format/index.ts";
import { openStore } from "../src/index.ts";
import { verifyStore } from "../src/integrity/index.ts";

const events = Number(process.argv[2] ?? 100_000);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-bench-"));
const env = { XDG_STATE_HOME: path.join(folder, "state") };
const dir = path.join(folder, ".tracekeep");
// One file, so that the loop in memory has the same bytes.
const store = openStore({ dir, env, durability: "interval", segmentBytes: 2 ** 40 });
const session = store.startSession();
for (let at = 0; at < events; at++)
  session.log({
    event: "TOOL_RESULT",
    call_id: `toolu_${at}`,
    tool: "bash",
    result: { exit_code: 0, output: "x".repeat(80) },
  });
session.end();
store.close();
const bytes = fs.readFileSync(session.file);

const rounds = Array.from({ length: 5 }, () => {
  const floor = timed(() => {
    const tree = new MerkleTree();
    for (let start = 0; start < bytes.length;) {
      const end = bytes.indexOf(0x0a, start) + 1;
      tree.append(hashLeaf(bytes.subarray(start, end)));
      start = end;
    }
    tree.root();
  });
  const ours = timed(() => {
    const { verdict } = verifyStore(dir, { env });
    if (verdict !== "ok") throw new Error(`the benchmark's own store is ${verdict}`);
  });
  return { floor, ours };
});
const median = (of: "floor" | "ours"): number =>
  rounds.map((each) => each[of]).toSorted((a, b) => a - b)[2] ?? 0;
const rate = (ms: number): string => `${(bytes.length / 1e3 / ms).toFixed(0)} MB/s`;
console.log(`${events} events, ${(bytes.length / 1e6).toFixed(1)} MB, median of 5 rounds`);
console.log(
  `newlines, leaves and nodes in memory  ${median("floor").toFixed(0)} ms  ${rate(median("floor"))}`,
);
console.log(`verifyStore                           ${median("ours").toFixed(0)} ms  ${rate(median("ours"))}`);
console.log(`ratio ${(median("floor") / median("ours")).toFixed(2)} (target: at least 0.7)`);
fs.rmSync(folder, { recursive: true });

function timed(run: () => void): number {
  const startMs = performance.now();
  run();
  return performance.now() - startMs;
}
