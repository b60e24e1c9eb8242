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

/** Writes these rows. Those of suites that were not run now stay as they are. */
export function writeTable(rows: readonly Row[], suites: readonly Suite[]): void {
  const page = fs.readFileSync(PAGE, "utf8");
  const [before = "", rest = ""] = page.split(BEGIN);
  const [table = "", after = ""] = rest.split(END);
  const lines = suites.map(({ name }) => {
    const row = rows.find(({ suite }) => suite.name === name);
    return row === undefined ? table.split("\n").find((line) => firstCell(line) === name) : lineOf(row);
  });
  fs.writeFileSync(PAGE, `${before}${BEGIN}\n\n${tableOf(lines)}\n${END}${after}`);
}

// --- internal ---

function firstCell(line: string): string | undefined {
  return line.split("|")[1]?.trim();
}

function lineOf({ suite, tally, missing }: Row): string {
  return missing === undefined
    ? `| ${suite.name} | ${suite.about} | ${count(tally.accidents)} | ${count(tally.acknowledged)} | ${tally.lost} | ${tally.invalidLines} | ${tally.seqFaults} | ${tally.doubled + tally.wrong} |`
    : `| ${suite.name} | ${suite.about} | not here: ${missing} | | | | | |`;
}

function tableOf(lines: readonly (string | undefined)[]): string {
  return [
    "| accident | what is done | accidents | acknowledged events | lost | invalid lines | `seq` faults | otherwise wrong |",
    "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ...lines.filter((line) => line !== undefined),
    "",
  ].join("\n");
}

function count(value: number): string {
  return value.toLocaleString("en");
}
