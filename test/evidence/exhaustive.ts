// Everything that can be done to one small session and to what vouches for it, judged by the whole of verifyStore.

import * as fs from "node:fs";
import path from "node:path";

import { verifyStore } from "../../src/integrity/index.ts";
import { evidenceFiles } from "../../src/store/layout.ts";
import { cutAt, flipBit, judgeMutant, sampleStore, structuralMutants } from "./mutants.ts";
import { FINE, Tally } from "./suite.ts";
import type { Suite } from "./suite.ts";

export const exhaustive: Suite = {
  name: "exhaustive",
  about:
    "every bit flipped, every cut, every swap, deletion, duplicate, insertion and splice of lines, in a session of 100 lines",
  run: (folder, share, complain) => {
    const store = sampleStore(folder, 100);
    const log = fs.readFileSync(store.log);
    const other = fs.readFileSync(otherLog(store.dir, store.log));
    const tally = new Tally(complain);
    const step = Math.ceil(1 / share);
    for (let bit = 0; bit < log.length * 8; bit += step) tally.add(judgeMutant(store, flipBit(log, bit)));
    for (let at = 0; at < log.length; at += step) tally.add(judgeMutant(store, cutAt(log, at)));
    for (const mutant of structuralMutants(log, other)) tally.add(judgeMutant(store, mutant));
    return tally;
  },
};

export const sealsAndLedger: Suite = {
  name: "seals and ledger",
  about:
    "every bit flipped, and every cut, in the ledger, its seal and the session's seal; the same in the leaves, which are no evidence and raise no alarm",
  run: (folder, share, complain) => {
    const store = sampleStore(folder, 8);
    const tally = new Tally(complain);
    const ledger = path.join(store.dir, "ledger.jsonl");
    const step = Math.ceil(1 / share);
    const evidence = [ledger, evidenceFiles(ledger).seal, evidenceFiles(store.log).seal];
    for (const file of [...evidence, evidenceFiles(store.log).leaves]) {
      const good = fs.readFileSync(file);
      const isEvidence = evidence.includes(file);
      const judge = (about: string, bytes: Buffer): void => {
        fs.writeFileSync(file, bytes);
        const { verdict } = verifyStore(store.dir, { env: store.env });
        const isFound = !FINE.has(verdict);
        tally.add(isFound === isEvidence ? undefined : `${path.basename(file)}, ${about}: ${verdict}`);
      };
      for (let bit = 0; bit < good.length * 8; bit += step) judge(`bit ${bit}`, flipBit(good, bit).bytes);
      // An empty seal is what a power loss leaves of one; then the ledger's word counts.
      for (let at = 1; at < good.length; at += step) judge(`cut at ${at}`, good.subarray(0, at));
      fs.writeFileSync(file, good);
    }
    return tally;
  },
};

// --- internal ---

function otherLog(dir: string, log: string): string {
  const name = fs
    .readdirSync(dir)
    .find((each) => /^session.*\.jsonl$/.test(each) && each !== path.basename(log));
  return path.join(dir, name ?? "");
}
