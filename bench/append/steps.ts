// Where an event's time goes: each step of an append by itself. It tells which targets are within reach at all.

import { runRounds } from "./rounds.ts";
import type { Results } from "./rounds.ts";
import { formatNumber, markdownTable } from "./section.ts";
import type { Plan, Section } from "./section.ts";

const NAME = "steps";
const WORKLOADS = ["small", "mix"] as const;

export async function measureSteps({ rounds, only = "" }: Plan): Promise<Section> {
  const title = "Where an event's time goes";
  if (!NAME.includes(only)) return { title, blocks: [], checks: [] };
  const jobs = WORKLOADS.map((workload) => ({
    name: jobName(workload),
    script: "steps.mjs",
    input: { workload },
  }));
  const results = await runRounds(jobs, rounds);
  return { title, blocks: [ABOUT, table(results)], checks: [] };
}

// --- internal ---

const ABOUT =
  "Processor time in ns for each event, every step measured alone and in a loop; what they leave to the garbage " +
  "collector, and the turns of the event loop, come on top. The first two are all that `JSON.stringify` and one " +
  "`writeSync` for each line would do.";

function jobName(workload: string): string {
  return `${NAME}, ${workload}`;
}

function table(results: Results): string {
  const step = (what: string, ns: (workload: string) => number): string[] => [
    what,
    ...WORKLOADS.map((workload) => formatNumber(ns(workload))),
  ];
  const of =
    (figure: string) =>
    (workload: string): number =>
      results.median(jobName(workload), figure);
  return markdownTable(
    ["step", ...WORKLOADS],
    [
      step("`JSON.stringify` of the draft", of("stringifyNs")),
      step("one `writeSync` for each line", of("writeEachNs")),
      step("… or one for 100 lines", of("write100Ns")),
      step("instead of it: the whole line into the buffer, characters made safe", of("lineNs")),
      step("time, id, salt, severity", of("envelopeNs")),
      step("are all values plain", of("plainNs")),
      step("figures of the session", of("figuresNs")),
      step("as shipped: search for secrets", of("secretsNs")),
      step("as shipped: SHA-256 of the line, and of one node", of("treeNs")),
    ],
  );
}
