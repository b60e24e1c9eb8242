// Runs the torture suites and writes what they came to into docs/reliability.md.
//
//   npm run torture                      everything, with the long counts (about an hour on two cores)
//   npm run torture -- --quick           the short counts
//   npm run torture -- --only disks      suites whose name holds the text; may be given several times
//   npm run torture -- --write           puts them into the table; rows of other suites stay

import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";

import { SUITES } from "./suites.ts";
import type { Suite } from "./suite.ts";
import { runSuite } from "./run-suite.ts";
import { writeTable } from "./table.ts";
import type { Row } from "./table.ts";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean" },
    only: { type: "string", multiple: true },
    write: { type: "boolean" },
  },
});
const chosen = SUITES.filter(isChosen);
if (chosen.length === 0)
  throw new Error(`no suite is called so; there are: ${SUITES.map(({ name }) => name).join(", ")}`);
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-torture-"));
const rows: Row[] = [];
for (const suite of chosen) {
  const row = await runSuite(suite, values.quick === true ? "quick" : "long", scratch);
  rows.push(row);
  console.log(
    row.missing === undefined
      ? `${row.tally.isClean ? "ok  " : "FAIL"} ${suite.name}: ${row.tally.accidents} accidents, ${row.tally.acknowledged} acknowledged, ${row.tally.lost} lost, ${row.tally.invalidLines} invalid lines, ${row.tally.seqFaults} seq, ${row.tally.doubled} doubled, ${row.tally.wrong} otherwise wrong (${Math.round(row.seconds)} s)`
      : `skip ${suite.name}: ${row.missing}`,
  );
  for (const example of row.tally.examples) console.log(`       ${example}`);
  // After each, so that a run that is cut short leaves what it has done.
  if (values.write === true) writeTable(rows, SUITES);
}
fs.rmSync(scratch, { recursive: true });
process.exitCode = rows.every(({ tally }) => tally.isClean) ? 0 : 1;

function isChosen({ name }: Suite): boolean {
  return values.only === undefined || values.only.some((text) => name.includes(text));
}
