// Appending without waiting, against everything else that Node programs write events with.

import { runRounds } from "./rounds.ts";
import type { Job, Results } from "./rounds.ts";
import { atLeast, atMost, formatNumber, formatRatio, markdownTable } from "./section.ts";
import type { Check, Plan, Section } from "./section.ts";

const SHIPPED = "tracekeep";
const PLAIN = "tracekeep, redaction and seals off";
const LOGGERS = [
  "pino sync",
  "pino async",
  "pino.transport",
  "sonic-boom sync",
  "sonic-boom async",
  "winston",
  "bunyan",
  "log4js",
  "logtape file",
  "logtape non-blocking",
  "logtape stream",
] as const;
const CONTENDERS = [
  "JSON.stringify alone",
  PLAIN,
  SHIPPED,
  ...LOGGERS,
  "fs.writeSync per line",
  "SQLite NORMAL, one a transaction",
  "SQLite NORMAL, 100 a transaction",
  "SQLite FULL, one a transaction",
  "SQLite FULL, 100 a transaction",
  "hypercore, one an append",
  "hypercore, 100 an append",
] as const;
/** Never within a factor of two of the fastest logger, or no loggers. */
const IN_NO_TARGET: ReadonlySet<string> = new Set(
  CONTENDERS.filter((name) => /^(?:winston|log4js|logtape|SQLite|hypercore)/.test(name)),
);
const WORKLOADS = ["small", "mix"] as const;
const EVENTS_PER_TURN = [1, 10, 100] as const;
const BASE = "pino async";

type Workload = (typeof WORKLOADS)[number];

export async function measureAppend({ quick, targets, rounds, only = "" }: Plan): Promise<Section> {
  // Compiling goes on for many thousand calls; a recorder lives longer than that.
  const wanted = jobs(quick ? 200 : 1_000, quick ? 150 : 2_000).filter(
    ({ name, input }) => name.includes(only) && !(targets && IN_NO_TARGET.has(String(input["contender"]))),
  );
  const results = await runRounds(wanted, rounds);
  return { title: "Appending, durability `os`", blocks: blocks(results), checks: checks(results) };
}

// --- internal ---

function jobName(contender: string, workload: Workload, perTurn: number): string {
  return `append, ${workload}, ${perTurn} a turn: ${contender}`;
}

function jobs(warmUpMs: number, forMs: number): Job[] {
  return cells().flatMap(([workload, perTurn]) =>
    CONTENDERS.map((contender) => ({
      name: jobName(contender, workload, perTurn),
      script: "append.mjs",
      input: { contender, workload, perTurn, warmUpMs, forMs },
    })),
  );
}

function cells(): (readonly [Workload, number])[] {
  return WORKLOADS.flatMap((workload) => EVENTS_PER_TURN.map((perTurn) => [workload, perTurn] as const));
}

function blocks(results: Results): string[] {
  const skipped = new Set(
    [...results.skipped].map(([name, reason]) => `skipped: ${name.split(": ")[1]}: ${reason}`),
  );
  return [...cells().map(([workload, perTurn]) => tableOf(results, workload, perTurn)), ...skipped].filter(
    (block) => block !== "",
  );
}

function tableOf(results: Results, workload: Workload, perTurn: number): string {
  const base = jobName(BASE, workload, perTurn);
  const rows = CONTENDERS.map((contender) => ({ contender, name: jobName(contender, workload, perTurn) }))
    .filter(({ name }) => results.has(name))
    .map(({ contender, name }) => [
      contender,
      formatNumber(results.median(name, "eventsPerSecond")),
      formatRatio(results.ratio(name, base, "eventsPerSecond")),
      formatNumber(results.median(name, "cpuUs"), 2),
      formatNumber(results.median(name, "callP50Ns")),
      formatNumber(results.median(name, "callP999Ns")),
      formatNumber(results.median(name, "peakRssMb")),
    ]);
  if (rows.length === 0) return "";
  const head = ["", "events/s", `× ${BASE}`, "CPU µs/event", "call p50 ns", "call p99.9 ns", "peak RSS MB"];
  return `**\`${workload}\`, ${perTurn} a turn**\n\n${markdownTable(head, rows)}`;
}

/** What the design asks of the same path without redaction and leaves (row 1), and as shipped (row 2). */
function checks(results: Results): Check[] {
  return cells().flatMap(([workload, perTurn]) => {
    const cell = `${workload}, ${perTurn} a turn`;
    const of = (contender: string): string => jobName(contender, workload, perTurn);
    const speed = (contender: string, base: string): ReturnType<Results["ratio"]> =>
      results.ratio(of(contender), of(base), "eventsPerSecond");
    const call = (figure: string): ReturnType<Results["ratio"]> => results.ratio(of(PLAIN), of(BASE), figure);
    const best = bestLogger(results, of);
    const timesPino = perTurn === 100 ? 3 : perTurn === 10 ? 1.9 : 1.2;
    const isFull = perTurn === 100;
    return [
      ...atLeast(1, `${cell}: bare ÷ ${BASE}`, speed(PLAIN, BASE), timesPino),
      ...(isFull ? atLeast(1, `${cell}: bare ÷ best logger (${best})`, speed(PLAIN, best), 1.6) : []),
      ...(isFull ? atMost(1, `${cell}: caller's p50 ÷ ${BASE}`, call("callP50Ns"), 0.4) : []),
      ...(isFull ? atMost(1, `${cell}: caller's p99.9 ÷ ${BASE}`, call("callP999Ns"), 0.5) : []),
      ...(isFull ? atLeast(2, `${cell}: as shipped ÷ ${BASE}`, speed(SHIPPED, BASE), 1.7) : []),
      ...atLeast(2, `${cell}: as shipped ÷ best logger (${best})`, speed(SHIPPED, best), 1),
    ];
  });
}

function bestLogger(results: Results, nameOf: (contender: string) => string): string {
  const speedOf = (logger: string): number => results.median(nameOf(logger), "eventsPerSecond");
  const measured = LOGGERS.filter((logger) => results.has(nameOf(logger)));
  return measured.toSorted((a, b) => speedOf(b) - speedOf(a))[0] ?? BASE;
}
