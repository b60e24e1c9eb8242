// Real recordings, changed in a great many ways.

import * as fs from "node:fs";

import type { LogVerdict, Verdict } from "../../src/integrity/index.ts";
import { cutAt } from "./mutants.ts";
import { seededRandom } from "./random.ts";
import { importRecordings } from "./recordings.ts";
import type { Recording } from "./recordings.ts";
import { Tally } from "./suite.ts";
import type { Suite } from "./suite.ts";

export const flips: Suite = {
  name: "flips in recordings",
  about: "single bits flipped anywhere in real recordings of agents",
  run: (folder, share, complain) => eachRecording(folder, complain, 1_000_000 * share, flipsOf),
};

export const mutants: Suite = {
  name: "mutants of recordings",
  about:
    "lines of real recordings swapped, moved, deleted, repeated, put in or replaced from another recording, cut off at a byte or gone on with as the other",
  run: (folder, share, complain) => eachRecording(folder, complain, 100_000 * share, mutantsOf),
};

// --- internal ---

/** A change to the file, made and taken back, and what verify has to say in between. */
interface Change {
  about: string;
  verdict: Verdict;
  line: number;
  make: () => void;
  undo: () => void;
}

type Random = (end: number) => number;

/** Spreads a count over all recordings, long ones getting fewer: what is checked again each time is the whole log. */
function eachRecording(
  folder: string,
  complain: (what: string) => void,
  count: number,
  changesOf: (recording: Recording, other: Recording, random: Random) => Generator<Change>,
): Tally | undefined {
  const store = importRecordings(folder);
  if (store === undefined) return undefined;
  const tally = new Tally(complain);
  const { recordings } = store;
  const weights = recordings.map(({ bytes }) => Math.min(1, FULL_SHARE_BYTES / bytes.length));
  const total = weights.reduce((sum, each) => sum + each, 0);
  for (const [at, recording] of recordings.entries()) {
    const random = seededRandom(at + 1);
    const changes = changesOf(recording, recordings[(at + 1) % recordings.length] ?? recording, random);
    const due = Math.ceil((count * (weights[at] ?? 0)) / total);
    for (let done = 0; done < due; done++) {
      const { value: change } = changes.next() as { value: Change };
      change.make();
      const row = recording.check();
      change.undo();
      tally.add(complaintAbout(change, row));
    }
    const row = recording.check();
    tally.add(row.verdict === "ok" ? undefined : `${recording.id} unchanged: ${row.verdict} (${row.reason})`);
  }
  const lines = recordings.reduce((sum, each) => sum + each.lines.length, 0);
  tally.note = `${recordings.length} recordings, ${lines.toLocaleString("en")} lines`;
  return tally;
}

const FULL_SHARE_BYTES = 60_000;

function complaintAbout({ about, verdict, line }: Change, row: LogVerdict): string | undefined {
  if (row.verdict === verdict && row.first_bad_line === line) return undefined;
  return `${about}: expected ${verdict} at ${line}, got ${row.verdict} at ${row.first_bad_line} (${row.reason})`;
}

function* flipsOf({ file, bytes, lines, id }: Recording, _: Recording, random: Random): Generator<Change> {
  const ends: number[] = [];
  for (const line of lines) ends.push((ends.at(-1) ?? 0) + line.length);
  const fd = fs.openSync(file, "r+");
  try {
    for (;;) {
      const bit = random(bytes.length * 8);
      const at = bit >> 3;
      const byte = bytes[at] ?? 0;
      const put = (value: number) => (): void => void fs.writeSync(fd, Buffer.of(value), 0, 1, at);
      yield {
        about: `${id}, bit ${bit}`,
        verdict: "edited",
        line: ends.findIndex((end) => end > at) + 1,
        make: put(byte ^ (1 << (bit & 7))),
        undo: put(byte),
      };
    }
  } finally {
    fs.closeSync(fd);
  }
}

function* mutantsOf(recording: Recording, other: Recording, random: Random): Generator<Change> {
  const { file, bytes, lines, id } = recording;
  const count = lines.length;
  for (let kind = 0; ; kind = (kind + 1) % 9) {
    const at = random(count);
    const next = at + 1 + random(Math.max(1, count - at - 1));
    const foreign = other.lines[random(other.lines.length)] ?? bytes;
    const line = lines[at] ?? bytes;
    const isPair = next < count;
    const change = (about: string, to: Buffer, verdict: Verdict, badLine: number): Change => ({
      about: `${id}, ${about}`,
      verdict,
      line: badLine,
      make: () => fs.writeFileSync(file, to),
      undo: () => fs.writeFileSync(file, bytes),
    });
    const of = (about: string, to: Buffer[], verdict: Verdict, badLine: number): Change =>
      change(about, Buffer.concat(to), verdict, badLine);
    if (kind === 0 && isPair)
      yield of(
        `swap ${at} and ${next}`,
        lines.with(at, lines[next] ?? line).with(next, line),
        "reordered",
        at + 1,
      );
    else if (kind === 1 && isPair)
      yield of(
        `move ${at} behind ${next}`,
        lines.toSpliced(next + 1, 0, line).toSpliced(at, 1),
        "reordered",
        at + 1,
      );
    else if (kind === 2)
      yield of(`delete ${at}`, lines.toSpliced(at, 1), at === count - 1 ? "truncated" : "edited", at + 1);
    else if (kind === 3)
      yield of(
        `delete ${at} to ${next}`,
        lines.toSpliced(at, next - at),
        next >= count ? "truncated" : "edited",
        at + 1,
      );
    else if (kind === 4) yield of(`repeat ${at}`, lines.toSpliced(at, 0, line), "edited", at + 2);
    else if (kind === 5) yield of(`insert at ${at}`, lines.toSpliced(at, 0, foreign), "edited", at + 1);
    else if (kind === 6) yield of(`replace ${at}`, lines.with(at, foreign), "edited", at + 1);
    else if (kind === 7)
      yield of(
        `go on as the other at ${at}`,
        [...lines.slice(0, at), foreign, ...other.lines],
        "edited",
        at + 1,
      );
    else if (kind === 8) {
      const cut = cutAt(bytes, random(bytes.length));
      yield change(cut.about, cut.bytes, cut.verdict, cut.line ?? 0);
    }
  }
}
