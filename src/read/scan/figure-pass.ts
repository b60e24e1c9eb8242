// The loop in which the figures of a long log are folded: lines that say them plainly are taken in here, and no event is
// made of any of them. It is a plain function because V8 keeps the variables of a generator in memory.

import type { LineCursor } from "../../store/reading/line-reader.ts";
import type { LineFigures } from "../lines/line-figures.ts";
import { LINES_PER_STEP } from "./line-pass.ts";
import type { SegmentReader } from "./segment-reader.ts";

/** Whoever folds the events of a session. */
export interface FigureFold {
  figures: LineFigures;
  /** Whether it takes an event in by what was read of it; else it is given the event. */
  accepts: (figures: LineFigures) => boolean;
  /** @param offset where its line stands in its file, of so many bytes */
  take: (figures: LineFigures, file: number, offset: number, length: number) => void;
}

/**
 * Goes on to the next line that has to be decoded.
 *
 * @param file number of the segment's file
 * @returns `found` when the cursor stands on one; `pause` when it is time for one, or the lines have to be waited for
 */
export function foldLines(
  lines: LineCursor,
  { figures, accepts, take }: FigureFold,
  segment: SegmentReader,
  file: number,
): "found" | "pause" | "end" {
  const last = lines.line + LINES_PER_PASS;
  while (lines.line < last) {
    const { fills } = lines;
    let end = figures.read(lines, lines.end);
    if (end > 0 && accepts(figures)) lines.goTo(end);
    else {
      if (!lines.next()) return lines.waiting === undefined ? "end" : "pause";
      if (fills === lines.fills || lines.tooLong) return "found";
      // There was no more than a part of it yet.
      end = figures.read(lines, lines.start);
      if (end !== lines.end || !accepts(figures)) return "found";
    }
    if (segment.countsNumber(figures.folded.head.seq)) take(figures, file, lines.offset, lines.length);
  }
  return "pause";
}

// --- internal ---

/** Some two milliseconds. */
const LINES_PER_PASS = 4 * LINES_PER_STEP;
