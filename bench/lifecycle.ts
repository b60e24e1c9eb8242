// What a store costs as its sessions grow in number, and how fast its index comes back:
//
//   npm run bench:lifecycle -- [--large] [--mb 400] [--write]
//
// --large   100,000 sessions as well
// --mb      how much log the index is rebuilt from. Default 400
// --write   puts the tables into docs/performance.md
//
// The floor for an update is what Sentinel does, writing session_index.json anew at each. Sessions are copies, at other
// times, of 64 that were recorded and have different tools, models and figures; the one that is updated is recorded.

import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";

import { openReader } from "../src/read/index.ts";
import { IndexKeeper } from "../src/record/index-keeper.ts";
import { openStore } from "../src/record/index.ts";
import { writeIndex } from "../src/session-index/build.ts";
import { formatNumber, markdownTable } from "./append/section.ts";
import { writeSection } from "./document.ts";
import { generate } from "./read/generate.ts";

const ROOT = path.join(import.meta.dirname, "..");
/** Of the built package: what a user's process takes, and nothing of what runs this benchmark. */
const REBUILD = `
  import * as fs from "node:fs";
  import path from "node:path";
  import { openReader } from "./dist/read/index.js";
  import { writeIndex } from "./dist/session-index/build.js";
  const dir = process.argv[1];
  fs.rmSync(path.join(dir, "index"), { recursive: true, force: true });
  const logs = fs.readdirSync(dir).filter((name) => name.endsWith(".jsonl") && name !== "ledger.jsonl");
  const bytes = logs.reduce((sum, name) => sum + fs.statSync(path.join(dir, name)).size, 0);
  const startMs = performance.now();
  await writeIndex(openReader({ dir }));
  const seconds = (performance.now() - startMs) / 1000;
  // What getrusage tells is the parent's, whose memory it was for a moment.
  const peakKb = /VmHWM:\\s+(\\d+) kB/.exec(fs.readFileSync("/proc/self/status", "utf8"))?.[1];
  console.log(JSON.stringify({ count: logs.length, megabytes: bytes / 1e6, seconds, rssMb: Number(peakKb) / 1000 }));
`;
const UPDATES = 1_000;
const EVENTS_PER_UPDATE = 50;
const TEMPLATES = 64;
const TOOLS = ["bash", "read", "edit", "grep", "web"];

const { values } = parseArgs({
  options: {
    large: { type: "boolean", default: false },
    mb: { type: "string", default: "400" },
    write: { type: "boolean", default: false },
  },
});
execFileSync(path.join(ROOT, "node_modules/.bin/tsc"), ["-p", "tsconfig.build.json"], {
  cwd: ROOT,
  stdio: "inherit",
});
await main();

// --- internal ---

async function main(): Promise<void> {
  const sizes = [10, 1_000, 10_000, ...(values.large ? [100_000] : [])];
  const rows: string[][] = [];
  for (const sessions of sizes) rows.push(await withScratch((dir) => measureStore(dir, sessions)));
  const head = [
    "sessions",
    "an update: µs",
    "session_index.json anew: ms",
    "times cheaper",
    "list: ms",
    "fold: ms",
  ];
  const report = [markdownTable(head, rows), await withScratch(measureRebuild)].join("\n\n");
  console.log(report);
  if (values.write) await writeSection("lifecycle", report);
}

