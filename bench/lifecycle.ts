// What keeping the index costs as the sessions grow in number: npm run bench:lifecycle (--large for 100,000 sessions).
// The floor to compare with is what Sentinel does, writing session_index.json anew at each update.

import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { openReader, SessionIndexer } from "../src/read/index.ts";
import { openStore } from "../src/record/index.ts";
import { writeIndex } from "../src/session-index/build.ts";

const SIZES = [10, 1_000, 10_000, ...(process.argv.includes("--large") ? [100_000] : [])];
const UPDATES = 200;

function median(values: number[]): number {
  return values.toSorted((left, right) => left - right)[values.length >> 1] ?? NaN;
}

console.log("sessions  update (µs)  whole JSON (µs)  ratio  list (ms)  rebuild (ms)");
for (const sessions of SIZES) {
  const dir = fs.mkdtempSync(path.join(tmpdir(), "tracekeep-bench-"));
  const store = openStore({ dir, durability: "os", handleSignals: false });
  for (let at = 0; at < sessions; at++) {
    const session = store.startSession();
    for (let step = 0; step < 5; step++) session.toolCall("bash", { step }).result({ exit_code: 0 });
    session.end();
  }
  const reader = openReader({ dir });
  const rebuildStart = performance.now();
  await writeIndex(reader);
  const rebuildMs = performance.now() - rebuildStart;

  const session = store.startSession({ id: "updated" });
  const indexer = new SessionIndexer(dir);
  indexer.update("updated");
  const updates: number[] = [];
  for (let at = 0; at < UPDATES; at++) {
    for (let step = 0; step < 50; step++) session.log({ event: "CHECKPOINT", step });
    session.flush();
    const start = performance.now();
    indexer.update("updated");
    updates.push((performance.now() - start) * 1_000);
  }
  session.end();

  const file = path.join(dir, "session_index.json");
  const rewrites: number[] = [];
  for (let at = 0; at < 5; at++) {
    const start = performance.now();
    const data: unknown = JSON.parse(fs.readFileSync(file, "utf8"));
    fs.writeFileSync(`${file}.tmp`, JSON.stringify(data, undefined, 2));
    fs.renameSync(`${file}.tmp`, file);
    rewrites.push((performance.now() - start) * 1_000);
  }
  const lists: number[] = [];
  for (let at = 0; at < 5; at++) {
    const start = performance.now();
    for await (const _ of reader.sessions()) continue;
    lists.push(performance.now() - start);
  }
  const [update, rewrite] = [median(updates), median(rewrites)];
  const row = [sessions, update, rewrite, rewrite / update, median(lists), rebuildMs];
  console.log(row.map((value) => value.toFixed(value < 10 ? 1 : 0).padStart(11)).join(""));
  store.close();
  fs.rmSync(dir, { recursive: true });
}
