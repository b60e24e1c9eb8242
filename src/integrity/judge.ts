// From what a walk over a log found to a verdict with the first bad line named and explained.

import path from "node:path";

import { decodeLine, hashLeaf } from "../format/index.ts";
import type { Checkpoint } from "../format/index.ts";
import { readLogLines } from "../store/reading/log-lines.ts";
import type { LogVerdict, Verdict } from "./verdict.ts";
import { tombstoneLeaf } from "./walk.ts";
import type { Mismatch, Walk } from "./walk.ts";

export interface Case {
  name: string;
  /** The id that its lines carry; undefined for the ledger, whose lines carry those of the sessions they are about. */
  sessionId: string | undefined;
  files: readonly string[];
  seals: readonly Checkpoint[];
  walk: Walk;
  /** Whether its writer is at work. */
  isOpen: boolean;
}

export function judge(input: Case): LogVerdict {
  const { name, seals, walk } = input;
  const sealed = Math.max(0, ...seals.map(({ size }) => size));
  const row = (verdict: Verdict, badSeq: number | null, reason: string): LogVerdict => ({
    name,
    verdict,
    lines: walk.lines,
    sealed,
    first_bad_line: badSeq === null ? null : badSeq + 1,
    reason,
  });
  const broken = seals.filter((seal) => walk.holds.get(seal) !== true);
  if (broken.length > 0) {
    const { verdict, seq, reason } = explain(input, broken, sealed);
    return row(verdict, seq, reason);
  }
  const isAllSealed = walk.lines === sealed && walk.tail === undefined;
  const damage = isAllSealed ? undefined : firstDamage(input, sealed);
  if (damage !== undefined) return row("edited", damage.seq, `behind what is sealed, ${damage.reason}`);
  if (walk.surplus !== undefined) {
    const { file, offset } = walk.surplus;
    return row("edited", null, `${path.basename(file)} holds more than the log does, from byte ${offset} on`);
  }
  const unsealed = walk.lines - sealed;
  if (input.isOpen)
    return row("ok-open", null, unsealed > 0 ? `${lines(unsealed)} not sealed yet` : "its writer is at work");
  if (unsealed > 0 || walk.tail !== undefined) {
    const torn = walk.tail === undefined ? "" : " and an unfinished one";
    return row("unsealed-tail", null, `its writer did not get to seal the last ${lines(unsealed)}${torn}`);
  }
  return row("ok", null, "");
}

// --- internal ---

interface Explanation {
  verdict: Verdict;
  seq: number | null;
  reason: string;
}

function explain(input: Case, broken: readonly Checkpoint[], sealed: number): Explanation {
  const { seals, walk } = input;
  const latest = seals.find(({ size }) => size === sealed);
  const gap = gapIn(input.files);
  if (gap !== undefined) {
    const { from, to } = gap;
    const reason = `a file of the log is not there: lines ${from + 1} to ${to} are missing`;
    return { verdict: "missing", seq: from, reason };
  }
  const fork = forkOf(seals, walk);
  if (fork !== undefined) return { verdict: "forked", seq: null, reason: fork };
  // The leaves in the file are those that were sealed, so they tell which line is not.
  if (latest !== undefined && walk.leavesHold.get(latest) === true) {
    if (walk.mismatch !== undefined) return explainMismatch(input, walk.mismatch);
    return explainEnd(walk, sealed);
  }
  return explainWithoutLeaves(input, broken, sealed);
}

/** Lines that no file of the log has, from `from` up to, not including, `to`. */
function gapIn(files: readonly string[]): { from: number; to: number } | undefined {
  let from = 0;
  for (const { seq } of readLogLines(files)) {
    if (seq > from) return { from, to: seq };
    from = seq + 1;
  }
  return undefined;
}

/** Two seals that no one history can have. */
function forkOf(seals: readonly Checkpoint[], walk: Walk): string | undefined {
  for (const seal of seals) {
    const other = seals.find(({ size, root }) => size === seal.size && root !== seal.root);
    if (other !== undefined) return `two different histories of ${lines(seal.size)} were sealed`;
  }
  for (const held of [walk.holds, walk.leavesHold]) {
    const longest = Math.max(
      -1,
      ...[...held].filter(([, holds]) => holds === true).map(([{ size }]) => size),
    );
    const contradicted = [...held].find(([{ size }, holds]) => size < longest && holds === false);
    if (contradicted !== undefined)
      return `what was sealed at ${lines(contradicted[0].size)} is no beginning of what was sealed at ${lines(longest)}`;
  }
  return undefined;
}

