// How fast questions over a long log are answered, compared with what engineers reach for.
//
//   npx tsx bench/read/run.ts [--mb 1000] [--rounds 3] [--write]
//
// --write puts the table into docs/performance.md. Every contender runs in a process of its own and is measured whole,
// from its start to its end; answers are compared, and a wrong one ends the run. DuckDB is installed on first use; jq and
// ripgrep are taken if they are there. Files are in the page cache after the first round, but for the table of cold
// reads, before each of which the cache is emptied (which takes root; else that table is left out).

import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";

import { median } from "../append/rounds.ts";
import { markdownTable } from "../append/section.ts";
import { writeSection } from "../document.ts";
import { processCost } from "../process-cost.ts";
import type { ProcessCost } from "../process-cost.ts";
import { generate } from "./generate.ts";

const HERE = import.meta.dirname;
const ROOT = path.join(HERE, "../..");
const TITLES = {
  types: "count by type",
  errors: "errors",
  agent: "one agent",
  money: "money of the last hour",
  last: "last 100 errors",
  text: "text",
  session: "one session",
};
type Question = keyof typeof TITLES;
/** What is asked of files, and of stores. */
const OF_FILES: readonly Question[] = ["types", "errors", "agent", "money", "last", "text"];
const OF_STORES: readonly Question[] = [...OF_FILES, "session"];
const COMMANDS_PER_BATCH = 5;

const { values } = parseArgs({
  options: {
    mb: { type: "string", default: "1000" },
    rounds: { type: "string", default: "3" },
    write: { type: "boolean", default: false },
  },
});
const [megabytes, rounds] = [Number(values.mb), Number(values.rounds)];

execFileSync("npm", ["run", "--silent", "build"], { cwd: ROOT, stdio: "inherit" });
if (!fs.existsSync(path.join(HERE, "node_modules"))) {
  execFileSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: HERE, stdio: "inherit" });
}
const inputs = generate(path.join(ROOT, `.cache/bench/read-${megabytes}`), megabytes);
const since = new Date(inputs.lastMs - 3_600_000).toISOString();

/** Ours, asked for what the store's index knows, and without it. */
const CLI = path.join(ROOT, "dist/cli/main.cjs");
execFileSync(process.execPath, [CLI, "--dir", inputs.store, "index"]);
execFileSync(process.execPath, [CLI, "--dir", inputs.sessions, "index"]);

interface Contender {
  name: string;
  run: (question: Question, file: string) => string[] | undefined;
  /** How its output becomes the answer; undefined when it tells none to compare. */
  answer?: (output: string) => unknown;
  /** Whether its output tells its peak memory. */
  tellsMemory?: true;
}

const script = (name: string, child: string): Contender => ({
  name,
  run: (question, file) => [
    process.execPath,
    path.join(HERE, "child", child),
    JSON.stringify({ question, file, since, session: sessionIn(file) }),
  ],
  answer: (output) => (JSON.parse(output) as { answer: unknown }).answer,
  tellsMemory: true,
});

const JQ: Partial<Record<Question, string>> = {
  types: "reduce inputs as $e ({}; .[$e.event] += 1)",
  errors: 'reduce inputs as $e (0; if $e.severity == "ERROR" then . + 1 else . end)',
  money: `[inputs | select(.event == "MODEL_RESPONSE" and .timestamp >= "${since}") | .cost_usd] | add * 1e6 | round`,
};

const CONTENDERS: Contender[] = [
  script("Tracekeep", "ours.mjs"),
  script("DuckDB", "duckdb.mjs"),
  script("readline + JSON.parse", "readline.mjs"),
  {
    name: "jq",
    run: (question, file) => (JQ[question] === undefined ? undefined : ["jq", "-nc", JQ[question], file]),
    answer: (output) => JSON.parse(output),
  },
  {
    name: "ripgrep, one needle",
    run: (question, file) =>
      question === "errors" ? ["rg", "-c", "-F", '"severity":"ERROR"', file] : undefined,
    answer: Number,
  },
];

const missing = ["jq", "rg"].filter((program) => !isThere(program));
const [OURS, DUCKDB] = CONTENDERS as [Contender, Contender];

/** DuckDB reads the files of a store as they are. */
const duckdbOf = (files: string): Contender => ({
  ...DUCKDB,
  run: (question) => DUCKDB.run(question, files),
});
const filesOfSessions = path.join(inputs.sessions, "session_*.jsonl");

