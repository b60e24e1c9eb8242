// What all rules together cost an event, and that they do not keep what goes by.
//
//   npx tsx bench/detect.ts                cost on events like real ones (350 bytes) and on real sessions; a few seconds
//   npx tsx bench/detect.ts --long [n]     n million events (default 10) of one session: cost, and memory as it goes
//
// Targets: under 3 µs an event with all rules; memory that does not grow with the session.

import { standardDetectors } from "../src/detect/index.ts";
import type { Event } from "../src/event/index.ts";
import type { Detector } from "../src/detect/index.ts";
import { analyzeEvent } from "../src/summary/index.ts";
import { readCorpus } from "./detect/corpus.ts";

const ROUNDS = 7;
/** As the ten kinds of events of a coding agent come: calls, results, answers of a model, messages. */
const EVENTS = 200_000;
const START_MS: number = Date.parse("2026-01-06T22:00:00.000Z");

const long = process.argv.indexOf("--long");
if (long >= 0) runLong(Number(process.argv[long + 1] ?? 10) * 1e6);
else {
  measure(
    "events of 350 bytes",
    Array.from({ length: EVENTS }, (_, index) => eventAt(index)),
  );
  const corpus = await readCorpus();
  if (corpus === undefined) console.log("real sessions: skipped, none at ../shared/realdata");
  else
    measure(
      "real sessions",
      corpus.flatMap(({ events }) => events),
    );
}

// --- internal ---

function measure(name: string, events: readonly Event[]): void {
  const bytes = events.reduce((sum, event) => sum + JSON.stringify(event).length, 0) / events.length;
  const costs = Array.from({ length: ROUNDS }, () => {
    const detectors = standardDetectors({ BUDGET_PASSED: { sessionUsd: 1e6, hourUsd: 1e6 } });
    // Processor time: others may be using the machine.
    const before = process.cpuUsage();
    // The rules tell a new event by its identity, so the same ones may be given again.
    for (const event of events) analyze(detectors, event);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / events.length;
  });
  const median = costs.toSorted((left, right) => left - right)[(ROUNDS - 1) / 2] ?? NaN;
  const verdict = median < 3 ? "met" : "MISSED";
  console.log(
    `${name}: ${median.toFixed(2)} µs of processor time an event (median of ${ROUNDS}, ${events.length} events of ${bytes.toFixed(0)} bytes); ` +
      `under 3 µs: ${verdict}`,
  );
}

function runLong(count: number): void {
  const detectors = standardDetectors({ BUDGET_PASSED: { sessionUsd: 1e9, hourUsd: 1e9 } });
  const before = process.cpuUsage();
  let found = 0;
  for (let index = 0; index < count; index++) {
    found += analyze(detectors, eventAt(index));
    if ((index + 1) % (count / 10) !== 0) continue;
    global.gc?.();
    const megabytes = process.memoryUsage().heapUsed / 1e6;
    const cost = process.cpuUsage(before).user / (index + 1);
    console.log(
      `${((index + 1) / 1e6).toFixed(1)} M events: heap ${megabytes.toFixed(1)} MB, ` +
        `${cost.toFixed(2)} µs an event, making it included, ${found} anomalies`,
    );
  }
}

function analyze(detectors: readonly Detector[], event: Event): number {
  let found = 0;
  analyzeEvent(
    detectors,
    event,
    () => found++,
    ({ error }) => {
      throw error;
    },
  );
  return found;
}

/** Calls and results, some of which fail, some of which are missing; answers of a model; messages. */
function eventAt(index: number): Event {
  const round = Math.floor(index / 5);
  const base = {
    timestamp: new Date(START_MS + index * 2000).toISOString(),
    severity: "INFO" as const,
    seq: index,
    id: `019b9f2e-6f10-7c3a-9a52-${String(index).padStart(12, "0")}`,
    session_id: "019b9f2e-6f10-7c3a-9a52-0c6d2f9e8b41",
    agent_id: "claude-code",
    salt: "q83vEjRWeJCrze8S",
  };
  const callId = `toolu_${round}`;
  switch (index % 5) {
    case 0:
      return {
        event: "MODEL_RESPONSE",
        ...base,
        model: "m",
        input_tokens: 900,
        output_tokens: 120,
        cost_usd: 0.01,
      };
    case 1:
      return {
        event: "TOOL_CALL",
        ...base,
        call_id: callId,
        tool: "bash",
        args: { command: `npm run step-${round}` },
      };
    case 2:
      if (round % 50 === 0)
        return { event: "REASONING", ...base, message: "That should have worked by now." };
      return {
        event: "TOOL_RESULT",
        ...base,
        call_id: callId,
        status: round % 9 === 0 ? "error" : "ok",
        result: {
          exit_code: 0,
          output: `step ${round} is done: 12 files were checked, none had to be changed`,
        },
      };
    case 3:
      return {
        event: "AGENT_MESSAGE",
        ...base,
        message: `Step ${round} went well; on to the next one, then.`,
      };
    default:
      if (round % 10 > 0) return { event: "STREAM", ...base, message: `and so on, says step ${round}` };
      return {
        event: "DELEGATE",
        ...base,
        call_id: `task_${round}`,
        task: `look after part ${round} of the work`,
      };
  }
}
