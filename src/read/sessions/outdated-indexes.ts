// Which files of an index are to be written anew besides the snapshot of the sessions: those of long segments, and the
// tally of all sessions.

import { INDEX_TALLY } from "../../store/layout.ts";
import { SegmentIndexes } from "../blocks/segment-indexes.ts";
import { ReadReport } from "../lines/report.ts";
import type { SessionLogs } from "../scan/session-logs.ts";
import { SessionIndex } from "./session-index.ts";
import { openSessionTally } from "./session-tally.ts";
import { GROUP_ROWS } from "./snapshot-format.ts";
import { buildSessionTally } from "./tally-builder.ts";

export interface IndexFile {
  name: string;
  bytes: Buffer;
}

/**
 * The tally, when there was one and it is behind the snapshot: the sessions that were over before are not read again.
 * Undefined when there is nothing to be written.
 */
export function renewedTally(dir: string): IndexFile | undefined {
  const index = new SessionIndex(dir);
  const sessions = index.list(new ReadReport());
  if (openSessionTally(dir, index.groups) === undefined) return undefined;
  const [renewed] = outdatedTally(dir, index, sessions);
  return renewed;
}

export function outdatedIndexes(dir: string): { outdated: Iterable<IndexFile>; orphans: string[] } {
  const index = new SessionIndex(dir);
  const sessions = index.list(new ReadReport());
  const files = sessions.flatMap((session) => session.files);
  const indexes = new SegmentIndexes(dir);
  return {
    outdated: allOf(indexes.outdated(files), outdatedTally(dir, index, sessions)),
    orphans: indexes.orphans(files),
  };
}

// --- internal ---

function* allOf<T>(...lists: readonly Iterable<T>[]): Generator<T, void, undefined> {
  for (const list of lists) yield* list;
}

/** None where it still holds, nobody needs it, or no snapshot says which sessions there are. */
function* outdatedTally(
  dir: string,
  { groups }: SessionIndex,
  sessions: readonly SessionLogs[],
): Generator<IndexFile, void, undefined> {
  const areAllRows =
    groups.length === Math.ceil(sessions.length / GROUP_ROWS) &&
    sessions.every(({ row }, at) => row === undefined || row === at);
  if (sessions.length < 2 || !areAllRows) return;
  const before = openSessionTally(dir, groups);
  if (before?.isComplete(groups.length) === true) return;
  yield { name: INDEX_TALLY, bytes: buildSessionTally(sessions, groups, before) };
}
