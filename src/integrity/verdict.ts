// What verify says of a log, and why (promise P12).

/**
 * From best to worst:
 * - `ok`: every line is sealed and holds; `ok-open`: the same while its writer is still at work
 * - `unsealed-tail`: what is sealed holds; lines behind it were not sealed, because their writer died
 * - `inconclusive`: nothing contradicts the log, but nothing that can be trusted vouches for it either
 * - `erased-without-authority`, `reordered`, `edited`, `truncated`, `forked`, `missing`: it was tampered with
 */
export type Verdict = (typeof VERDICTS)[number];

export const VERDICTS = [
  "ok",
  "ok-open",
  "unsealed-tail",
  "inconclusive",
  "erased-without-authority",
  "reordered",
  "edited",
  "truncated",
  "forked",
  "missing",
] as const;

/** What was found out about one log. */
export interface LogVerdict {
  /** Name of its first file. */
  name: string;
  verdict: Verdict;
  /** Whole lines that are there. */
  lines: number;
  /** Lines that a seal covers. */
  sealed: number;
  /** The first line that is not as it was sealed, counted from 1 in its log (`seq` + 1); null when none can be named. */
  first_bad_line: number | null;
  /** One sentence for people; empty for `ok`. */
  reason: string;
}

/** Whether a verdict is something to look into: anything but a log that holds, as far as it was sealed. */
export function isFinding(verdict: Verdict): boolean {
  return VERDICTS.indexOf(verdict) > VERDICTS.indexOf("unsealed-tail");
}

export function worstVerdict(verdicts: readonly Verdict[]): Verdict {
  return VERDICTS[Math.max(0, ...verdicts.map((each) => VERDICTS.indexOf(each)))] ?? "ok";
}
