// Many processes into one AuditLog, every event counted; and what its questions cost as history grows.
//
//   npx tsx bench/audit-log/run.ts [--quick] [--write]
//
// --quick   8 × 2,000 events and short histories, to see that it works
// --write   puts the tables into docs/performance.md

import { execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";

import { AuditLog } from "../../src/audit-log/index.ts";
import { listRotated } from "../../src/store/shared/shared-segments.ts";
import { fixedClock } from "../../src/testing/index.ts";
import { formatNumber, markdownTable } from "../append/section.ts";
import { writeSection } from "../document.ts";

const ROOT = path.join(import.meta.dirname, "../..");
const CHILD = path.join(ROOT, "test/children/audit-writer.mjs");
const SCRATCH = path.join(ROOT, ".cache/bench");
const ROTATE_BYTES: number = 1024 * 1024;
const RECENT = 1_000;

const { values } = parseArgs({
  options: { quick: { type: "boolean", default: false }, write: { type: "boolean", default: false } },
});
const perWriter = values.quick ? 2_000 : 50_000;
const histories = values.quick ? [1_000, 10_000] : [10_000, 100_000, 1_000_000];

execFileSync(path.join(ROOT, "node_modules/.bin/tsc"), ["-p", "tsconfig.build.json"], {
  cwd: ROOT,
  stdio: "inherit",
});
fs.mkdirSync(SCRATCH, { recursive: true });
const report = [await withScratch(countAll), await withScratch(measureHistories)].join("\n\n");
console.log(report);
if (values.write) await writeSection("audit-log", report);

// --- internal ---

async function withScratch(measure: (directory: string) => Promise<string>): Promise<string> {
  const directory = fs.mkdtempSync(path.join(SCRATCH, "audit-log-"));
  try {
    return await measure(directory);
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
}

/** @throws Error when an event is missing, there twice, or not in its writer's order */
async function countAll(directory: string): Promise<string> {
  const file = path.join(directory, "audit.jsonl");
  const names = ["a", "b", "c", "d", "e", "f", "g", "h"];
  const beganMs = performance.now();
  const ends = names.map((name) =>
    once(fork(CHILD, [file, name, String(perWriter), String(ROTATE_BYTES)], { execArgv: [] }), "exit"),
  );
  for (const [code] of await Promise.all(ends))
    if (code !== 0) throw new Error(`a process ended with ${code}`);
  const seconds = (performance.now() - beganMs) / 1_000;
  const log = new AuditLog(file);
  const next = new Map(names.map((name) => [name, 0]));
  const readMs = performance.now();
  const stream = log.query({ type: "nav" });
  for (const { agent_id: name, index } of stream) {
    if (index !== next.get(name))
      throw new Error(`${name}: ${String(index)} where ${next.get(name)} was due`);
    next.set(name, Number(index) + 1);
  }
  const readSeconds = (performance.now() - readMs) / 1_000;
  const counts = [...next.values()];
  if (counts.some((count) => count !== perWriter))
    throw new Error(`events are missing: ${counts.join(", ")}`);
  if (stream.report.skippedCount > 0) throw new Error("lines were skipped");
  await log.close();
  const total = names.length * perWriter;
  return markdownTable(
    ["", "figure"],
    [
      [`events of ${names.length} processes, all there and in order`, formatNumber(total)],
      ["rotated every MiB: files", formatNumber(listRotated(file).length + 1)],
      ["appended and acknowledged a second", formatNumber(total / seconds)],
      ["read again a second", formatNumber(total / readSeconds)],
    ],
  );
}

async function measureHistories(directory: string): Promise<string> {
  const rows: string[][] = [];
  for (const history of histories) {
    const file = path.join(directory, `${history}.jsonl`);
    await record(file, history, new Date(Date.now() - 2 * 86_400_000));
    await record(file, RECENT, new Date());
    const log = new AuditLog(file, { budget: { hourUsd: 1e6 } });
    const first = timeMs(() => log.hourlySpend());
    if (Math.abs(log.hourlySpend() - RECENT * 0.001) > 1e-6) throw new Error(`spend is ${log.hourlySpend()}`);
    log.budget.check();
    rows.push([
      formatNumber(history),
      formatNumber(first, 1),
      formatNumber(1_000 * timeEach(() => log.hourlySpend()), 1),
      formatNumber(1_000 * timeEach(() => log.budget.check(0.01)), 1),
      formatNumber(
        timeEach(() => log.lastEvents(20)),
        2,
      ),
    ]);
    await log.close();
  }
  const head = [
    "events before the last hour",
    `first hourlySpend, ${RECENT} events in the hour: ms`,
    "hourlySpend again: µs",
    "budget.check: µs",
    "lastEvents(20): ms",
  ];
  return markdownTable(head, rows);
}

async function record(file: string, count: number, at: Date): Promise<void> {
  const log = new AuditLog(file, { clock: fixedClock(at.toISOString()), durability: "os" });
  for (let index = 0; index < count; index++) {
    log.log("nav", { cost: 0.001, reason: "x".repeat(200) });
    if (index % 1_000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await log.close();
}

function timeMs(fn: () => unknown): number {
  const beganMs = performance.now();
  fn();
  return performance.now() - beganMs;
}

/** Median of many. */
function timeEach(fn: () => unknown): number {
  const times = Array.from({ length: 201 }, () => timeMs(fn)).sort((left, right) => left - right);
  return times[100] ?? NaN;
}
