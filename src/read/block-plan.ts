// What of a segment a read has to look at, when there is an index of it: the blocks, or only the lines with errors, that
// may hold what is wanted. What the index settles by itself is taken from it on the way. Groups of blocks are judged
// first, so that what is of no interest costs next to nothing.

import type { Stretch } from "../store/stretch-source.ts";
import { ERROR_RANK } from "./block-index.ts";
import type { Block, BlockIndex } from "./block-index.ts";
import type { CostSum } from "./cost.ts";
import type { EventCounter } from "./event-counter.ts";
import type { LineTest, LineVerdict } from "./line-test.ts";

/** Takes what the wanted kinds of events of a block, or of a group, add to an answer; false when that cannot be told. */
export type BlockTally = (index: BlockIndex, block: Block, test: LineTest) => boolean;

/** Told how many events need not be looked at. */
export type PassEvents = (events: number) => void;

/**
 * The stretches to read, in order; the last one goes on to the end of the file, whatever was written there since.
 *
 * @param tally takes in what the index tells of those that are wanted; without it, wanted events are read
 */
export function planBlocks(
  index: BlockIndex,
  test: LineTest,
  pass: PassEvents,
  tally?: BlockTally,
): Stretch[] {
  const stretches: Stretch[] = [];
  const add = ({ from, to }: Stretch): void => {
    const last = stretches.at(-1);
    if (last?.to === from) last.to = to;
    else stretches.push({ from, to });
  };
  for (let number = 0; number < index.groups; number++) {
    if (isSettled(index, index.group(number), test, pass, tally)) continue;
    for (const block of index.blocksOf(number))
      for (const each of toRead(index, block, test, pass, tally)) add(each);
  }
  add({ from: index.mark.size, to: Infinity });
  return stretches;
}

/** The same from the end, and no further than they are asked for. */
export function* planBlocksBackwards(
  index: BlockIndex,
  test: LineTest,
  pass: PassEvents,
): Generator<Stretch, void, undefined> {
  yield { from: index.mark.size, to: Infinity };
  for (let number = index.groups - 1; number >= 0; number--) {
    if (isSettled(index, index.group(number), test, pass)) continue;
    for (const block of index.blocksOf(number).reverse()) yield* toRead(index, block, test, pass).reverse();
  }
}

export function countInto(counter: EventCounter): BlockTally {
  return (index, block, test) => {
    for (let [entry, end] = block.counts; entry < end; entry++) {
      const kind = index.kinds[index.kindAt(entry)];
      if (kind !== undefined && test.judgeKind(kind, index, block) === "wanted")
        counter.add(kind.type, index.countAt(entry));
    }
    return true;
  };
}

export function sumInto(sum: CostSum): BlockTally {
  return (index, block, test) => {
    if (block.isCostUnknown) return false;
    for (let [entry, end] = block.costs; entry < end; entry++) {
      const { kind: number, priced, picoUsd } = index.costAt(entry);
      const kind = index.kinds[number];
      if (kind !== undefined && test.judgeKind(kind, index, block) === "wanted")
        sum.add(BigInt(picoUsd), priced);
    }
    return true;
  };
}

// --- internal ---

/** What of a block has to be read. */
function toRead(
  index: BlockIndex,
  block: Block,
  test: LineTest,
  pass: PassEvents,
  tally?: BlockTally,
): Stretch[] {
  if (isSettled(index, block, test, pass, tally)) return [];
  const { from, to, events } = block;
  if (block.isOpaque || !hasErrorsOnly(index, block, test)) return [{ from, to }];
  const [first, end] = block.errors;
  pass(events - (end - first));
  return Array.from({ length: end - first }, (_, number) => {
    const { offset, length } = index.errorAt(first + number);
    return { from: from + offset, to: from + offset + length };
  });
}

/** Whether the index tells all that is asked of a block or a group. */
function isSettled(
  index: BlockIndex,
  block: Block,
  test: LineTest,
  pass: PassEvents,
  tally?: BlockTally,
): boolean {
  if (block.isOpaque) return false;
  const verdict = judgeBlock(index, block, test);
  const isTold =
    verdict === "refused" ||
    (verdict === "wanted" && !test.asksForText && tally?.(index, block, test) === true);
  if (isTold) pass(block.events);
  return isTold;
}

/** `unclear` when it has to be read; `wanted` when some of its kinds are wanted as a whole and all others refused. */
function judgeBlock(index: BlockIndex, block: Block, test: LineTest): LineVerdict {
  let verdict: LineVerdict = "refused";
  for (let [entry, end] = block.counts; entry < end; entry++) {
    const kind = index.kinds[index.kindAt(entry)];
    const ofKind = kind === undefined ? "unclear" : test.judgeKind(kind, index, block);
    if (ofKind === "unclear") return "unclear";
    if (ofKind === "wanted") verdict = "wanted";
  }
  return verdict;
}

/** Whether everything in a block that may be wanted is listed line by line. */
function hasErrorsOnly(index: BlockIndex, block: Block, test: LineTest): boolean {
  for (let [entry, end] = block.counts; entry < end; entry++) {
    const kind = index.kinds[index.kindAt(entry)];
    if (kind === undefined) return false;
    if (kind.rank < ERROR_RANK && test.judgeKind(kind, index, block) !== "refused") return false;
  }
  return true;
}