function explainMismatch({ sessionId, walk }: Case, mismatch: Mismatch): Explanation {
  const { seq, line, expected, expectedAt, belongsAt } = mismatch;
  const found = (verdict: Verdict, reason: string): Explanation => ({ verdict, seq, reason });
  if (tombstoneLeaf(line) === expected)
    return found("erased-without-authority", `line ${seq + 1} was erased, and the ledger does not say so`);
  if (walk.isPermutation)
    return found(
      "reordered",
      `from line ${seq + 1} on, lines stand in another order than they were sealed in`,
    );
  const decoded = decodeLine(line);
  if (decoded.kind === "event" && sessionId !== undefined && decoded.event.session_id !== sessionId)
    return found("edited", `line ${seq + 1} is of another session, ${decoded.event.session_id}`);
  if (expectedAt !== undefined)
    return found("edited", `${lines(expectedAt - seq)} put in before what was line ${seq + 1}`);
  if (belongsAt !== undefined && belongsAt > seq)
    return found("edited", `${lines(belongsAt - seq)} removed from line ${seq + 1} on`);
  return found(
    "edited",
    `line ${seq + 1} was changed${decoded.kind === "event" ? "" : `: ${decoded.reason}`}`,
  );
}

function explainEnd(walk: Walk, sealed: number): Explanation {
  const { lines: count, tail, nextLeaf } = walk;
  // A last line whose newline became another byte is all there; it was changed, not cut off.
  if (tail !== undefined && hashLeaf(Buffer.concat([tail.subarray(0, -1), NEWLINE])) === nextLeaf)
    return { verdict: "edited", seq: count, reason: `the newline of line ${count + 1} was changed` };
  return cutOff(count, sealed);
}

function explainWithoutLeaves(input: Case, broken: readonly Checkpoint[], sealed: number): Explanation {
  const { walk, seals } = input;
  const damage = firstDamage(input, 0);
  if (damage !== undefined) return { verdict: damage.verdict, seq: damage.seq, reason: damage.reason };
  const contradicted = broken.filter((seal) => walk.holds.get(seal) === false);
  if (contradicted.length === 0) return cutOff(walk.lines, sealed);
  const good = Math.max(0, ...seals.filter((seal) => walk.holds.get(seal) === true).map(({ size }) => size));
  const bad = Math.min(...contradicted.map(({ size }) => size));
  return {
    verdict: "edited",
    seq: good + 1 === bad ? good : null,
    reason: `something in lines ${good + 1} to ${bad} was changed; without the file of leaves the line cannot be named`,
  };
}

/** The first line from `from` on that no writer would have left there. */
function firstDamage({ files, sessionId }: Case, from: number): Explanation | undefined {
  let isOver = false;
  for (const line of readLogLines(files)) {
    const { seq } = line;
    if (seq < from) {
      if (seq === from - 1 && "bytes" in line) isOver = typeOf(line.bytes) === "END";
      continue;
    }
    if (!("bytes" in line))
      return { verdict: "edited", seq, reason: `line ${seq + 1} is too long to be an event` };
    const decoded = decodeLine(line.bytes);
    if (decoded.kind === "torn") return undefined;
    if (decoded.kind === "corrupt")
      return { verdict: "edited", seq, reason: `line ${seq + 1} is damaged: ${decoded.reason}` };
    const { event: type, seq: own, session_id: id } = decoded.event;
    if (sessionId !== undefined && id !== sessionId)
      return { verdict: "edited", seq, reason: `line ${seq + 1} is of another session, ${id}` };
    if (own !== seq)
      return { verdict: "edited", seq, reason: `line ${seq + 1} has the number ${own} and not ${seq}` };
    if (isOver && !BEHIND_END.has(type))
      return { verdict: "edited", seq, reason: `line ${seq + 1} stands behind the session's END` };
    isOver = type === "END" || (isOver && type !== "RESUMED");
  }
  return undefined;
}

/** What may follow the END of a session: it is gone on with, or the recorder says what became of its files. */
const BEHIND_END: ReadonlySet<string> = new Set(["RESUMED", "SEGMENT", "RECOVERED", "GAP", "DEGRADED"]);

function typeOf(line: Buffer): string | undefined {
  const decoded = decodeLine(line);
  return decoded.kind === "event" ? decoded.event.event : undefined;
}

function cutOff(count: number, sealed: number): Explanation {
  return {
    verdict: "truncated",
    seq: count,
    reason: `${lines(sealed)} were sealed and ${count} are there: the end was cut off`,
  };
}

const NEWLINE = Buffer.from("\n");

function lines(count: number): string {
  return count === 1 ? "1 line" : `${count} lines`;
}
