// Which segments a policy moves and which it deletes: a pure function, so that a dry run and the real one cannot differ.

import type { RetentionPolicy } from "./policy.ts";

/** What a policy looks at in a segment. */
export interface SegmentFacts {
  path: string;
  sessionId: string;
  archived: boolean;
  /** Whether nothing more is written to it: only such segments move. Asked of those alone that would. */
  isSealed: () => boolean;
  /** Lowest number in it: which of two segments of a session comes first. */
  firstSeq: number;
  /** Bytes it takes where it is. */
  bytes: number;
  /** Time of its last event. */
  lastMs: number;
}

export interface RetentionStep<T extends SegmentFacts = SegmentFacts> {
  action: "archive" | "delete";
  segment: T;
  /** Which setting asks for it. */
  reason: string;
}

export const DAY_MS: number = 24 * 3_600_000;
export const MB: number = 1024 * 1024;

/**
 * The steps that age asks for, deletions first and the oldest first, then those that the size outside the archive asks
 * for. Deleting beyond the archive's size comes after the moves, see {@link planArchiveLimit}.
 *
 * @param isHeld sessions under legal hold stay where they are, whatever the policy says
 */
export function planRetention<T extends SegmentFacts>(
  segments: readonly T[],
  policy: RetentionPolicy,
  nowMs: number,
  isHeld: (sessionId: string) => boolean,
): RetentionStep<T>[] {
  const { active_retention_days: activeDays, archive_retention_days: days } = policy;
  const deletions: RetentionStep<T>[] = [];
  const moves: RetentionStep<T>[] = [];
  const isFree = (segment: T): boolean => !isHeld(segment.sessionId) && segment.isSealed();
  const staying: T[] = [];
  for (const segment of oldestFirst(segments)) {
    const ageDays = (nowMs - segment.lastMs) / DAY_MS;
    if (days !== null && ageDays > days && isFree(segment)) {
      deletions.push({ action: "delete", segment, reason: `its last event is older than ${days} days` });
    } else if (!segment.archived && activeDays !== null && ageDays > activeDays && isFree(segment)) {
      moves.push({ action: "archive", segment, reason: `its last event is older than ${activeDays} days` });
    } else if (!segment.archived) {
      staying.push(segment);
    }
  }
  const { active_max_size_mb: maxMb } = policy;
  let activeBytes = staying.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const segment of staying) {
    if (maxMb === null || activeBytes <= maxMb * MB) break;
    if (!isFree(segment)) continue;
    activeBytes -= segment.bytes;
    moves.push({ action: "archive", segment, reason: `the active logs take more than ${maxMb} MiB` });
  }
  return [...deletions, ...moves];
}

/**
 * The deletions that the archive's size asks for, once everything has moved that moves.
 *
 * @param archived every segment that is in the archive then, with the bytes it takes there
 */
export function planArchiveLimit<T extends SegmentFacts>(
  archived: readonly T[],
  policy: RetentionPolicy,
  isHeld: (sessionId: string) => boolean,
): RetentionStep<T>[] {
  const { archive_max_size_mb: maxMb } = policy;
  if (maxMb === null) return [];
  const steps: RetentionStep<T>[] = [];
  let bytes = archived.reduce((sum, segment) => sum + segment.bytes, 0);
  for (const segment of oldestFirst(archived)) {
    if (bytes <= maxMb * MB) break;
    if (isHeld(segment.sessionId)) continue;
    bytes -= segment.bytes;
    steps.push({ action: "delete", segment, reason: `the archive takes more than ${maxMb} MiB` });
  }
  return steps;
}

// --- internal ---

function oldestFirst<T extends SegmentFacts>(segments: readonly T[]): T[] {
  return segments.toSorted(
    (left, right) =>
      left.lastMs - right.lastMs ||
      left.firstSeq - right.firstSeq ||
      (left.path < right.path ? -1 : Number(left.path > right.path)),
  );
}
