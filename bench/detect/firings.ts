// How often each rule fires on real sessions: the table in docs/detection.md.
//
//   npx tsx bench/detect/firings.ts            the table
//   npx tsx bench/detect/firings.ts --list     every firing, to be looked at
//   npx tsx bench/detect/firings.ts --derive   thresholds as half A alone gives them, beside the defaults
//
// Sessions are split in two halves by a hash of their id. Thresholds follow from half A by rule, so nobody's knowledge
// of B is in them; B is what they are judged by.

import { hashTexts } from "../../src/base/hash.ts";
import { detectEvents, RULES, standardDetectors } from "../../src/detect/index.ts";
import type { Anomaly, AnomalySeverity, Detector } from "../../src/detect/index.ts";
import { readCorpus } from "./corpus.ts";
import type { CorpusSession } from "./corpus.ts";

const HALVES = ["A", "B"] as const;
type Half = (typeof HALVES)[number];

/**
 * Candidates further that the threshold of a rule is set which stops people (HIGH): half A has fewer calls than would
 * show one false alarm in 2,000.
 */
const MARGIN: Readonly<Record<AnomalySeverity, number>> = { HIGH: 1, MEDIUM: 0, LOW: 0 };

/** Firings per 1,000 tool calls of half A that a threshold may have at most. */
const MOST_FIRINGS: Readonly<Record<AnomalySeverity, number>> = { HIGH: 1, MEDIUM: 2, LOW: 3 };

/** Thresholds to choose from, the most sensitive first. Sentinel's own are not chosen here. */
const CANDIDATES: readonly (readonly [rule: string, option: string, values: readonly number[]])[] = [
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
else if (process.argv.includes("--derive")) printDerived(corpus);
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

/**
 * The first candidate that fires seldom enough on half A, with the margin. Where all of them do, the recordings give no reason to choose,
 * and the default stays what it was set to beforehand.
 */
function printDerived(sessions: readonly CorpusSession[]): void {
  const half = sessions.filter((session) => halfOf(session) === "A");
  const calls = half.reduce((sum, session) => sum + callsIn(session), 0);
  for (const [id, option, values] of CANDIDATES) {
    const rule = RULES.find((each) => each.id === id);
    const severity = rule?.severity ?? "LOW";
    const most = (MOST_FIRINGS[severity] * calls) / 1000;
    const others = RULES.filter((each) => each.id !== id).map((each) => [each.id, false] as const);
    const firings = values.map((value) => {
      const options = { ...Object.fromEntries(others), [id]: { [option]: value } };
      return half.reduce((sum, each) => sum + anomaliesIn(each, standardDetectors(options)).length, 0);
    });
    const isTold = firings.some((count) => count > most);
    // Behind the last one that fires too often: a higher threshold may fire more often than a lower one.
    const first = firings.findLastIndex((count) => count > most) + 1;
    const derived = isTold ? values[first + MARGIN[severity]] : undefined;
    const preset = rule?.options[option]?.default;
    const verdict = derived === undefined ? "as set beforehand" : derived === preset ? "derived" : "DIFFERS";
    const counts = values.map((value, at) => `${value}: ${firings[at]}`).join(", ");
    console.log(
      `${id} ${option}  ${counts}; at most ${most.toFixed(1)}: ${derived ?? "any"}; default ${preset}, ${verdict}`,
    );
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
