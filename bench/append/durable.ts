// Waiting until the medium has an event, on the disk as it is and on ones whose flushes take 1 and 5 ms longer.

import { runRounds } from "./rounds.ts";
import type { Job, Results } from "./rounds.ts";
import { atLeast, atMost, formatNumber, formatRatio, markdownTable } from "./section.ts";
import type { Check, Plan, Section } from "./section.ts";
import { slowSync } from "./slow-sync.ts";

const OURS = "tracekeep";
const SQLITE = "SQLite FULL, one a transaction";
const SQLITE_GROUPED = "SQLite FULL, group commit";
const EACH = "write + fdatasync each";
const CONTENDERS = [OURS, SQLITE, SQLITE_GROUPED, EACH] as const;
/** Of the slower disks, and of many producers, what no target compares with. */
const IN_NO_TARGET = /\+[15] ms: SQLite FULL, group| (?:64|512) producers, .*: write/;
const PRODUCERS = [1, 64, 512] as const;
const DELAYS_MS = [0, 1, 5] as const;

export async function measureDurable({ quick, targets, rounds, only = "" }: Plan): Promise<Section> {
  const title = "Appending, durability `fsync`";
  const wanted = jobs(quick ? 100 : 1_000, quick ? 150 : 400).filter(
    ({ name }) => name.includes(only) && !(targets && IN_NO_TARGET.test(name)),
  );
  const results = await runRounds(wanted, rounds);
  const tables = DELAYS_MS.map((delayMs) => tableOf(results, delayMs));
  const skipped =
    slowSync(0) === undefined ? ["skipped: slower flushes, there is no C compiler here (cc)"] : [];
  return { title, blocks: [...tables, ...skipped].filter((block) => block !== ""), checks: checks(results) };
}

// --- internal ---

function jobName(contender: string, producers: number, delayMs: number): string {
  return `durable, ${producers} producers, +${delayMs} ms: ${contender}`;
}

/** One producer brings few events a second, and code that has run a thousand times is not what runs in the end. */
function jobs(warmUpMs: number, forMs: number): Job[] {
  return DELAYS_MS.flatMap((delayMs) => {
    const env = delayMs === 0 ? {} : slowSync(delayMs);
    if (env === undefined) return [];
    return PRODUCERS.flatMap((producers) =>
      CONTENDERS.map((contender) => ({
        name: jobName(contender, producers, delayMs),
        script: "durable.mjs",
        input: { contender, producers, warmUpMs, forMs },
        env,
      })),
    );
  });
}

function tableOf(results: Results, delayMs: number): string {
  const rows = PRODUCERS.flatMap((producers) =>
    CONTENDERS.map((contender) => ({ contender, producers, name: jobName(contender, producers, delayMs) })),
  )
    .filter(({ name }) => results.has(name))
    .map(({ contender, producers, name }) => [
      contender,
      String(producers),
      formatNumber(results.median(name, "eventsPerSecond")),
      formatRatio(results.ratio(name, jobName(SQLITE, producers, delayMs), "eventsPerSecond")),
      formatNumber(results.median(name, "p50Ns") / 1000),
      formatNumber(results.median(name, "p99Ns") / 1000),
      formatNumber(results.median(name, "cpuUs"), 1),
      formatNumber(results.median(name, "peakRssMb")),
    ]);
  if (rows.length === 0) return "";
  const head = [
    "",
    "producers",
    "events/s",
    `× ${SQLITE}`,
    "p50 µs",
    "p99 µs",
    "CPU µs/event",
    "peak RSS MB",
  ];
  return `**${delayMs === 0 ? "The disk as it is" : `+${delayMs} ms a flush`}**\n\n${markdownTable(head, rows)}`;
}

function checks(results: Results): Check[] {
  return DELAYS_MS.flatMap((delayMs) => {
    const disk = delayMs === 0 ? "disk as it is" : `+${delayMs} ms`;
    const ratio = (
      producers: number,
      base: string,
      figure = "eventsPerSecond",
    ): ReturnType<Results["ratio"]> =>
      results.ratio(jobName(OURS, producers, delayMs), jobName(base, producers, delayMs), figure);
    // A slower flush makes a group worth more, so the ratio that is asked for at 64 grows with it.
    const times64 = delayMs === 0 ? 15 : 45;
    return [
      ...atLeast(3, `64 producers, ${disk}: ÷ ${SQLITE}`, ratio(64, SQLITE), times64),
      ...atLeast(3, `512 producers, ${disk}: ÷ ${SQLITE}`, ratio(512, SQLITE), 35),
      ...(delayMs === 0
        ? [64, 512].flatMap((producers) =>
            atMost(
              3,
              `${producers} producers: p99 ÷ ${SQLITE_GROUPED}`,
              ratio(producers, SQLITE_GROUPED, "p99Ns"),
              0.5,
            ),
          )
        : []),
      ...atLeast(4, `1 producer, ${disk}: ÷ ${EACH}`, ratio(1, EACH), 0.9),
    ];
  });
}
