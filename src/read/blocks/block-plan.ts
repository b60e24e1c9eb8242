// What of a segment a read has to look at, when there is an index of it: the blocks, or only the lines with errors, that
// may hold what is wanted. What the index settles by itself is taken from it on the way: the whole of it, parts of it and then blocks are judged, so that what is of no interest costs next to nothing. Where a page of the index is damaged,
// its blocks are read.

import type { Stretch } from "../../store/reading/stretch-source.ts";
import { ERROR_RANK } from "./block-index.ts";
import type { BlockIndex } from "./block-index.ts";
import { BlockJudge } from "./block-judge.ts";
import type { BlockQuestion } from "./block-judge.ts";
import type { Block, PagePlace } from "./block-page.ts";

/** The stretches to read, in order; the last one goes on to the end of the file, whatever was written there since. */
export function planBlocks(index: BlockIndex, question: BlockQuestion): Stretch[] {
  const stretches: Stretch[] = [];
  const added: Stretch = { from: index.mark.size, to: Infinity };
  for (const { from, to } of [...new BlockPlan(index, question).unsettled(), added]) {
    const last = stretches.at(-1);
    if (last?.to === from) last.to = to;
    else stretches.push({ from, to });
  }
  return stretches;
}

/** The same from the end, and no further than they are asked for. */
export function* planBlocksBackwards(
  index: BlockIndex,
  question: BlockQuestion,
): Generator<Stretch, void, undefined> {
  yield { from: index.mark.size, to: Infinity };
  yield* new BlockPlan(index, question, { isBackwards: true }).unsettled();
}

/**
 * The lines with errors of a block, in order or from the end.
 *
 * @param start where the block begins in its file
 */
export function* errorsIn(
  { page, errors: [first, end] }: Block,
  start: number,
  isBackwards: boolean,
): Generator<Stretch, void, undefined> {
  for (let count = 0; count < end - first; count++) {
    const { offset, length } = page.errorAt(isBackwards ? end - 1 - count : first + count);
    yield { from: start + offset, to: start + offset + length };
  }
}

// --- internal ---

/** An index with a question to it. */
class BlockPlan {
  readonly #index: BlockIndex;
  readonly #question: BlockQuestion;
  readonly #judge: BlockJudge;
  /** Whether everything that may be wanted is listed line by line. */
  readonly #isOfErrors: boolean;
  readonly #isBackwards: boolean;

  constructor(
    index: BlockIndex,
    question: BlockQuestion,
    { isBackwards = false }: { isBackwards?: boolean } = {},
  ) {
    this.#index = index;
    this.#question = question;
    this.#judge = new BlockJudge(index.kinds, question);
    this.#isOfErrors = this.#judge.refusesBelow(ERROR_RANK);
    this.#isBackwards = isBackwards;
  }

  /** What the index does not settle, in order or from the end. */
  unsettled(): Generator<Stretch, void, undefined> {
    return this.#unsettledIn(this.#index.whole, { from: 0, to: this.#index.mark.size });
  }

  /** @param all what the page is of */
  *#unsettledIn(place: PagePlace, all: Stretch): Generator<Stretch, void, undefined> {
    const page = this.#index.page(place);
    if (page === undefined) {
      yield all;
      return;
    }
    const { length } = page;
    // Lines that are listed are found as fast as their block is judged.
    const isListed = this.#isOfErrors && this.#question.tally === undefined;
    for (let count = 0; count < length; count++) {
      const block = page.block(this.#isBackwards ? length - 1 - count : count);
      const { from, to, more } = block;
      const isLeaf = more === undefined;
      if (!(isLeaf && isListed) && this.#judge.settles(block)) continue;
      if (isLeaf) yield* this.#toRead(block);
      // Pages stand behind those that tell more of them, or they would never end.
      else if (more.from < place.from) yield* this.#unsettledIn(more, { from, to });
      else yield { from, to };
    }
  }

  /** What of a block has to be read. */
  *#toRead(block: Block): Generator<Stretch, void, undefined> {
    const { from, to, events } = block;
    if (block.isOpaque || !this.#isOfErrors) {
      yield { from, to };
      return;
    }
    const [first, end] = block.errors;
    this.#question.pass(events - (end - first));
    yield* errorsIn(block, from, this.#isBackwards);
  }
}
