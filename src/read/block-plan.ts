// What of a segment a read has to look at, when there is an index of it: the blocks, or only the lines with errors, that
// may hold what is wanted. What the index settles by itself is counted on the way.

import type { Stretch } from "../store/stretch-source.ts";
import { ERROR_RANK } from "./block-index.ts";
import type { Block, BlockIndex } from "./block-index.ts";
import type { EventCounter } from "./event-counter.ts";
import type { LineTest, LineVerdict } from "./line-test.ts";

/**
 * The stretches to read, in order; the last one goes on to the end of the file, whatever was written there since.
 *
 * @param pass told how many events need not be looked at
 * @param counter told of those that are wanted; without it, wanted events are read
 */
export function planBlocks(
  index: BlockIndex,
  test: LineTest,
  pass: (events: number) => void,
  counter?: EventCounter,
): Stretch[] {
  const stretches: Stretch[] = [];
  const add = (from: number, to: number): void => {
    const last = stretches.at(-1);
    if (last?.to === from) last.to = to;
    else stretches.push({ from, to });
  };
  for (let number = 0; number < index.blocks; number++) {
    const block = index.block(number);
    const { verdict, hasErrorsOnly } = judgeBlock(index, block, test, counter !== undefined);
    if (verdict === "unclear" && hasErrorsOnly) {
      const [first, end] = block.errors;
      pass(block.events - (end - first));
      for (let entry = first; entry < end; entry++) {
        const { offset, length } = index.errorAt(entry);
        add(block.from + offset, block.from + offset + length);
      }
    } else if (verdict === "unclear") {
      add(block.from, block.to);
    } else {
      pass(block.events);
      if (verdict === "wanted" && counter !== undefined) countBlock(index, block, test, counter);
    }
  }
  add(index.mark.size, Infinity);
  return stretches;
}

// --- internal ---

/** `unclear` when it has to be read; `wanted` when some of its kinds are wanted as a whole and all others refused. */
function judgeBlock(
  index: BlockIndex,
  block: Block,
  test: LineTest,
  isCounting: boolean,
): { verdict: LineVerdict; hasErrorsOnly: boolean } {
  if (block.isOpaque) return { verdict: "unclear", hasErrorsOnly: false };
  let verdict: LineVerdict = "refused";
  let hasErrorsOnly = true;
  for (let [entry, end] = block.counts; entry < end; entry++) {
    const kind = index.kinds[index.kindAt(entry)];
    const ofKind = kind === undefined ? "unclear" : test.judgeKind(kind, index, block);
    if (ofKind === "refused") continue;
    if ((kind?.rank ?? 0) < ERROR_RANK) hasErrorsOnly = false;
    if (ofKind === "unclear" || !isCounting || test.asksForText) verdict = "unclear";
    else if (verdict === "refused") verdict = "wanted";
  }
  return { verdict, hasErrorsOnly };
}

function countBlock(index: BlockIndex, block: Block, test: LineTest, counter: EventCounter): void {
  for (let [entry, end] = block.counts; entry < end; entry++) {
    const kind = index.kinds[index.kindAt(entry)];
    if (kind !== undefined && test.judgeKind(kind, index, block) === "wanted")
      counter.add(kind.type, index.countAt(entry));
  }
}
