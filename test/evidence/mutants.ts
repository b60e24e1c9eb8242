// What can be done to a log by someone who can write to the disk, and what verify has to say about it. Shared by the
// tests, which take a sample, and by the long run (run.ts).

import * as fs from "node:fs";
import path from "node:path";

import { openStore } from "../../src/index.ts";
import { verifyStore } from "../../src/integrity/index.ts";
import type { LogVerdict, Verdict } from "../../src/integrity/index.ts";

export interface Mutant {
  about: string;
  /** The whole log. */
  bytes: Buffer;
  verdict: Verdict;
  /** Counted from 1. */
  line: number | null;
}

export interface SampleStore {
  dir: string;
  env: Record<string, string>;
  /** Path of the log that is tampered with. */
  log: string;
}

/** A store with a session of `count` lines (START and END among them) and another one of the same length. */
export function sampleStore(folder: string, count: number): SampleStore {
  const env = { XDG_STATE_HOME: path.join(folder, "state") };
  const dir = path.join(folder, ".tracekeep");
  const store = openStore({ dir, env, durability: "interval" });
  const logs = ["one", "two"].map((id) => {
    const session = store.startSession({ id, agent: "a" });
    for (let at = 0; at < count - 2; at++) {
      session.log({ event: "CHECKPOINT", message: `step ${at} of ${id}` });
      // An epoch's seals in the ledger, at several sizes.
      if (at === count >> 1) session.flush();
    }
    session.end();
    return session.file;
  });
  store.close();
  return { dir, env, log: logs[0] ?? "" };
}

/** What verify says of the log that is tampered with. */
export function verdictOf({ dir, env, log }: SampleStore): LogVerdict | undefined {
  return verifyStore(dir, { env }).logs.find(({ name }) => name === path.basename(log));
}

export function linesOf(log: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start < log.length;) {
    const end = log.indexOf(0x0a, start) + 1;
    lines.push(log.subarray(start, end));
    start = end;
  }
  return lines;
}

/** The log with one bit turned over. */
export function flipBit(log: Buffer, bit: number): Mutant {
  const bytes = Buffer.from(log);
  bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  const line = log.subarray(0, bit >> 3).filter((byte) => byte === 0x0a).length + 1;
  return { about: `bit ${bit}`, bytes, verdict: "edited", line };
}

/** The log cut off at a byte. */
export function cutAt(log: Buffer, at: number): Mutant {
  const line = log.subarray(0, at).filter((byte) => byte === 0x0a).length + 1;
  return { about: `cut at ${at}`, bytes: log.subarray(0, at), verdict: "truncated", line };
}

/** Every swap, deletion, duplicate and insertion of whole lines, and every line of another session in place of one. */
export function* structuralMutants(log: Buffer, other: Buffer): Generator<Mutant> {
  const lines = linesOf(log);
  const foreign = linesOf(other);
  const mutant = (about: string, to: Buffer[], verdict: Verdict, line: number): Mutant => ({
    about,
    bytes: Buffer.concat(to),
    verdict,
    line,
  });
  for (const [at, line] of lines.entries()) {
    for (let next = at + 1; next < lines.length; next++) {
      const swapped = lines.with(at, lines[next] ?? line).with(next, line);
      yield mutant(`swap ${at} and ${next}`, swapped, "reordered", at + 1);
    }
    const last = at === lines.length - 1;
    yield mutant(`delete ${at}`, lines.toSpliced(at, 1), last ? "truncated" : "edited", at + 1);
    // A copy of the last line stands behind what is sealed, where it repeats a number.
    yield mutant(`duplicate ${at}`, lines.toSpliced(at, 0, line), "edited", at + 2);
    const stranger = foreign[at] ?? line;
    yield mutant(`insert at ${at}`, lines.toSpliced(at, 0, stranger), "edited", at + 1);
    yield mutant(`splice at ${at}`, lines.with(at, stranger), "edited", at + 1);
    if (at > 0)
      yield mutant(
        `go on as the other at ${at}`,
        [...lines.slice(0, at), ...foreign.slice(at)],
        "edited",
        at + 1,
      );
  }
}

/** Writes a mutant and says what is wrong with verify's answer; undefined when nothing is. */
export function judgeMutant(store: SampleStore, mutant: Mutant): string | undefined {
  fs.writeFileSync(store.log, mutant.bytes);
  const row = verdictOf(store);
  const { verdict, line, about } = mutant;
  if (row?.verdict === verdict && row.first_bad_line === line) return undefined;
  return `${about}: expected ${verdict} at ${line}, got ${row?.verdict} at ${row?.first_bad_line} (${row?.reason})`;
}