async function withScratch<T>(measure: (directory: string) => T | Promise<T>): Promise<T> {
  const directory = fs.mkdtempSync(path.join(tmpdir(), "tracekeep-bench-"));
  try {
    return await measure(directory);
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
}

async function measureStore(dir: string, sessions: number): Promise<string[]> {
  const store = openStore({
    dir,
    durability: "os",
    handleSignals: false,
    indexEveryEvents: EVENTS_PER_UPDATE,
  });
  makeSessions(dir, sessions, recordTemplates(store, Math.min(sessions, TEMPLATES)));
  const reader = openReader({ dir });
  const foldMs = await timeMs(() => writeIndex(reader));

  const updates = await timeUpdates(store);
  store.close();

  await writeIndex(reader);
  const lists: number[] = [];
  for (let at = 0; at < 15; at++) {
    lists.push(
      await timeMs(async () => {
        for await (const _ of reader.sessions()) continue;
      }),
    );
  }
  const rewrites: number[] = [];
  for (let at = 0; at < 5; at++)
    rewrites.push(await timeMs(() => rewrite(path.join(dir, "session_index.json"))));
  const [updateMs, rewriteMs] = [median(updates), median(rewrites)];
  return [
    formatNumber(sessions),
    formatNumber(1_000 * updateMs, 1),
    formatNumber(rewriteMs, 2),
    formatNumber(rewriteMs / updateMs),
    formatNumber(median(lists), 1),
    formatNumber(foldMs),
  ];
}

/** Sessions of a dozen events that have little in common but their writer: their logs. */
function recordTemplates(store: ReturnType<typeof openStore>, count: number): string[] {
  return Array.from({ length: count }, (_, at) => {
    const session = store.startSession({ id: `template-${at}` });
    for (let step = 0; step < 3 + (at % 6); step++) {
      const tool = TOOLS[(at + step * step) % TOOLS.length] ?? "bash";
      session.toolCall(tool, { step }).result({ exit_code: 0 });
    }
    if (at % 3 === 0) {
      const usage = { input_tokens: 100 + at, output_tokens: at, cost_usd: at / 1_000 };
      session.log({ event: "MODEL_RESPONSE", model: "claude-sonnet-4", ...usage });
    }
    if (at % 7 === 0) session.log({ event: "ERROR", message: "it failed" });
    session.end();
    return fs.readFileSync(session.file, "utf8");
  });
}

/** Adds copies of them, each a minute earlier than the one before, until there are `count`. */
function makeSessions(dir: string, count: number, templates: readonly string[]): void {
  for (let at = templates.length; at < count; at++) {
    const template = at % templates.length;
    const id = `019b9f2e-6f10-7c3a-9a52-${at.toString(16).padStart(12, "0")}`;
    const text = (templates[template] ?? "")
      .replaceAll(`"session_id":"template-${template}"`, `"session_id":"${id}"`)
      .replace(/"pid":\d+/, `"pid":${1_000 + (at % 30_000)}`)
      .replaceAll(/"timestamp":"([^"]+)"/g, (_, time: string) => {
        return `"timestamp":"${new Date(Date.parse(time) - at * 61_003).toISOString()}"`;
      });
    fs.writeFileSync(path.join(dir, `session_20260106_${id.slice(-8)}-${at}.jsonl`), text);
  }
}

/** What the index costs a session that is being recorded, each time that it is told. */
async function timeUpdates(store: ReturnType<typeof openStore>): Promise<number[]> {
  const updates: number[] = [];
  const keeper: { note: (this: IndexKeeper, ...args: Parameters<IndexKeeper["note"]>) => void } =
    IndexKeeper.prototype;
  const { note } = keeper;
  keeper.note = function (...args) {
    const startMs = performance.now();
    note.apply(this, args);
    updates.push(performance.now() - startMs);
  };
  const session = store.startSession({ id: "updated" });
  for (let at = 0; at < UPDATES; at++) {
    for (let step = 0; step < EVENTS_PER_UPDATE; step++) session.log({ event: "CHECKPOINT", step });
    await setTimeout(1);
  }
  keeper.note = note;
  session.end();
  return updates;
}

/** Sentinel's way, as its page has it: read, change, write beside it, rename. */
function rewrite(file: string): void {
  const data: unknown = JSON.parse(fs.readFileSync(file, "utf8"));
  fs.writeFileSync(`${file}.tmp`, JSON.stringify(data, undefined, 2));
  fs.renameSync(`${file}.tmp`, file);
}

/** In a process of its own, whose memory is measured: what coding agents do, all in one session and as many sessions. */
function measureRebuild(directory: string): string {
  const { store, sessions } = generate(directory, Number(values.mb));
  const rows = [store, sessions].map((dir) => {
    const command = ["--input-type=module", "--eval", REBUILD, dir];
    const { stdout, stderr, status } = spawnSync(process.execPath, command, { encoding: "utf8", cwd: ROOT });
    if (status !== 0) throw new Error(stderr);
    const { count, megabytes, seconds, rssMb } = JSON.parse(stdout) as Record<string, number>;
    return [
      `${formatNumber(megabytes ?? NaN)} MB in ${formatNumber(count ?? NaN)} session${count === 1 ? "" : "s"}`,
      formatNumber((megabytes ?? NaN) / (seconds ?? NaN)),
      formatNumber(rssMb ?? NaN),
    ];
  });
  return markdownTable(["index rebuilt from", "MB/s", "memory of the process: MB"], rows);
}

async function timeMs(work: () => unknown): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

function median(figures: readonly number[]): number {
  return figures.toSorted((left, right) => left - right)[figures.length >> 1] ?? NaN;
}