const blocks = [
  tableOf("As our writer writes it, no index", inputs.canonical, CONTENDERS),
  tableOf("The same in a store, with its index", inputs.store, [OURS, duckdbOf(inputs.canonical)], {
    questions: OF_STORES,
  }),
  tableOf("Fields in another order", inputs.foreign, CONTENDERS),
  tableOf("Compressed", inputs.compressed, [OURS, DUCKDB]),
  tableOf(
    `The same events as ${inputs.sessionCount.toLocaleString("en-US")} sessions, with an index`,
    inputs.sessions,
    [OURS, withoutLast(duckdbOf(filesOfSessions))],
    { questions: OF_STORES },
  ),
  ...(process.getuid?.() === 0
    ? [tableOf("Not in the page cache", inputs.canonical, [OURS, DUCKDB], { isCold: true })]
    : []),
  withinTable("no index", inputs.canonical, DUCKDB, OF_FILES),
  withinTable("with the store's index", inputs.store, duckdbOf(inputs.canonical), OF_STORES),
  withinTable(
    `${inputs.sessionCount.toLocaleString("en-US")} sessions with an index`,
    inputs.sessions,
    withoutLast(duckdbOf(filesOfSessions)),
    OF_STORES,
  ),
  commandTable(),
];
const cpu = os.cpus()[0]?.model ?? "unknown processor";
const report =
  `Measured on: ${cpu}, ${os.cpus().length} cores, Node ${process.versions.node}; ${megabytes} MB, ` +
  `${inputs.events.toLocaleString("en-US")} events; ${rounds} rounds. Seconds from the start of a process to its end, and how ` +
  `many times as long as Tracekeep it took.` +
  (missing.length === 0 ? "" : ` Not installed, so not measured: ${missing.join(", ")}.`) +
  `\n\n${blocks.join("\n\n")}`;
console.log(report);
if (values.write) await writeSection("read", report);

// --- internal ---

/** Numbers begin anew in every session, so the last hundred are not told by them. */
function withoutLast(contender: Contender): Contender {
  return {
    ...contender,
    run: (question, file) => (question === "last" ? undefined : contender.run(question, file)),
  };
}

function sessionIn(file: string): string {
  return file.startsWith(inputs.sessions) ? inputs.oneOfMany : inputs.session;
}

interface Measured {
  seconds: number;
  peakMib: number | undefined;
}

function tableOf(
  title: string,
  file: string,
  contenders: readonly Contender[],
  { isCold = false, questions = OF_FILES }: { isCold?: boolean; questions?: readonly Question[] } = {},
): string {
  // Whoever comes first is not to read from the disk what the others then find in memory. And the disk of a virtual machine
  // has a cache of its own, which nobody empties: it is to be as warm for all.
  if (isCold) dropCaches();
  readThrough(file);
  const measured = new Map<string, Measured[]>();
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? contenders : contenders.toReversed();
    for (const question of questions) {
      const answers = new Map<string, string>();
      for (const contender of order) {
        const command = contender.run(question, file);
        if (command === undefined || !isThere(command[0] ?? "")) continue;
        if (isCold) dropCaches();
        const { seconds, output } = timed(contender.name, command);
        const peakMib =
          contender.tellsMemory === true
            ? (JSON.parse(output) as { peakKb: number }).peakKb / 1024
            : undefined;
        const key = `${contender.name} ${question}`;
        measured.set(key, [...(measured.get(key) ?? []), { seconds, peakMib }]);
        const answer = contender.answer?.(output);
        if (answer !== undefined) answers.set(contender.name, JSON.stringify(sorted(answer)));
      }
      if (new Set(answers.values()).size > 1)
        throw new Error(`${title}, ${question}: answers differ: ${JSON.stringify([...answers])}`);
    }
  }
  const secondsOf = (name: string, question: Question): number[] =>
    (measured.get(`${name} ${question}`) ?? []).map((each) => each.seconds);
  const cell = (name: string, question: Question): string => {
    const own = secondsOf(OURS.name, question);
    const all = secondsOf(name, question);
    if (all.length === 0) return "";
    const text = `${median(all).toFixed(2)} s`;
    if (name === OURS.name) return text;
    return `${text} (${median(all.map((each, at) => each / (own[at] ?? NaN))).toFixed(1)}×)`;
  };
  const peak = (name: string): string => {
    const all = questions.flatMap((question) => measured.get(`${name} ${question}`) ?? []);
    const most = Math.max(...all.map(({ peakMib }) => peakMib ?? NaN));
    return Number.isNaN(most) ? "" : most.toFixed(0);
  };
  const rows = contenders
    .filter(({ name }) => [...measured.keys()].some((key) => key.startsWith(name)))
    .map(({ name }) => [name, ...questions.map((question) => cell(name, question)), peak(name)]);
  return `**${title}**\n\n${markdownTable(["", ...questions.map((question) => TITLES[question]), "peak MiB"], rows)}`;
}

