// Which segments a policy moves and which it deletes: a pure function, so that a dry run and the real one cannot differ.

import type { RetentionPolicy } from "./policy.ts";

/** What a policy looks at in a segment. */
export interface SegmentFacts {
  path: string;
  sessionId: string;
  archived: boolean;
  /** Whether nothing more is written to it. Only sealed segments move. */
  sealed: boolean;
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

/**
 * The steps that age asks for, oldest first, then those that the size outside the archive asks for. Deleting beyond the
 * archive's size comes after the moves, see {@link planArchiveLimit}.
 *
 * @param isHeld sessions under legal hold stay where they are, whatever the policy says
 */
export function planRetention<T extends SegmentFacts>(
  segments: readonly T[],
  policy: RetentionPolicy,
  nowMs: number,
  isHeld: (sessionId: string) => boolean,
): RetentionStep<T>[] {
  const steps: RetentionStep<T>[] = [];
  const { active_retention_days: activeDays, archive_retention_days: days } = policy;
  let activeBytes = 0;
  const movable: T[] = [];
  for (const segment of oldestFirst(segments)) {
    const ageDays = (nowMs - segment.lastMs) / DAY_MS;
    const isFree = segment.sealed && !isHeld(segment.sessionId);
    if (isFree && days !== null && ageDays > days) {
      steps.push({ action: "delete", segment, reason: `its last event is older than ${days} days` });
    } else if (isFree && !segment.archived && activeDays !== null && ageDays > activeDays) {
      steps.push({ action: "archive", segment, reason: `its last event is older than ${activeDays} days` });
    } else if (!segment.archived) {
      activeBytes += segment.bytes;
      if (isFree) movable.push(segment);
    }
  }
  const { active_max_size_mb: maxMb } = policy;
  for (const segment of movable) {
    if (maxMb === null || activeBytes <= maxMb * MB) break;
    activeBytes -= segment.bytes;
    steps.push({ action: "archive", segment, reason: `the active logs take more than ${maxMb} MiB` });
  }
  return steps;
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

const MB = 1024 * 1024;

function oldestFirst<T extends SegmentFacts>(segments: readonly T[]): T[] {
  return segments.toSorted(
    (left, right) => left.lastMs - right.lastMs || Number(left.path > right.path) * 2 - 1,
  );
}
