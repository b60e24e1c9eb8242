// The long run behind test/evidence.test.ts: everything that can be done to a session of `--lines` lines, and what each
// independent verifier says of `--samples` of them.
//
//   npm run torture:evidence -- [--lines 100] [--samples 0] [--every 1]
//
// --every  takes one flipped bit in so many; 1 takes all

import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";

import { verifyStore } from "../src/integrity/index.ts";
import {
  cutAt,
  flipBit,
  judgeMutant,
  sampleStore,
  structuralMutants,
  verdictOf,
} from "../test/evidence-mutants.ts";
import type { Mutant } from "../test/evidence-mutants.ts";
import { independentVerifiers } from "../test/independent-verifiers.ts";

const { values } = parseArgs({
  options: {
    lines: { type: "string", default: "100" },
    samples: { type: "string", default: "0" },
    every: { type: "string", default: "1" },
  },
});
const [lines, samples, every] = [Number(values.lines), Number(values.samples), Number(values.every)];
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-torture-"));
const store = sampleStore(folder, lines);
const log = fs.readFileSync(store.log);
const second = fs
  .readdirSync(store.dir)
  .find((name) => /^session.*\.jsonl$/.test(name) && name !== path.basename(store.log));
const other = fs.readFileSync(path.join(store.dir, second ?? ""));

function* mutants(): Generator<Mutant> {
  for (let bit = 0; bit < log.length * 8; bit += every) yield flipBit(log, bit);
  for (let at = 0; at < log.length; at += every) yield cutAt(log, at);
  yield* structuralMutants(log, other);
}

let count = 0;
let wrong = 0;
for (const mutant of mutants()) {
  count++;
  const complaint = judgeMutant(store, mutant);
  if (complaint !== undefined) {
    wrong++;
    console.log(complaint);
  }
  if (count % 10_000 === 0) console.log(`${count} mutants, ${wrong} wrong`);
}
console.log(`${count} mutants of ${lines} lines: ${wrong} with another verdict or line than expected`);

fs.writeFileSync(store.log, log);
const { key = "" } = verifyStore(store.dir, { env: store.env });
let disagreements = 0;
for (const { name, check } of samples === 0 ? [] : independentVerifiers(folder)) {
  const step = Math.max(1, Math.floor((log.length * 8) / samples));
  let asked = 0;
  for (let bit = 0; bit < log.length * 8 && asked < samples; bit += step, asked++) {
    // Every eighth sample is a good one.
    const bytes = asked % 8 === 0 ? log : flipBit(log, bit).bytes;
    fs.writeFileSync(store.log, bytes);
    if (check(key, store.log) === (verdictOf(store)?.verdict === "ok")) continue;
    disagreements++;
    console.log(`${name} disagrees about bit ${bit}`);
  }
  console.log(`${name}: ${asked} samples`);
}
fs.rmSync(folder, { recursive: true });
if (wrong + disagreements > 0) process.exitCode = 1;
