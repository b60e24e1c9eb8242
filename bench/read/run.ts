// How fast questions over a long log are answered, compared with what engineers reach for.
//
//   npx tsx bench/read/run.ts [--mb 1000] [--rounds 3] [--write]
//
// --write puts the table into docs/performance.md. Every contender runs in a process of its own and is measured whole,
// from its start to its end; answers are compared, and a wrong one ends the run. DuckDB is installed on first use; jq and
// ripgrep are taken if they are there. Files are in the page cache after the first round.

import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";

import { format } from "prettier";

import { median } from "../append/rounds.ts";
import { markdownTable } from "../append/section.ts";
import { generate } from "./generate.ts";

const HERE = import.meta.dirname;
const ROOT = path.join(HERE, "../..");
const QUESTIONS = ["types", "errors", "agent", "money", "last", "text"] as const;
type Question = (typeof QUESTIONS)[number];

const { values } = parseArgs({
  options: {
    mb: { type: "string", default: "1000" },
    rounds: { type: "string", default: "3" },
    write: { type: "boolean", default: false },
  },
});
const [megabytes, rounds] = [Number(values.mb), Number(values.rounds)];

execFileSync(path.join(ROOT, "node_modules/.bin/tsc"), ["-p", "tsconfig.build.json"], { cwd: ROOT });
if (!fs.existsSync(path.join(HERE, "node_modules"))) {
  execFileSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: HERE, stdio: "inherit" });
}
const inputs = generate(path.join(ROOT, `.cache/bench/read-${megabytes}`), megabytes);
const since = new Date(inputs.lastMs - 3_600_000).toISOString();

interface Contender {
  name: string;
  run: (question: Question, file: string) => string[] | undefined;
  /** How its output becomes the answer; undefined when it tells none to compare. */
  answer?: (output: string) => unknown;
}

const script = (name: string, child: string): Contender => ({
  name,
  run: (question, file) => [
    process.execPath,
    path.join(HERE, "child", child),
    JSON.stringify({ question, file, since }),
  ],
  answer: (output) => (JSON.parse(output) as { answer: unknown }).answer,
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

const blocks = [
  tableOf("As our writer writes it, no index", inputs.canonical),
  tableOf("Fields in another order", inputs.foreign),
];
const cpu = os.cpus()[0]?.model ?? "unknown processor";
const report =
  `Measured on: ${cpu}, ${os.cpus().length} cores, Node ${process.versions.node}; ${megabytes} MB, ` +
  `${inputs.events.toLocaleString("en-US")} events; ${rounds} rounds. Seconds from the start of a process to its end, and how ` +
  `many times as long as Tracekeep it took.\n\n${blocks.join("\n\n")}`;
console.log(report);
if (values.write) await write(report);

// --- internal ---

function tableOf(title: string, file: string): string {
  const seconds = new Map<string, number[]>();
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? CONTENDERS : CONTENDERS.toReversed();
    for (const question of QUESTIONS) {
      const answers = new Map<string, string>();
      for (const contender of order) {
        const command = contender.run(question, file);
        if (command === undefined || !isThere(command[0] ?? "")) continue;
        const startMs = performance.now();
        const { stdout, status, stderr } = spawnSync(command[0] ?? "", command.slice(1), {
          encoding: "utf8",
          maxBuffer: 1e8,
        });
        const key = `${contender.name} ${question}`;
        seconds.set(key, [...(seconds.get(key) ?? []), (performance.now() - startMs) / 1000]);
        if (status !== 0) throw new Error(`${contender.name} failed: ${stderr}`);
        const answer = contender.answer?.(stdout);
        if (answer !== undefined) answers.set(contender.name, JSON.stringify(sorted(answer)));
      }
      if (new Set(answers.values()).size > 1)
        throw new Error(`answers differ: ${JSON.stringify([...answers])}`);
    }
  }
  const cell = (name: string, question: Question): string => {
    const own = seconds.get(`Tracekeep ${question}`) ?? [];
    const all = seconds.get(`${name} ${question}`);
    if (all === undefined) return "";
    if (name === "Tracekeep") return `${median(all).toFixed(2)} s`;
    return `${median(all).toFixed(2)} s (${median(all.map((each, at) => each / (own[at] ?? NaN))).toFixed(1)}×)`;
  };
  const rows = CONTENDERS.filter(({ name }) => [...seconds.keys()].some((key) => key.startsWith(name))).map(
    ({ name }) => [name, ...QUESTIONS.map((question) => cell(name, question))],
  );
  const head = [
    "",
    "count by type",
    "errors",
    "one agent",
    "money of the last hour",
    "last 100 errors",
    "text",
  ];
  return `**${title}**\n\n${markdownTable(head, rows)}`;
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

async function write(text: string): Promise<void> {
  const file = path.join(ROOT, "docs/performance.md");
  const document = fs.readFileSync(file, "utf8");
  const [begin, end] = ["<!-- read:begin -->", "<!-- read:end -->"];
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${file} has no ${begin} … ${end}`);
  const changed = `${document.slice(0, from)}${begin}\n\n${text}\n\n${document.slice(to)}`;
  fs.writeFileSync(file, await format(changed, { parser: "markdown", printWidth: 110 }));
}
