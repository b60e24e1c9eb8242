// The loop in which a long log is read: the lines whose bytes say enough are passed over or counted here, and nothing is
// made for any of them. It is a plain function because V8 keeps the variables of a generator in memory.

import type { LineCursor } from "../store/reading/line-reader.ts";
import type { EventCounter } from "./event-counter.ts";
import type { LinePatterns } from "./line-patterns.ts";
import type { LineTest } from "./line-test.ts";
import type { SegmentReader } from "./segment-reader.ts";

export interface PassOptions {
  test: LineTest;
  /** Whether the log says that our writer made it (format 1). */
  isCanonical: boolean;
  segment: SegmentReader;
  /** Counts the lines that the test finds wanted; without it each of them has to be decoded. */
  counter: EventCounter | undefined;
  /** Where kinds of lines are kept that need not be judged again. */
  patterns: LinePatterns | undefined;
}

/** Lines between two pauses, in which whoever waits for a stream lets others run: some two milliseconds. */
export const LINES_PER_STEP = 1000;
/** The same of lines that are not decoded. */
const LINES_PER_PASS = 8 * LINES_PER_STEP;

/**
 * Goes on to the next line that has to be decoded.
 *
 * @returns `found` when the cursor stands on one; `pause` when it is time for one, or the lines have to be waited for
 */
export function passLines(
  lines: LineCursor,
  { test, isCanonical, segment, counter, patterns }: PassOptions,
): "found" | "pause" | "end" {
  const { head } = test;
  const last = lines.line + LINES_PER_PASS;
  let passed = 0;
  let outcome: "found" | "pause" | "end" = "pause";
  while (lines.line < last) {
    if (patterns !== undefined) passed += lines.passOver(patterns, last - lines.line);
    const { fills } = lines;
    if (!lines.next()) {
      if (lines.waiting === undefined) outcome = "end";
      break;
    }
    const verdict = lines.tooLong
      ? "unclear"
      : test.judge(lines.buffer, lines.start, lines.end, isCanonical, lines.fills);
    if (verdict === "unclear" && counter !== undefined && !lines.tooLong) {
      if (test.skim.read(lines.buffer, lines.start, lines.end, segment.isForeign)) {
        const isWanted = test.judgeSkim() === "wanted";
        if (segment.countsSkimmed(test.skim) && isWanted) counter.add(test.skim.type, 1);
        continue;
      }
    }
    if (verdict === "unclear" || (verdict === "wanted" && counter === undefined)) {
      outcome = "found";
      break;
    }
    if (verdict === "lacking") {
      passed++;
      continue;
    }
    const isCounted = verdict === "wanted";
    if (isCounted && !segment.counts(head.seq)) continue;
    if (isCounted) counter?.add(head.type.name, 1);
    else passed++;
    // Where the buffer had to be filled for it, a line may be known, and only have been cut.
    if (patterns === undefined || fills !== lines.fills) continue;
    const seqDigits = isCounted ? segment.digitsToTell(head.seq) : 0;
    patterns.learn(head, { ...test.likeness(lines.end), seqDigits }, isCounted ? head.type.name : undefined);
  }
  segment.pass(passed);
  return outcome;
}