/** From question to answer within a process: the first time, and once it is warm. */
function withinTable(title: string, file: string, duckdb: Contender, questions: readonly Question[]): string {
  const rows: string[][] = [];
  for (const question of questions) {
    const first: number[][] = [[], []];
    const warm: number[][] = [[], []];
    for (let round = 0; round < rounds; round++) {
      for (const [side, contender] of [OURS, duckdb].entries()) {
        const [node = "", child = "", asked = ""] = contender.run(question, file) ?? [];
        if (node === "") continue;
        const again = JSON.stringify({ ...(JSON.parse(asked) as object), again: 5 });
        const { times } = JSON.parse(timed(contender.name, [node, child, again]).output) as {
          times: number[];
        };
        first[side]?.push(times[0] ?? NaN);
        warm[side]?.push(median(times.slice(1)));
      }
    }
    rows.push([TITLES[question], ...[first, warm].flatMap(([own = [], others = []]) => versus(own, others))]);
  }
  const head = ["", "first, ms", "DuckDB", "again, ms", "DuckDB"];
  return `**Within a process, ${title}**\n\n${markdownTable(head, rows)}`;
}

function versus(own: readonly number[], others: readonly number[]): string[] {
  if (others.length === 0) return [median(own).toFixed(1), ""];
  const ratio = median(others.map((each, at) => each / (own[at] ?? NaN)));
  return [median(own).toFixed(1), `${median(others).toFixed(0)} (${ratio.toFixed(1)}×)`];
}

/** Short commands as whole processes, beside a Node that does nothing. */
function commandTable(): string {
  const ofStore = (...args: string[]): string[] => [CLI, "--dir", inputs.store, ...args];
  const ofMany = (...args: string[]): string[] => [CLI, "--dir", inputs.sessions, ...args];
  const commands: Record<string, string[]> = {
    "node -e 0": ["-e", "0"],
    "sessions --last 5": ofStore("sessions", "--last", "5"),
    "query --last 20": ofStore("query", "--last", "20"),
    "query --count": ofStore("query", "--count"),
    "query --severity ERROR --last 20": ofStore("query", "--severity", "ERROR", "--last", "20"),
    stats: ofStore("stats"),
    "sessions --last 5, 10,000 sessions": ofMany("sessions", "--last", "5"),
    "sessions --limit 20, 10,000 sessions": ofMany("sessions", "--limit", "20"),
    "query --last 20, 10,000 sessions": ofMany("query", "--last", "20"),
    'import "tracekeep"': [
      "--input-type=module",
      "--eval",
      `import ${JSON.stringify(path.join(ROOT, "dist/lib/index.js"))}`,
    ],
  };
  const output = path.join(path.dirname(inputs.canonical), "output");
  const costs = new Map<string, ProcessCost[]>(Object.keys(commands).map((name) => [name, []]));
  for (let round = 0; round < Math.max(5, rounds); round++) {
    for (const [name, args] of Object.entries(commands))
      costs.get(name)?.push(processCost(args, COMMANDS_PER_BATCH, { output }));
  }
  const floor = costs.get("node -e 0") ?? [];
  const rows = [...costs].map(([name, all]) => [
    `\`${name}\``,
    ...(["wallMs", "cpuMs"] as const).flatMap((figure) => {
      const ratio = median(all.map((each, at) => each[figure] / (floor[at]?.[figure] ?? NaN)));
      return [median(all.map((each) => each[figure])).toFixed(0), ratio.toFixed(2)];
    }),
  ]);
  const head = ["", "start to end, ms", "÷ `node -e 0`", "processor time, ms", "÷ `node -e 0`"];
  return `**Short commands on the store with its index** (at most 1.5 times as long as \`node -e 0\`)\n\n${markdownTable(head, rows)}`;
}

function timed(name: string, command: readonly string[]): { seconds: number; output: string } {
  const startMs = performance.now();
  const { stdout, status, stderr } = spawnSync(command[0] ?? "", command.slice(1), {
    encoding: "utf8",
    maxBuffer: 1e8,
  });
  const seconds = (performance.now() - startMs) / 1000;
  if (status !== 0) throw new Error(`${name} failed: ${stderr}`);
  return { seconds, output: stdout };
}

function dropCaches(): void {
  execFileSync("sync");
  fs.writeFileSync("/proc/sys/vm/drop_caches", "1");
}

/** Reads a file, or all of a store, and so into whatever caches there are. */
function readThrough(input: string): void {
  if (fs.statSync(input).isDirectory()) {
    for (const name of fs.readdirSync(input)) readThrough(path.join(input, name));
    return;
  }
  const fd = fs.openSync(input, "r");
  const chunk = Buffer.alloc(1 << 20);
  while (fs.readSync(fd, chunk) > 0);
  fs.closeSync(fd);
}

function sorted(answer: unknown): unknown {
  if (typeof answer !== "object" || answer === null) return answer;
  return Object.entries(answer).toSorted(([left], [right]) => (left < right ? -1 : 1));
}

function isThere(program: string): boolean {
  return (
    path.isAbsolute(program) ||
    (process.env["PATH"] ?? "").split(":").some((folder) => fs.existsSync(path.join(folder, program)))
  );
}
