// Ours and the verifiers that share no code with it, asked about the same logs and seals, good and bad.

import * as fs from "node:fs";
import path from "node:path";

import { verifyLog } from "../../src/integrity/index.ts";
import { evidenceFiles } from "../../src/store/layout.ts";
import { flipBit, linesOf } from "./mutants.ts";
import { seededRandom } from "./random.ts";
import { importRecordings } from "./recordings.ts";
import type { Recording } from "./recordings.ts";
import { FINE, Tally } from "./suite.ts";
import type { Suite } from "./suite.ts";
import { independentVerifiers } from "./verifiers.ts";

/** So many logs for one process. */
const BATCH = 500;
/** Of recordings no longer than this: the one in shell takes some 2 ms a line. */
const MAX_LINES = 12;

export const agreement: Suite = {
  name: "independent verifiers",
  about:
    "logs and seals, good and bad (flips, cuts, lines swapped, deleted, repeated, put in, lines behind the seal, seals of others), on which ours and each verifier of `verifiers/` agree",
  run: (folder, share, complain) => {
    const store = importRecordings(folder);
    const verifiers = independentVerifiers(path.join(folder, "verifiers"));
    if (store === undefined || verifiers.length === 0) return undefined;
    const tally = new Tally(complain);
    const short = store.recordings.filter(({ lines }) => lines.length <= MAX_LINES);
    const random = seededRandom(7);
    let good = 0;
    for (let done = 0; done < 20_000 * share; done += BATCH) {
      const logs = Array.from({ length: BATCH }, (_, at) => plant(folder, at, short, random));
      const ours = logs.map((log) => FINE.has(verifyLog([log], store.key).verdict));
      good += ours.filter(Boolean).length;
      const theirs = verifiers.map(({ name, checkAll }) => ({ name, answers: checkAll(store.key, logs) }));
      for (const [at, log] of logs.entries()) {
        const others = theirs.filter(({ answers }) => answers[at] !== ours[at]).map(({ name }) => name);
        if (others.length > 0) {
          const kept = path.join(folder, `disagreement-${done + at}`);
          for (const suffix of [".jsonl", ".seal"])
            fs.copyFileSync(log.replace(".jsonl", suffix), kept + suffix);
        }
        tally.add(
          others.length === 0
            ? undefined
            : `${path.basename(log)} of batch ${done / BATCH}: ours says ${ours[at]}, not so ${others.join(", ")}`,
        );
      }
    }
    tally.note = `${verifiers.map(({ name }) => name).join(", ")}; ${good.toLocaleString("en")} of them hold`;
    return tally;
  },
};

// --- internal ---

/** Writes a log with its seal, mostly a bad one, and returns its path. */
function plant(
  folder: string,
  at: number,
  recordings: readonly Recording[],
  random: (end: number) => number,
): string {
  const pick = (): Recording => recordings[random(recordings.length)] as Recording;
  const [recording, other] = [pick(), pick()];
  const file = path.join(folder, "samples", `m${at}.jsonl`);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const seal = fs.readFileSync(evidenceFiles(recording.file).seal);
  const { log, note } = change(recording, other, seal, random);
  fs.writeFileSync(file, log);
  fs.writeFileSync(evidenceFiles(file).seal, note);
  return file;
}

function change(
  { bytes, lines }: Recording,
  other: Recording,
  seal: Buffer,
  random: (end: number) => number,
): { log: Buffer; note: Buffer } {
  // Not the last: repeated, it would stand behind the seal, where ours alone looks.
  const at = random(lines.length - 1);
  const line = lines[at] ?? bytes;
  const to = (changed: Buffer[]): { log: Buffer; note: Buffer } => ({
    log: Buffer.concat(changed),
    note: seal,
  });
  switch (random(12)) {
    case 0:
      return { log: bytes, note: seal };
    case 1:
      return { log: Buffer.concat([bytes, unsealedLine(lines)]), note: seal };
    case 2:
      return to(lines.toSpliced(at, 1));
    case 3:
      return to(lines.toSpliced(at, 0, line));
    case 4:
      return to(lines.with(at, linesOf(other.bytes)[random(other.lines.length)] ?? line));
    case 5:
      return to(lines.toReversed());
    case 6:
      return { log: bytes.subarray(0, random(bytes.length)), note: seal };
    case 7:
      return { log: bytes, note: fs.readFileSync(evidenceFiles(other.file).seal) };
    case 8:
      return { log: bytes, note: seal.subarray(0, random(seal.length)) };
    case 9:
    case 10:
      return { log: bytes, note: flipBit(seal, random(seal.length * 8)).bytes };
    default:
      return { log: flipBit(bytes, random(bytes.length * 8)).bytes, note: seal };
  }
}

/** A line as the writer would go on: behind the seal, it contradicts nothing. */
function unsealedLine(lines: readonly Buffer[]): Buffer {
  const last = lines.at(-1)?.toString() ?? "";
  return Buffer.from(last.replace(/"seq":\d+/, `"seq":${lines.length}`));
}
