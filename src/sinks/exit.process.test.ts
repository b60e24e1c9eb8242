// Every way a program can end while JavaScript still runs: what a recorder was given must be in its file afterwards,
// however many queues lie between.

import { spawn } from "node:child_process";
import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

const DIST = path.join(import.meta.dirname, "..", "..", "dist");
const EVENTS = 5_000;

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

/** Logs 5,000 events in one turn into `sink`, then does `ending`; returns how the process ended. */
async function logThen(sink: string, ending: string): Promise<number | NodeJS.Signals | null> {
  const program = path.join(folder, "program.mjs");
  const file = JSON.stringify(path.join(folder, "events.jsonl"));
  fs.writeFileSync(
    program,
    `import { createRecorder, openStore } from ${JSON.stringify(path.join(DIST, "index.js"))};
     import * as sinks from ${JSON.stringify(path.join(DIST, "sinks", "index.js"))};
     const { asyncBufferedSink, asyncJsonlSink, bufferedSink, jsonlSink } = sinks;
     const file = ${file};
     const recorder = ${sink};
     for (let n = 0; n < ${EVENTS}; n++) recorder.log({ event: "nav", n });
     ${ending}`,
  );
  const child = spawn(process.execPath, [program], { stdio: ["ignore", "ignore", "ignore"] });
  return await new Promise((resolve) => child.once("close", (code, signal) => resolve(signal ?? code)));
}

function numbers(): unknown[] {
  return fs
    .readFileSync(path.join(folder, "events.jsonl"), "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as { event: string; n: number })
    .filter(({ event }) => event === "nav")
    .map(({ n }) => n);
}

const RECORDERS: Record<string, string> = {
  "a path": "createRecorder({ sink: file })",
  "a synced file": 'createRecorder({ sink: jsonlSink(file, { durability: "fsync" }) })',
  "a buffer": "createRecorder({ sink: bufferedSink(jsonlSink(file), { capacity: 10_000 }) })",
  "a buffer before a file in the background":
    "createRecorder({ sink: asyncBufferedSink(asyncJsonlSink(file), { capacity: 10_000 }) })",
  "a buffer beside a store": `openStore({
     dir: file + ".store", sinks: [bufferedSink(jsonlSink(file), { capacity: 10_000 })] }).startSession()`,
};

const ENDINGS: Record<string, [ending: string, how: number | string]> = {
  return: ["", 0],
  "process.exit": ["process.exit(7);", 7],
  // By then the thread pool may be in the middle of a write.
  "process.exit a little later": ["setTimeout(() => process.exit(7), 1);", 7],
  "an error that nobody catches": ['throw new Error("boom");', 1],
  SIGTERM: ['process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 1000);', "SIGTERM"],
};

describe.each(Object.entries(RECORDERS))("a recorder into %s", (_name, recorder) => {
  it.each(Object.entries(ENDINGS))("loses nothing by %s", async (_ending, [code, how]) => {
    expect(await logThen(recorder, code)).toBe(how);
    expect(numbers()).toEqual(Array.from({ length: EVENTS }, (_, n) => n));
  });
});
