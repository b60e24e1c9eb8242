// What a read reads when it is not a store: files and folders, or a stream.

import * as fs from "node:fs";
import path from "node:path";

import { ioError, systemCode, TracekeepError } from "../../base/errors.ts";
import { INDEX_DIRECTORY, INDEX_JOURNAL, INDEX_SNAPSHOT, LEDGER } from "../../store/layout.ts";
import { StreamSource } from "../../store/reading/stream-source.ts";
import { compareSegments, lookInto } from "../../store/session/catalog.ts";
import type { SessionLogFile } from "../../store/session/catalog.ts";
import type { ReadReport } from "../lines/report.ts";
import { sessionsOf } from "./session-logs.ts";
import type { SessionLogs } from "./session-logs.ts";

/**
 * The logs in files and folders. Segments of our sessions belong together as in a store; any other file is a log of its
 * own, in the order of the paths. In folders only `.jsonl`, `.ndjson` and their `.gz` are taken.
 *
 * @throws TracekeepError `NO_FILE` when a path is not there
 */
export function listInputs(paths: readonly string[], report: ReadReport): SessionLogs[] {
  const logs: SessionLogFile[] = [];
  const alone: SessionLogs[] = [];
  const parts = new Set<string>();
  for (const file of new Set(paths.flatMap((given) => filesUnder(given, report)))) {
    const found = lookInto(file);
    if (found === undefined) continue;
    if (typeof found === "string" || found.format === 0) {
      alone.push(foreignLog(file));
      continue;
    }
    // The same part of a session twice is a copy, or what two sinks kept of it: both were asked for.
    const part = `${found.firstSeq} ${found.headerSeq ?? ""} ${found.sessionId}`;
    if (parts.has(part)) alone.push(...sessionsOf(bySession([found])));
    else logs.push(found);
    parts.add(part);
  }
  return [...sessionsOf(bySession(logs)), ...alone];
}

/** A stream as the only log there is. It can be read once. */
export function streamInput(stream: AsyncIterable<Uint8Array | string>): SessionLogs {
  return { ...foreignLog("-"), stream: new StreamSource("-", stream) };
}

// --- internal ---

const LOG_NAME = /\.(?:jsonl|ndjson)(?:\.gz)?$/;

function filesUnder(given: string, report: ReadReport): string[] {
  try {
    // A link that the user names is followed; those in a folder are not.
    const real = fs.realpathSync(given);
    if (!fs.statSync(real).isDirectory()) return [real];
    const files = fs
      .readdirSync(real, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && LOG_NAME.test(entry.name) && !isOfIndex(entry))
      .map((entry) => path.join(entry.parentPath, entry.name))
      .sort();
    if (files.length === 0) report.emptyFolders.push(given);
    return files;
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw ioError("open", given, error);
    throw new TracekeepError("NO_FILE", `there is no file or folder ${given}`, { path: given });
  }
}

/** What a store in the folder has derived from its logs is none. */
function isOfIndex({ parentPath, name }: fs.Dirent): boolean {
  return (
    path.basename(parentPath) === INDEX_DIRECTORY &&
    (name === INDEX_SNAPSHOT || name === INDEX_JOURNAL) &&
    fs.existsSync(path.join(path.dirname(parentPath), LEDGER))
  );
}

function bySession(logs: readonly SessionLogFile[]): Map<string, SessionLogFile[]> {
  const sessions = new Map<string, SessionLogFile[]>();
  for (const log of logs) {
    const files = sessions.get(log.sessionId);
    if (files === undefined) sessions.set(log.sessionId, [log]);
    else files.push(log);
  }
  for (const files of sessions.values()) files.sort(compareSegments);
  return sessions;
}

function foreignLog(file: string): SessionLogs {
  const name = path.basename(file);
  const sessionId = name.replace(LOG_NAME, "");
  return {
    sessionId,
    agentId: "",
    parentId: undefined,
    startMs: NaN,
    files: [
      {
        path: file,
        name,
        archived: false,
        sessionId,
        agentId: "",
        firstSeq: 0,
        startedAt: "",
        format: 0,
        foreign: true,
      },
    ],
  };
}
