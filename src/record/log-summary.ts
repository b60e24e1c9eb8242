// The summary of a session that is being written: folded along while all of it is written here, read from the log when
// it is not.

import { decodeLine } from "../format/index.ts";
import type { LineParts } from "../format/index.ts";
import { readLines } from "../store/reading/line-reader.ts";
import { isSuperseded } from "../store/session/catalog.ts";
import type { SessionLogFile } from "../store/session/catalog.ts";
import { foldEvent, newSummary } from "../summary/index.ts";
import type { SessionSummary } from "../summary/index.ts";

export class LogSummary {
  readonly #sessionId: string;
  #live: SessionSummary | undefined;

  /** @param agentId of a session that begins now; without it the log has events already */
  constructor(sessionId: string, agentId?: string) {
    this.#sessionId = sessionId;
    this.#live = agentId === undefined ? undefined : newSummary(sessionId, agentId);
  }

  /** Of all that is in the log; undefined when that would have to be read. */
  get live(): SessionSummary | undefined {
    return this.#live;
  }

  add(parts: LineParts): void {
    if (this.#live !== undefined) foldEvent(this.#live, parts, parts.body);
  }

  /** What was folded is no longer what is in the log. */
  lost(): void {
    this.#live = undefined;
  }

  /** @param files the session's, asked for only where they have to be read */
  read(files: () => readonly SessionLogFile[]): SessionSummary {
    return this.#live ?? foldLog(files(), this.#sessionId);
  }
}

// --- internal ---

function foldLog(files: readonly SessionLogFile[], sessionId: string): SessionSummary {
  const summary = newSummary(sessionId);
  for (const [index, { path: file }] of files.entries()) {
    for (const line of readLines(file)) {
      if (!("bytes" in line) || isSuperseded(line.bytes, files[index + 1])) continue;
      const decoded = decodeLine(line.bytes);
      if (decoded.kind === "event") foldEvent(summary, decoded.event, decoded.event);
    }
  }
  return summary;
}
