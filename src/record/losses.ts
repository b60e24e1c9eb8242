// Events that did not get to where they belong, until a GAP event has said so.

import type { EventDraft } from "../event/index.ts";

/** Losses that one GAP event speaks of. */
export interface Loss {
  count: number;
  reason: string;
  /** First and last number among those that had one already: their places in the log stay empty. */
  fromSeq: number | undefined;
  toSeq: number | undefined;
}

export class Losses {
  #unsaid: Loss | undefined;

  add(reason: string, seq?: number): void {
    this.putBack({ count: 1, reason, fromSeq: seq, toSeq: seq });
  }

  /** What is to be said; from now on it counts as said. */
  take(): Loss | undefined {
    const loss = this.#unsaid;
    this.#unsaid = undefined;
    return loss;
  }

  /** It could not be said after all. */
  putBack(loss: Loss): void {
    const other = this.#unsaid ?? { count: 0, reason: "", fromSeq: undefined, toSeq: undefined };
    this.#unsaid = {
      count: loss.count + other.count,
      reason: loss.reason,
      fromSeq: outermost(loss.fromSeq, other.fromSeq, Math.min),
      toSeq: outermost(loss.toSeq, other.toSeq, Math.max),
    };
  }
}

export function gapDraft({ count, reason, fromSeq, toSeq }: Loss): EventDraft {
  return {
    event: "GAP",
    count,
    reason,
    ...(fromSeq === undefined ? {} : { from_seq: fromSeq }),
    ...(toSeq === undefined ? {} : { to_seq: toSeq }),
  };
}

// --- internal ---

function outermost(
  left: number | undefined,
  right: number | undefined,
  choose: (left: number, right: number) => number,
): number | undefined {
  return left === undefined || right === undefined ? (left ?? right) : choose(left, right);
}
