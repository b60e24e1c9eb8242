// How fast an event is appended, compared with everything else that a Node program could write it with.
//
//   npx tsx bench/append/run.ts [--quick | --targets] [--only NAME] [--rounds N] [--write]
//
// Three rounds of everything take 25 minutes on two quiet cores.
//
// --quick   one round of short runs, in under two minutes: shows that it works, the figures mean little
// --targets only those whom the table of targets is about, in half the time
// --only    runs only what has NAME in its name: "durable", "sessions", "memory", "steps", "append, small, 100", "pino" …
// --rounds  default 3
// --write   puts the tables into docs/performance.md
//
// The contenders live in a package of their own and are installed on first use; better-sqlite3 takes a minute to
// compile. Everybody runs as plain JavaScript: the children are .mjs, and Tracekeep is built first.

import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";

import { writeSection } from "../document.ts";
import { measureAppend } from "./append.ts";
import { measureDurable } from "./durable.ts";
import { measureMemory } from "./memory.ts";
import { reportOf } from "./report.ts";
import type { Plan } from "./section.ts";
import { measureSessions } from "./sessions.ts";
import { measureSteps } from "./steps.ts";

const HERE = import.meta.dirname;
const ROOT = path.join(HERE, "../..");

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    targets: { type: "boolean", default: false },
    only: { type: "string" },
    rounds: { type: "string" },
    write: { type: "boolean", default: false },
  },
});
const { quick, targets, only } = values;
const plan: Plan = { quick, targets, only, rounds: Number(values.rounds ?? (quick ? 1 : 3)) };
if (!Number.isInteger(plan.rounds) || plan.rounds < 1)
  throw new RangeError("--rounds must be a positive number");

execFileSync(path.join(ROOT, "node_modules/.bin/tsc"), ["-p", "tsconfig.build.json"], {
  cwd: ROOT,
  stdio: "inherit",
});
if (!fs.existsSync(path.join(HERE, "node_modules"))) {
  execFileSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: HERE, stdio: "inherit" });
}

const sections = [
  await measureAppend(plan),
  await measureDurable(plan),
  await measureSessions(plan),
  await measureMemory(plan),
  await measureSteps(plan),
];
const report = reportOf(sections, plan);
console.log(report);
if (values.write) await writeSection("append", report);
