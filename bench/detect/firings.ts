// How often each rule fires on real sessions: the table in docs/detection.md.
//
//   npx tsx bench/detect/firings.ts            the table
//   npx tsx bench/detect/firings.ts --list     every firing, to be looked at
//   npx tsx bench/detect/firings.ts --sweep    firings on half A at other thresholds
//
// Sessions are split in two halves by a hash of their id. Thresholds were set on half A alone; B is what they are
// judged by.

import { hashTexts } from "../../src/base/hash.ts";
import { detectEvents, RULES, standardDetectors } from "../../src/detect/index.ts";
import type { Anomaly, Detector } from "../../src/detect/index.ts";
import { readCorpus } from "./corpus.ts";
import type { CorpusSession } from "./corpus.ts";

const HALVES = ["A", "B"] as const;
type Half = (typeof HALVES)[number];

/** Thresholds that were tried. */
const SWEEP: readonly (readonly [rule: string, option: string, values: readonly number[]])[] = [
  ["RETRY_STORM", "retries", [3, 4, 5]],
  ["LOOP", "similarity", [0.7, 0.85]],
  ["TOOL_STORM", "calls", [8, 10, 15, 20, 30]],
  ["REPEATED_CALL", "calls", [2, 3, 4, 5]],
  ["ALTERNATION", "rounds", [2, 3, 4]],
  ["NO_PROGRESS", "calls", [3, 4, 5, 8]],
  ["ERROR_STREAK", "errors", [2, 3, 4, 5]],
  ["DENIAL_BURST", "denials", [2, 3, 5]],
  ["CALL_WITHOUT_RESULT", "results", [1, 5, 10, 25]],
  ["SILENT_CALL", "silenceMs", [120_000, 300_000, 600_000, 1_800_000]],
  ["SPEND_SPIKE", "factor", [1.5, 2, 3, 5]],
];

const corpus = await readCorpus();
if (corpus === undefined) console.log("skipped: no recordings at ../shared/realdata");
else if (process.argv.includes("--sweep")) printSweep(corpus);
else printFirings(corpus);

// --- internal ---

function printFirings(sessions: readonly CorpusSession[]): void {
  const halves = { A: newCounts(), B: newCounts() };
  const sources = new Map<string, number>();
  for (const session of sessions) {
    const half = halves[halfOf(session)];
    half.sessions++;
    half.calls += callsIn(session);
    sources.set(session.source, (sources.get(session.source) ?? 0) + callsIn(session));
    for (const { rule, severity, message, trigger } of anomaliesIn(session, standardDetectors())) {
      half.firings.set(rule, (half.firings.get(rule) ?? 0) + 1);
      if (!process.argv.includes("--list")) continue;
      const seq = session.events.findIndex(({ id }) => id === trigger);
      const place = `${session.source} ${session.id.slice(-40)}:${seq}`;
      console.log(`${halfOf(session)} ${severity.padEnd(6)} ${place} ${rule}: ${message}`);
    }
  }
  console.log(`tool calls: ${[...sources].map(([source, count]) => `${source} ${count}`).join(", ")}`);
  for (const name of HALVES) {
    console.log(`half ${name}: ${halves[name].sessions} sessions, ${halves[name].calls} tool calls`);
  }
  console.log("\n| rule | severity | A: firings | A: per 1,000 | B: firings | B: per 1,000 |");
  console.log("| - | - | -: | -: | -: | -: |");
  for (const { id, severity } of RULES) {
    const cells = HALVES.map((name) => {
      const count = halves[name].firings.get(id) ?? 0;
      return `${count} | ${((1000 * count) / halves[name].calls).toFixed(2)}`;
    });
    console.log(`| ${id} | ${severity} | ${cells.join(" | ")} |`);
  }
}

function printSweep(sessions: readonly CorpusSession[]): void {
  const half = sessions.filter((session) => halfOf(session) === "A");
  for (const [rule, option, values] of SWEEP) {
    const counts = values.map((value) => {
      const others = RULES.filter(({ id }) => id !== rule).map(({ id }) => [id, false] as const);
      const options = { ...Object.fromEntries(others), [rule]: { [option]: value } };
      const count = half.reduce(
        (sum, session) => sum + anomaliesIn(session, standardDetectors(options)).length,
        0,
      );
      return `${value}: ${count}`;
    });
    console.log(`${rule} ${option}  ${counts.join(", ")}`);
  }
}

function anomaliesIn({ events }: CorpusSession, detectors: readonly Detector[]): Anomaly[] {
  const onFailure = ({ error }: { error: unknown }): never => {
    throw error;
  };
  return [...detectEvents(events, { detectors, onFailure })];
}

function newCounts(): { sessions: number; calls: number; firings: Map<string, number> } {
  return { sessions: 0, calls: 0, firings: new Map() };
}

function halfOf({ id }: CorpusSession): Half {
  return parseInt(hashTexts(id).slice(-1), 16) % 2 === 0 ? "A" : "B";
}

function callsIn({ events }: CorpusSession): number {
  return events.filter(({ event }) => event === "TOOL_CALL").length;
}
