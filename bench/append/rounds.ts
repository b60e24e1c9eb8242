// Runs every contender in a process of its own, in rounds: each round runs all of them once, in another order, so that a
// noisy minute of the machine hits all alike. Figures are compared within a round, and medians are taken over rounds.

import { execFile } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

import { showProgress } from "./progress.ts";

const HERE = import.meta.dirname;
// Beside the project and not in the system's temporary folder, which may be memory: there a sync costs nothing.
const SCRATCH = path.join(HERE, "../../.cache/bench");
/** A process that takes longer hangs. */
const MOST_MS = 300_000;

/** One process to run in each round, and its input. */
export interface Job {
  name: string;
  /** In `child/`, or the whole path of another one. */
  script: string;
  input: Readonly<Record<string, unknown>>;
  env?: Readonly<Record<string, string>>;
}

/** What a contender is compared by: the median of the ratios of all rounds, and how far they lie apart. */
export interface Ratio {
  median: number;
  least: number;
  most: number;
}

type Figures = Readonly<Record<string, number>>;

/** What was measured, by job and round. */
export class Results {
  readonly skipped: Map<string, string> = new Map();
  readonly #rounds = new Map<string, Figures[]>();

  add(name: string, figures: Figures): void {
    this.#rounds.set(name, [...(this.#rounds.get(name) ?? []), figures]);
  }

  has(name: string): boolean {
    return this.#rounds.has(name);
  }

  /** The median over all rounds; NaN when the job did not run. */
  median(name: string, figure: string): number {
    return median(this.#values(name, figure));
  }

  /** One figure of two jobs, round by round: `name` divided by `base`. Undefined when one of them did not run. */
  ratio(name: string, base: string, figure: string): Ratio | undefined {
    return ratioOf(this.#values(name, figure), this.#values(base, figure));
  }

  /** Two figures of one job, round by round. */
  quotient(name: string, figure: string, base: string): Ratio | undefined {
    return ratioOf(this.#values(name, figure), this.#values(name, base));
  }

  #values(name: string, figure: string): number[] {
    return (this.#rounds.get(name) ?? []).map((figures) => figures[figure] ?? NaN);
  }
}

/** Runs all jobs, `rounds` times, one process at a time. @throws Error when one of them fails */
export async function runRounds(jobs: readonly Job[], rounds: number): Promise<Results> {
  const results = new Results();
  for (let round = 0; round < rounds; round++) {
    for (const job of turned(jobs, round)) {
      if (results.skipped.has(job.name)) continue;
      showProgress(`round ${round + 1} of ${rounds}: ${job.name}`);
      const figures = await runJob(job);
      if (typeof figures === "string") results.skipped.set(job.name, figures);
      else results.add(job.name, figures);
    }
  }
  showProgress("");
  return results;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  const [low = NaN, high = NaN] = [sorted[half - 1], sorted[half]];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
}

/** Free space on the disk that is written to, in bytes. */
export function freeBytes(): number {
  fs.mkdirSync(SCRATCH, { recursive: true });
  const { bavail, bsize } = fs.statfsSync(SCRATCH);
  return bavail * bsize;
}

/** Runs one job; the answer is its figures, or why it cannot run here. */
export async function runJob(job: Job): Promise<Figures | string> {
  fs.mkdirSync(SCRATCH, { recursive: true });
  const directory = fs.mkdtempSync(path.join(SCRATCH, "run-"));
  try {
    const script = path.resolve(HERE, "child", job.script);
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [script, JSON.stringify({ ...job.input, directory })],
      { env: { ...process.env, ...job.env }, timeout: MOST_MS },
    );
    const answer = JSON.parse(stdout) as Figures | { skipped: string };
    return typeof answer["skipped"] === "string" ? answer["skipped"] : (answer as Figures);
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
}

// --- internal ---

function ratioOf(values: readonly number[], bases: readonly number[]): Ratio | undefined {
  if (values.length === 0 || bases.length === 0) return undefined;
  const ratios = values.map((value, round) => value / (bases[round] ?? NaN));
  return { median: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) };
}

/** Another beginning in each round, and every second round backwards. */
function turned(jobs: readonly Job[], round: number): Job[] {
  const start = Math.floor((round * jobs.length) / 3) % jobs.length;
  const order = [...jobs.slice(start), ...jobs.slice(0, start)];
  return round % 2 === 0 ? order : order.toReversed();
}
