// A question to blocks of events: what is known of one settles it, or it has to be read. A filter is judged once per kind of
// events and once per block for its times, by the test that judges lines.

import type { CostSum } from "../lines/cost.ts";
import type { EventCounter } from "../lines/event-counter.ts";
import type { EventKind } from "../lines/line-test.ts";
import type { LineTest, LineVerdict } from "../lines/line-test.ts";
import type { Block } from "./block-page.ts";

/** Takes what the wanted kinds of events of a block, or of many as one, add to an answer. */
export interface BlockTally {
  /** Whether that can be told. */
  tells: (block: Block) => boolean;
  take: (block: Block, isWanted: (kind: number) => boolean, kinds: readonly EventKind[]) => void;
}

export interface BlockQuestion {
  test: LineTest;
  /** Told how many events need not be looked at. */
  pass: (events: number) => void;
  /** Takes in what an index tells of those that are wanted; without it, wanted events are read. */
  tally?: BlockTally | undefined;
}

/** What the events cost is asked, of those that the test finds wanted; only those are given that no index tells. */
export interface CostQuestion {
  test: LineTest;
  sum: CostSum;
}

/** How many events there are is asked, or what they cost; or else for the events. */
export function askBlocks(
  test: LineTest,
  pass: BlockQuestion["pass"],
  { counter, cost }: { counter?: EventCounter | undefined; cost?: CostQuestion | undefined } = {},
): BlockQuestion {
  if (cost !== undefined) return { test: cost.test, pass, tally: sumInto(cost.sum) };
  return { test, pass, tally: counter && countInto(counter) };
}

export class BlockJudge {
  readonly #kinds: readonly EventKind[];
  readonly #question: BlockQuestion;
  /** On each kind of events, whatever their times. */
  readonly #verdicts: readonly LineVerdict[];
  /** Whether some are wanted whatever their times. */
  readonly #hasTimeless: boolean;

  constructor(kinds: readonly EventKind[], question: BlockQuestion) {
    this.#kinds = kinds;
    this.#question = question;
    this.#verdicts = kinds.map((kind) => question.test.judgeKind(kind));
    this.#hasTimeless = this.#verdicts.includes("wanted");
  }

  /** Whether events below a rank are refused, whatever their times. */
  refusesBelow(rank: number): boolean {
    return this.#kinds.every((kind, index) => kind.rank >= rank || this.#verdicts[index] === "refused");
  }

  /** Whether all that is asked of a block, or of many as one, is told. */
  tells(block: Block): boolean {
    return this.#told(block, this.#judgeTimes(block)) !== undefined;
  }

  /** The same; then it has been taken in. */
  settles(block: Block): boolean {
    const { pass, tally } = this.#question;
    const ofTimes = this.#judgeTimes(block);
    const verdict = this.#told(block, ofTimes);
    if (verdict === undefined) return false;
    const isWanted = (kind: number): boolean => this.#verdictOn(kind, ofTimes) === "wanted";
    if (verdict === "wanted") tally?.take(block, isWanted, this.#kinds);
    pass(block.events);
    return true;
  }

  // --- internal ---

  #judgeTimes({ page, minTime, maxTime }: Block): LineVerdict {
    return this.#question.test.judgeTimes(page.times, minTime, maxTime);
  }

  /** Undefined when it has to be read. */
  #told(block: Block, ofTimes: LineVerdict): "wanted" | "refused" | undefined {
    if (block.isOpaque) return undefined;
    const { test, tally } = this.#question;
    const verdict = this.#judge(block, ofTimes);
    if (verdict === "refused") return verdict;
    return verdict === "wanted" && !test.asksForText && tally?.tells(block) === true ? verdict : undefined;
  }

  /** `unclear` when it has to be read; `wanted` when some of its kinds are wanted as a whole and all others refused. */
  #judge(block: Block, ofTimes: LineVerdict): LineVerdict {
    if (ofTimes === "refused" && !this.#hasTimeless) return "refused";
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

// --- internal ---

function countInto(counter: EventCounter): BlockTally {
  return {
    tells: () => true,
    take: ({ page, counts }, isWanted, kinds) => {
      for (let [entry, end] = counts; entry < end; entry++) {
        const kind = page.kindAt(entry);
        if (isWanted(kind)) counter.add(kinds[kind]?.type ?? "", page.countAt(entry));
      }
    },
  };
}

function sumInto(sum: CostSum): BlockTally {
  return {
    tells: ({ isCostUnknown }) => !isCostUnknown,
    take: ({ page, costs }, isWanted) => {
      for (let [entry, end] = costs; entry < end; entry++) {
        const { kind, priced, picoUsd } = page.costAt(entry);
        if (isWanted(kind)) sum.add(BigInt(picoUsd), priced);
      }
    },
  };
}
