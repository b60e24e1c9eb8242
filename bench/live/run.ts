// What it costs to watch: chunks of text through recording to two subscribers that keep up and one that does not,
// against what a program could do by hand without recording anything.
//
//   npx tsx bench/live/run.ts [--quick] [--rounds N] [--write]
//
// --quick   short runs, to see that it works
// --rounds  default 3
// --write   puts the table into docs/performance.md
//
// Every figure comes from a process of its own that runs plain JavaScript against the built package; the paced run and
// the flood are two processes, so that the memory of one is not that of the other.

import { execFileSync } from "node:child_process";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";

import { runRounds } from "../append/rounds.ts";
import type { Job } from "../append/rounds.ts";
import { formatNumber, markdownTable } from "../append/section.ts";
import { writeSection } from "../document.ts";
// @ts-expect-error -- plain JavaScript, as everything that is measured
import { CHANNELS as loaded } from "./child/channels.mjs";

const HERE = import.meta.dirname;
const ROOT = path.join(HERE, "../..");
const CONTENDERS: readonly string[] = Object.keys(loaded as object);
const RATE = 50_000;
const FIRST = "first chunk";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    write: { type: "boolean", default: false },
  },
});
const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError("--rounds must be a positive number");
const forMs = values.quick ? 1_000 : 10_000;
const chunks = values.quick ? 50_000 : 300_000;

execFileSync(path.join(ROOT, "node_modules/.bin/tsc"), ["-p", "tsconfig.build.json"], {
  cwd: ROOT,
  stdio: "inherit",
});

const script = path.join(HERE, "child/flow.mjs");
const jobs: Job[] = CONTENDERS.flatMap((name) => [
  { name: paced(name), script, input: { name, perSecond: RATE, forMs } },
  { name: flood(name), script, input: { name, chunks } },
]);
jobs.push({ name: FIRST, script: path.join(HERE, "child/first.mjs"), input: {} });
const results = await runRounds(jobs, rounds);

const rows = CONTENDERS.map((name) => [
  name,
  formatNumber(results.median(paced(name), "perSecond")),
  formatNumber(results.median(paced(name), "cpuUs"), 2),
  formatNumber(results.median(paced(name), "delayP99Ms"), 1),
  formatNumber(results.median(paced(name), "peakMb")),
  formatNumber(results.median(flood(name), "perSecond")),
  formatNumber(results.median(flood(name), "peakMb")),
]);
const report = [
  `${os.cpus()[0]?.model ?? "unknown processor"}, ${os.cpus().length} cores, Node ${process.versions.node}; ` +
    `median of ${rounds} round${rounds === 1 ? "" : "s"} of ${forMs / 1_000} s at ${formatNumber(RATE)} chunks a ` +
    `second, and of ${formatNumber(chunks)} chunks as fast as they go.`,
  markdownTable(
    [
      "",
      "chunks/s, paced",
      "CPU µs a chunk",
      "event-loop delay p99 ms",
      "peak RSS MB",
      "chunks/s, as fast as it goes",
      "peak RSS MB, as fast as it goes",
    ],
    rows,
  ),
  `Tracekeep's slow subscriber takes one event in two seconds and was told of ` +
    `${formatNumber(results.median(paced("tracekeep"), "dropped"))} that it did not get. A process that has only ` +
    `loaded Tracekeep takes ${formatNumber(results.median(paced("tracekeep"), "openMb"))} MB.`,
  `First chunk: after ${results.median(FIRST, "turns")} turn(s) of the event loop in the process, after ` +
    `${formatNumber(results.median(FIRST, "acrossMs"), 1)} ms in another process.`,
].join("\n\n");
console.log(report);
if (values.write) await writeSection("live", report);

// --- internal ---

function paced(name: string): string {
  return `${name}, paced`;
}

function flood(name: string): string {
  return `${name}, as fast as it goes`;
}
