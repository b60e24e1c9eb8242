// The table of docs/reliability.md.

import * as fs from "node:fs";
import path from "node:path";

import type { Suite, Tally } from "./suite.ts";

export interface Row {
  suite: Suite;
  tally: Tally;
  /** Why it could not be done here. */
  missing: string | undefined;
  seconds: number;
}

const PAGE = path.join(import.meta.dirname, "..", "..", "docs", "reliability.md");
const BEGIN = "<!-- torture:begin (written by npm run torture -- --write) -->";
const END = "<!-- torture:end -->";

export function writeTable(rows: readonly Row[]): void {
  const page = fs.readFileSync(PAGE, "utf8");
  const [before = "", rest = ""] = page.split(BEGIN);
  const after = rest.split(END)[1] ?? "";
  fs.writeFileSync(PAGE, `${before}${BEGIN}\n\n${tableOf(rows)}\n${END}${after}`);
}

// --- internal ---

function tableOf(rows: readonly Row[]): string {
  const lines = rows.map(({ suite, tally, missing }) =>
    missing === undefined
      ? `| ${suite.name} | ${suite.about} | ${count(tally.accidents)} | ${count(tally.acknowledged)} | ${tally.lost} | ${tally.invalidLines} | ${tally.seqFaults} | ${tally.doubled + tally.wrong} |`
      : `| ${suite.name} | ${suite.about} | not here: ${missing} | | | | | |`,
  );
  return [
    "| accident | what is done | accidents | acknowledged events | lost | invalid lines | `seq` faults | otherwise wrong |",
    "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ...lines,
    "",
  ].join("\n");
}

function count(value: number): string {
  return value.toLocaleString("en");
}
