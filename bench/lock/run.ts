// How long processes wait for a lock that they share, compared with other ways to lock a file.
//
//   npx tsx bench/lock/run.ts [--quick] [--rounds N] [--write]
//
// --quick   short runs, to see that it works
// --rounds  default 3
// --write   puts the tables into docs/performance.md
//
// What is compared with lives in a package of its own and is installed on first use; fs-ext is compiled then.

import { execFileSync, fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";

import { showProgress } from "../append/progress.ts";
import { median } from "../append/rounds.ts";
import { formatNumber, markdownTable } from "../append/section.ts";
import { writeSection } from "../document.ts";
// @ts-expect-error -- plain JavaScript, as everything that is measured
import { LOCKS as loaded } from "./child/locks.mjs";

const HERE = import.meta.dirname;
const ROOT = path.join(HERE, "../..");
const SCRATCH = path.join(ROOT, ".cache/bench");

const PROCESSES = [1, 4, 16];
/** Mean pause between two times, in milliseconds; 0: again in the next turn of the event loop. */
const PAUSES_MS = [0, 10];
const LINE_BYTES = 300;

const LOCKS: object = loaded as object;

interface Figures {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  mostMs: number;
  /** Times of the process that got it least, divided by those of the one that got it most. */
  fairness: number;
}

type Answer = { ready: true } | { skipped: string } | { waitsMs: Float64Array };

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    write: { type: "boolean", default: false },
  },
});
const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError("--rounds must be a positive number");
const forMs = values.quick ? 300 : 2_000;

execFileSync(path.join(ROOT, "node_modules/.bin/tsc"), ["-p", "tsconfig.build.json"], {
  cwd: ROOT,
  stdio: "inherit",
});
if (!fs.existsSync(path.join(HERE, "node_modules"))) {
  execFileSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: HERE, stdio: "inherit" });
}

const results = new Map<string, Figures[]>();
const skipped = new Map<string, string>();
for (let round = 0; round < rounds; round++) {
  const locks = Object.keys(LOCKS);
  for (const lock of round % 2 === 0 ? locks : locks.toReversed()) {
    for (const pauseMs of PAUSES_MS) {
      for (const processes of PROCESSES) {
        if (skipped.has(lock)) continue;
        showProgress(`round ${round + 1} of ${rounds}: ${lock}, ${processes} processes`);
        const figures = await measure(lock, processes, pauseMs);
        if (typeof figures === "string") skipped.set(lock, figures);
        else
          results.set(key(lock, processes, pauseMs), [
            ...(results.get(key(lock, processes, pauseMs)) ?? []),
            figures,
          ]);
      }
    }
  }
}
showProgress("");
const report = [
  ...PAUSES_MS.map(tableOf),
  ...[...skipped].map(([lock, why]) => `${lock} was skipped: ${why}`),
].join("\n\n");
console.log(report);
if (values.write) await writeSection("lock", report);

// --- internal ---

function key(lock: string, processes: number, pauseMs: number): string {
  return `${lock}, ${processes}, ${pauseMs}`;
}

/** @throws Error when the lock let two in at once, or a process failed */
async function measure(lock: string, processes: number, pauseMs: number): Promise<Figures | string> {
  fs.mkdirSync(SCRATCH, { recursive: true });
  const directory = fs.mkdtempSync(path.join(SCRATCH, "lock-"));
  const input = JSON.stringify({ lock, directory, forMs, pauseMs });
  const children = Array.from({ length: processes }, () =>
    fork(path.join(HERE, "child/contend.mjs"), [input], { serialization: "advanced", execArgv: [] }),
  );
  try {
    for (const answer of await Promise.all(children.map(nextAnswer))) {
      if ("skipped" in answer) return answer.skipped;
    }
    const finished = Promise.all(children.map(nextAnswer));
    for (const child of children) child.send("go");
    const waits = (await finished).map((answer) =>
      "waitsMs" in answer ? answer.waitsMs : new Float64Array(),
    );
    const total = waits.reduce((sum, { length }) => sum + length, 0);
    if (fs.statSync(path.join(directory, "data")).size !== total * LINE_BYTES)
      throw new Error("lines are missing");
    const sorted = new Float64Array(total);
    let at = 0;
    for (const each of waits) {
      sorted.set(each, at);
      at += each.length;
    }
    sorted.sort();
    const share = (part: number): number => sorted[Math.min(total - 1, Math.floor(part * total))] ?? NaN;
    const times = waits.map(({ length }) => length);
    return {
      perSecond: (total / forMs) * 1_000,
      p50Ms: share(0.5),
      p99Ms: share(0.99),
      mostMs: share(1),
      fairness: Math.min(...times) / Math.max(...times),
    };
  } finally {
    for (const child of children) child.kill();
    fs.rmSync(directory, { recursive: true });
  }
}

async function nextAnswer(child: ChildProcess): Promise<Answer> {
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`a process ended with ${String(code)}`);
  });
  ended.catch(() => undefined);
  const [answer] = (await Promise.race([once(child, "message"), ended])) as [Answer];
  return answer;
}

function tableOf(pauseMs: number): string {
  const title =
    pauseMs === 0
      ? "**Again in the next turn of the event loop**: as much as goes through"
      : `**Again after ${pauseMs} ms on average**: what an agent does that logs a batch now and then`;
  const rows = PROCESSES.flatMap((processes) =>
    Object.keys(LOCKS).flatMap((lock) => {
      const all = results.get(key(lock, processes, pauseMs));
      if (all === undefined) return [];
      const of = (figure: keyof Figures): number => median(all.map((each) => each[figure]));
      return [
        [
          `${processes} ${processes === 1 ? "process" : "processes"}, ${lock}`,
          formatNumber(of("perSecond")),
          formatNumber(of("p50Ms"), 3),
          formatNumber(of("p99Ms"), 2),
          formatNumber(of("mostMs"), 1),
          formatNumber(of("fairness"), 2),
        ],
      ];
    }),
  );
  const head = ["", "times/s", "wait p50 ms", "wait p99 ms", "longest ms", "least ÷ most"];
  return `${title}\n\n${markdownTable(head, rows)}`;
}
