// 64 sessions of one process, all waiting for the disk: does anyone wait longer than the others?

import { runRounds } from "./rounds.ts";
import type { Results } from "./rounds.ts";
import { atMost, formatNumber, markdownTable } from "./section.ts";
import type { Plan, Section } from "./section.ts";
import { slowSync } from "./slow-sync.ts";

const SESSIONS = 64;
const DELAY_MS = 1;
const NAME = "sessions";

export async function measureSessions({ quick, rounds, only = "" }: Plan): Promise<Section> {
  const title = `${SESSIONS} sessions in one process, durability \`fsync\`, +${DELAY_MS} ms a flush`;
  const env = slowSync(DELAY_MS);
  if (!NAME.includes(only)) return { title, blocks: [], checks: [] };
  if (env === undefined) return { title, blocks: ["skipped: there is no C compiler here (cc)"], checks: [] };
  const input = { sessions: SESSIONS, forMs: quick ? 800 : 2000 };
  const results = await runRounds([{ name: NAME, script: "sessions.mjs", input, env }], rounds);
  return {
    title,
    blocks: [table(results)],
    checks: [
      ...atMost(
        5,
        "worst session's p99 ÷ median session's",
        results.quotient(NAME, "worstP99Ns", "medianP99Ns"),
        2,
      ),
      ...atMost(
        5,
        "unrelated stat's p99 ÷ idle",
        results.quotient(NAME, "loadedStatP99Ns", "idleStatP99Ns"),
        2,
      ),
    ],
  };
}

// --- internal ---

function table(results: Results): string {
  const us = (figure: string): string => formatNumber(results.median(NAME, figure) / 1000);
  return markdownTable(
    ["", "figure"],
    [
      ["events/s, all sessions", formatNumber(results.median(NAME, "eventsPerSecond"))],
      ["p99 of the median session, µs", us("medianP99Ns")],
      ["p99 of the worst session, µs", us("worstP99Ns")],
      ["p99 of an unrelated `stat`, idle, µs", us("idleStatP99Ns")],
      ["p99 of an unrelated `stat`, meanwhile, µs", us("loadedStatP99Ns")],
    ],
  );
}
