// The loop in which a long log is read: the lines whose bytes say enough are passed over or counted here, and nothing is
// made for any of them. It is a plain function because V8 keeps the variables of a generator in memory.

import type { LineCursor } from "../../store/reading/line-reader.ts";
import type { EventCounter } from "../lines/event-counter.ts";
import type { LineKinds } from "../lines/line-kinds.ts";
import { isOfOurWriter } from "../lines/line-test.ts";
import type { LineTest, LineVerdict } from "../lines/line-test.ts";
import type { ScanMemory } from "../lines/scan-memory.ts";
import type { SegmentReader } from "./segment-reader.ts";

export interface PassOptions {
  test: LineTest;
  /** Whether the log says that our writer made it (format 1). */
  isCanonical: boolean;
  segment: SegmentReader;
  /** Counts the lines that the test finds wanted; without it each of them has to be decoded. */
  counter: EventCounter | undefined;
  /** Where the lines are read into, and it is known of which of them that they need not be judged again. */
  memory: ScanMemory | undefined;
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
  { test, isCanonical, segment, counter, memory }: PassOptions,
): "found" | "pause" | "end" {
  const { head } = test;
  const patterns = memory?.patterns;
  // Else each line of others has to be decoded.
  const hasKinds = test.asksForKind || counter !== undefined;
  const last = lines.line + LINES_PER_PASS;
  let passed = 0;
  let isOfOthers = !isCanonical;
  let looksForTexts = false;
  let outcome: "found" | "pause" | "end" = "pause";
  while (lines.line < last) {
    if (patterns !== undefined) passed += lines.passOver(patterns, last - lines.line);
    if (memory !== undefined && hasKinds && isOfOthers)
      passed += lines.passOver(memory.kinds, last - lines.line);
    const { fills } = lines;
    if (!lines.next()) {
      if (lines.waiting === undefined) outcome = "end";
      break;
    }
    let verdict: LineVerdict = "unclear";
    if (!lines.tooLong) {
      const isOurs = isCanonical && isOfOurWriter(lines.buffer, lines.start);
      const isJudged = isOurs || looksForTexts;
      if (isJudged) verdict = judge(lines, test, isCanonical);
      const kind =
        memory !== undefined && hasKinds && verdict === "unclear"
          ? takeInKind(lines, memory.kinds, segment, counter)
          : undefined;
      isOfOthers = kind !== undefined;
      // Where members do not tell, as of lines without a time, texts are looked for first, until they do.
      if (!isOurs && verdict === "unclear") looksForTexts = kind === undefined;
      if (kind === "passed") passed++;
      if (kind === "passed" || kind === "taken in") continue;
      if (!isJudged && (kind === undefined || test.asksForText)) verdict = judge(lines, test, isCanonical);
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

// --- internal ---

function judge({ buffer, start, end, fills }: LineCursor, test: LineTest, isCanonical: boolean): LineVerdict {
  return test.judge(buffer, start, end, isCanonical, fills);
}

/** Takes in what becomes of a line of others, if its members tell; `wanted` when it has to be decoded for that. */
function takeInKind(
  lines: LineCursor,
  kinds: LineKinds,
  segment: SegmentReader,
  counter: EventCounter | undefined,
): "passed" | "taken in" | "wanted" | undefined {
  const kind = kinds.judge(lines);
  if (kind === undefined || kind === "passed" || (kind === "wanted" && counter === undefined)) return kind;
  // Whether it is told of as one that a later segment holds again depends on the texts in it.
  if (kind === "refused" && !segment.showsAll) return undefined;
  const { skim } = kinds;
  const isCounted = segment.countsSkimmed(skim) && kind === "wanted";
  if (isCounted) counter?.add(skim.type, 1);
  if (segment.showsAll) kinds.learn(isCounted ? skim.type : undefined);
  return "taken in";
}
