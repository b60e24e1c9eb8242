// How fast a sealed store is verified, on one thread and on as many as there are processors, against a loop that only
// finds newlines and hashes leaves and nodes in memory. Wall time: threads are what is measured. In alternating rounds,
// ratios within a round.
//
//   npm run build && npm run bench:verify -- [EVENTS]

import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { hashLeaf, MerkleTree } from "../src/format/index.ts";
import { openStore } from "../src/index.ts";
import type * as Integrity from "../src/integrity/index.ts";

// As it ships: threads are started from a built file.
const built = path.join(import.meta.dirname, "..", "dist", "integrity", "index.js");
const { verifyStore, verifyStoreOnThreads } = (await import(built)) as typeof Integrity;
const TARGET = 0.7;
const SESSIONS = 8;
const ROUNDS = 7;
const THREADS: number = Math.min(8, os.availableParallelism());
const events = Number(process.argv[2] ?? 400_000);
if (!Number.isSafeInteger(events)) throw new RangeError(`EVENTS must be a number, got ${process.argv[2]}`);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-bench-"));
const env = { XDG_STATE_HOME: path.join(folder, "state") };
const dir = path.join(folder, ".tracekeep");
const logs = record();
const megabytes = logs.reduce((sum, bytes) => sum + bytes.length, 0) / 1e6;

const contenders: Record<string, () => void | Promise<void>> = {
  "newlines, leaves and nodes in memory": hashAll,
  verifyStore: () => check(verifyStore(dir, { env }).verdict),
  [`verifyStoreOnThreads, ${THREADS}`]: async () =>
    check((await verifyStoreOnThreads(dir, { env, threads: THREADS })).verdict),
};
const times = new Map(Object.keys(contenders).map((name) => [name, [] as number[]]));
for (let round = 0; round < ROUNDS; round++)
  for (const [name, run] of Object.entries(contenders)) {
    const beginMs = performance.now();
    await run();
    times.get(name)?.push(performance.now() - beginMs);
  }
console.log(
  `${events} events in ${SESSIONS} sessions, ${megabytes.toFixed(1)} MB, medians of ${ROUNDS} rounds`,
);
const [floor = []] = times.values();
for (const [name, own] of times) {
  const ratio = median(own.map((ms, round) => (floor[round] ?? NaN) / ms));
  const rate = (megabytes / median(own)) * 1_000;
  console.log(
    `${name.padEnd(42)} ${median(own).toFixed(0)} ms  ${rate.toFixed(0)} MB/s  ${ratio.toFixed(2)}`,
  );
}
console.log(`target: at least ${TARGET} of the loop in memory, with 2 processors free`);
fs.rmSync(folder, { recursive: true });

/** The logs as they are on the disk, each in one file, so that the loop in memory has the same bytes. */
function record(): Buffer[] {
  const store = openStore({ dir, env, durability: "interval", segmentBytes: 2 ** 40 });
  const files = Array.from({ length: SESSIONS }, () => {
    const session = store.startSession();
    for (let at = 0; at < events / SESSIONS; at++)
      session.log({
        event: "TOOL_RESULT",
        call_id: `toolu_${at}`,
        tool: "bash",
        result: { exit_code: 0, output: "x".repeat(80) },
      });
    session.end();
    return session.file;
  });
  store.close();
  return files.map((file) => fs.readFileSync(file));
}

function hashAll(): void {
  for (const bytes of logs) {
    const tree = new MerkleTree();
    for (let start = 0; start < bytes.length;) {
      const end = bytes.indexOf(0x0a, start) + 1;
      tree.append(hashLeaf(bytes.subarray(start, end)));
      start = end;
    }
    tree.root();
  }
}

function check(verdict: string): void {
  if (verdict !== "ok") throw new Error(`the benchmark's own store is ${verdict}`);
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? NaN;
}
