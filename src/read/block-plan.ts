// What of a segment a read has to look at, when there is an index of it: the blocks, or only the lines with errors, that
// may hold what is wanted. What the index settles by itself is taken from it on the way: the whole of it, parts of it and then blocks are judged, so that what is of no interest costs next to nothing. Where a page of the index is damaged,
// its blocks are read.

import type { Stretch } from "../store/stretch-source.ts";
import { ERROR_RANK } from "./block-index.ts";
import type { BlockIndex, EventKind } from "./block-index.ts";
import type { Block, PagePlace } from "./block-page.ts";
import type { CostSum } from "./cost.ts";
import type { EventCounter } from "./event-counter.ts";
import type { LineTest, LineVerdict } from "./line-test.ts";

/** Takes what the wanted kinds of events of a block, or of many as one, add to an answer; false when that cannot be told. */
export type BlockTally = (
  block: Block,
  isWanted: (kind: number) => boolean,
  kinds: readonly EventKind[],
) => boolean;

export interface BlockQuestion {
  test: LineTest;
  /** Told how many events need not be looked at. */
  pass: (events: number) => void;
  /** Takes in what the index tells of those that are wanted; without it, wanted events are read. */
  tally?: BlockTally | undefined;
}

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

export function countInto(counter: EventCounter): BlockTally {
  return ({ page, counts }, isWanted, kinds) => {
    for (let [entry, end] = counts; entry < end; entry++) {
      const kind = page.kindAt(entry);
      if (isWanted(kind)) counter.add(kinds[kind]?.type ?? "", page.countAt(entry));
    }
    return true;
  };
}

export function sumInto(sum: CostSum): BlockTally {
  return ({ page, costs, isCostUnknown }, isWanted) => {
    if (isCostUnknown) return false;
    for (let [entry, end] = costs; entry < end; entry++) {
      const { kind, priced, picoUsd } = page.costAt(entry);
      if (isWanted(kind)) sum.add(BigInt(picoUsd), priced);
    }
    return true;
  };
}

// --- internal ---

/** An index with a question to it. */
class BlockPlan {
  readonly #index: BlockIndex;
  readonly #question: BlockQuestion;
  /** On each kind of events, whatever their times. */
  readonly #verdicts: readonly LineVerdict[];
  /** Whether some are wanted whatever their times. */
  readonly #hasTimeless: boolean;

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
    this.#isBackwards = isBackwards;
    this.#verdicts = index.kinds.map((kind) => question.test.judgeKind(kind));
    this.#hasTimeless = this.#verdicts.includes("wanted");
    this.#isOfErrors = index.kinds.every(
      ({ rank }, kind) => rank >= ERROR_RANK || this.#verdicts[kind] === "refused",
    );
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
    for (let count = 0; count < length; count++) {
      const block = page.block(this.#isBackwards ? length - 1 - count : count);
      if (this.#settles(block)) continue;
      const { from, to, more } = block;
      if (more === undefined) yield* this.#toRead(block);
      // Pages stand behind those that tell more of them, or they would never end.
      else if (more.from < place.from) yield* this.#unsettledIn(more, { from, to });
      else yield { from, to };
    }
  }

  /** What of a block has to be read. */
  *#toRead(block: Block): Generator<Stretch, void, undefined> {
    const { from, to, events, page } = block;
    if (block.isOpaque || !this.#isOfErrors) {
      yield { from, to };
      return;
    }
    const [first, end] = block.errors;
    this.#question.pass(events - (end - first));
    for (let count = 0; count < end - first; count++) {
      const { offset, length } = page.errorAt(this.#isBackwards ? end - 1 - count : first + count);
      yield { from: from + offset, to: from + offset + length };
    }
  }

  /** Whether the index tells all that is asked of a block, or of many as one. */
  #settles(block: Block): boolean {
    if (block.isOpaque) return false;
    const { test, pass, tally } = this.#question;
    const ofTimes = test.judgeTimes(block);
    const verdict = this.#judge(block, ofTimes);
    if (verdict === "unclear") return false;
    if (verdict === "wanted") {
      if (test.asksForText || tally === undefined) return false;
      const isWanted = (kind: number): boolean => this.#verdictOn(kind, ofTimes) === "wanted";
      if (!tally(block, isWanted, this.#index.kinds)) return false;
    }
    pass(block.events);
    return true;
  }

  /** `unclear` when it has to be read; `wanted` when some of its kinds are wanted as a whole and all others refused. */
  #judge(block: Block, ofTimes: LineVerdict): LineVerdict {
    if (ofTimes === "refused" && !this.#hasTimeless) return "refused";
    if (this.#isOfErrors && block.more === undefined && block.errors[0] === block.errors[1]) return "refused";
    let verdict: LineVerdict = "refused";
    for (let [entry, end] = block.counts; entry < end; entry++) {
      const ofKind = this.#verdictOn(block.page.kindAt(entry), ofTimes);
      if (ofKind === "unclear") return "unclear";
      if (ofKind === "wanted") verdict = "wanted";
    }
    return verdict;
  }

  #verdictOn(kind: number, ofTimes: LineVerdict): LineVerdict {
    const verdict = this.#verdicts[kind] ?? "unclear";
    return verdict === "unclear" ? ofTimes : verdict;
  }
}
