// The sessions of a store in the order in which reads give them, and which session a name means.

import * as fs from "node:fs";

import { TracekeepError } from "../../base/errors.ts";
import { nearestName } from "../../base/nearest.ts";
import type { ByteSource } from "../../store/reading/byte-source.ts";
import type { SessionLogFile } from "../../store/session/catalog.ts";
import { instantOf } from "../../summary/index.ts";

/** A session and the files of its log, in order of their events. */
export interface SessionLogs {
  sessionId: string;
  agentId: string;
  /** The session that started it. */
  parentId: string | undefined;
  startMs: number;
  files: readonly SessionLogFile[];
  /** Of those files, where they can be had without making all that is known of each. */
  readonly paths?: string[];
  /** Where its one file's bytes come from, when that is no file. */
  stream?: ByteSource;
  /** Its one file, when that is open already. */
  fd?: number;
  /** Its row in the snapshot of the index that listed it. */
  readonly listedRow?: number;
  /** The same when that holds without another look. */
  row?: number | undefined;
}

/** How a name was understood: as the session's id, the beginning of it, or its agent (then it is the latest of it). */
export type MatchedBy = "id" | "prefix" | "agent";

/** Sessions and their logs by start, then id. */
export function sessionsOf(logs: ReadonlyMap<string, readonly SessionLogFile[]>): SessionLogs[] {
  const sessions = [...logs].map(([sessionId, files]): SessionLogs => {
    const first = files[0];
    const startMs = first === undefined ? NaN : instantOf(first.startedAt);
    return { sessionId, agentId: first?.agentId ?? "", parentId: first?.parentSessionId, startMs, files };
  });
  return sessions.sort(
    (left, right) => left.startMs - right.startMs || byText(left.sessionId, right.sessionId),
  );
}

/** Bytes of the files of sessions, as they are stored. */
export function bytesOfLogs(sessions: readonly SessionLogs[]): number {
  const files = sessions.flatMap((session) => session.files);
  return files.reduce((sum, file) => sum + (fs.statSync(file.path, { throwIfNoEntry: false })?.size ?? 0), 0);
}

/** Bytes of those of them that an index does not know. */
export function bytesToRead(sessions: readonly SessionLogs[]): number {
  return bytesOfLogs(sessions.filter(({ row }) => row === undefined));
}

/**
 * The session that a name means: an id, else the beginning of ids that no others have, else an agent's latest session.
 * Where one id begins all the others (a parent's may begin its children's), it is the one meant.
 *
 * @throws TracekeepError `NO_SESSION` when there is none, or several
 */
export function resolveSession(
  sessions: readonly SessionLogs[],
  name: string,
): { session: SessionLogs; matched: MatchedBy } {
  const exact = sessions.find(({ sessionId }) => sessionId === name);
  if (exact !== undefined) return { session: exact, matched: "id" };
  const begun = name === "" ? [] : sessions.filter(({ sessionId }) => sessionId.startsWith(name));
  const root = begun.find(({ sessionId }) => begun.every((other) => other.sessionId.startsWith(sessionId)));
  if (root !== undefined) return { session: root, matched: "prefix" };
  const latest = sessions.findLast(({ agentId }) => agentId === name);
  if (latest !== undefined) return { session: latest, matched: "agent" };
  if (begun.length > 0) {
    const shown = begun.slice(0, MAX_CANDIDATES).map(({ sessionId }) => sessionId);
    const more = begun.length > shown.length ? `, and ${begun.length - shown.length} more` : "";
    throw new TracekeepError("NO_SESSION", `"${name}" begins the ids of ${begun.length} sessions`, {
      hint: `give more of the id: ${shown.join(", ")}${more}`,
    });
  }
  const known = sessions.flatMap(({ sessionId, agentId }) => [sessionId, agentId]);
  const nearest = nearestName(name, new Set(known));
  throw new TracekeepError("NO_SESSION", `there is no session "${name}"`, {
    hint: nearest === undefined ? "list them with: tracekeep sessions" : `did you mean "${nearest}"?`,
  });
}

// --- internal ---

const MAX_CANDIDATES = 5;

function byText(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}
