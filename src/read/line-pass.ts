// The loop in which a long log is read: the lines whose bytes say enough are passed over or counted here, and nothing is
// made for any of them. It is a plain function because V8 keeps the variables of a generator in memory.

import type { LineCursor } from "../store/line-reader.ts";
import type { EventCounter } from "./event-counter.ts";
import type { LineTest } from "./line-test.ts";
import type { SegmentReader } from "./segment-reader.ts";

export interface PassOptions {
  test: LineTest;
  /** Whether the log says that our writer made it (format 1). */
  isCanonical: boolean;
  segment: SegmentReader;
  /** Counts the lines that the test finds wanted; without it each of them has to be decoded. */
  counter: EventCounter | undefined;
  /** Where to stop, if not at the end of the file: where a line begins. */
  until: number;
}

/** Lines between two pauses, in which whoever waits for a stream lets others run. */
export const LINES_PER_STEP = 1000;

/**
 * Goes on to the next line that has to be decoded.
 *
 * @returns `found` when the cursor stands on one; `pause` when it is time for one, or the lines have to be waited for
 */
export function passLines(
  lines: LineCursor,
  { test, isCanonical, segment, counter, until }: PassOptions,
): "found" | "pause" | "end" {
  const { head } = test;
  let refused = 0;
  let outcome: "found" | "pause" | "end" = "end";
  while (lines.offset + lines.length < until) {
    if (!lines.next()) {
      if (lines.waiting !== undefined) outcome = "pause";
      break;
    }
    const verdict = lines.tooLong
      ? "unclear"
      : test.judge(lines.buffer, lines.start, lines.end, isCanonical, lines.fills);
    if (verdict === "refused") {
      refused++;
    } else if (verdict === "unclear" || counter === undefined) {
      outcome = "found";
      break;
    } else if (segment.counts(head.seq)) {
      counter.countSeen(head.type);
    }
    if (lines.line % LINES_PER_STEP === 0) {
      outcome = "pause";
      break;
    }
  }
  segment.pass(refused);
  return outcome;
}
