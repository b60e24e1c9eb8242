// The lines of a log over all of its files, in the order of their numbers. A line's number is its place: the first file
// begins with 0, a later one with what its SEGMENT says. After a failed sync a writer writes the lines it is not sure of
// once more into the next file, behind a SEGMENT whose own number follows theirs; what the file before has of them is
// superseded.

import { decodeLine } from "../format/index.ts";
import { readFirstLine, readLines } from "./line-reader.ts";
import type { LogLine } from "./line-reader.ts";

/** A line of a log. `seq` is the number of its place, whatever the line itself says. */
export type NumberedLine = LogLine & { file: string; seq: number };

/**
 * Reads the whole lines of a log, and what follows the last of them, if anything, as `bytes` without `\n`.
 *
 * @param files the files of one log, in order
 * @throws TracekeepError when a file cannot be read
 */
export function* readLogLines(files: readonly string[]): Generator<NumberedLine, void, undefined> {
  const segments = files.map((file) => ({ file, ...startOf(file) }));
  for (const [at, { file, header, first }] of segments.entries()) {
    const end = segments[at + 1]?.first ?? Infinity;
    /** A SEGMENT whose number comes after lines that follow it in the file. */
    let held: NumberedLine | undefined;
    let seq = first;
    for (const line of readLines(file)) {
      if (line.line === 1 && header > first) {
        held = { ...line, ...("bytes" in line ? { bytes: Buffer.from(line.bytes) } : {}), file, seq: header };
        continue;
      }
      if (held?.seq === seq) {
        yield held;
        held = undefined;
        seq++;
      }
      if (seq >= end) break;
      yield { ...line, file, seq };
      seq++;
    }
    if (held !== undefined && held.seq < end) yield held;
  }
}

// --- internal ---

/** The number of a file's own first line, and the lowest number in it. */
function startOf(file: string): { header: number; first: number } {
  const line = readFirstLine(file);
  const decoded = line === undefined ? undefined : decodeLine(line);
  if (decoded?.kind !== "event" || decoded.event.event !== "SEGMENT") return { header: 0, first: 0 };
  const { seq, first_seq: first } = decoded.event;
  return { header: seq, first: typeof first === "number" && first < seq ? first : seq };
}
