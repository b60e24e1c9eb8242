// The long counts of what verify finds, and their table in docs/integrity.md.
//
//   npm run torture:evidence                       everything; some hours of processor time
//   npm run torture:evidence -- --share 0.01       a hundredth of the counts
//   npm run torture:evidence -- --only flips       suites whose name holds the text; may be given several times
//   npm run torture:evidence -- --write            puts the counts of these suites into the table

import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";

import { SUITES } from "./suites.ts";
import { writeRow } from "./table.ts";

const { values } = parseArgs({
  options: {
    share: { type: "string", default: "1" },
    only: { type: "string", multiple: true },
    write: { type: "boolean" },
  },
});
// Each mutant is a file that is read back at once: in memory where there is such a place.
const scratch = fs.existsSync("/dev/shm") ? "/dev/shm" : os.tmpdir();
const folder = fs.mkdtempSync(path.join(scratch, "tracekeep-evidence-"));
process.env["XDG_STATE_HOME"] = path.join(folder, "state");
process.env["TMPDIR"] = folder;
for (const suite of SUITES) {
  if (values.only !== undefined && !values.only.some((text) => suite.name.includes(text))) continue;
  const beginMs = performance.now();
  const own = fs.mkdtempSync(path.join(folder, "suite-"));
  const outcome = await suite.run(own, Number(values.share), (what) => console.log(`  ${what}`));
  const seconds = Math.round((performance.now() - beginMs) / 1_000);
  if (outcome === undefined) {
    console.log(`skipped ${suite.name}: what it needs is not here`);
    continue;
  }
  const { samples, wrong, note = "" } = outcome;
  console.log(`${suite.name}: ${samples} samples, ${wrong} wrong ${note} (${seconds} s)`);
  if (values.write === true) writeRow(suite, outcome);
  // What went wrong is kept to be looked at.
  if (wrong === 0) fs.rmSync(own, { recursive: true });
  else process.exitCode = 1;
}
if (process.exitCode === undefined) fs.rmSync(folder, { recursive: true });
else console.log(`kept in ${folder}`);
