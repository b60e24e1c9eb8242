// Keeps an index up to date while sessions are written: each update reads what was added to one session since the last
// one and adds one line, however many sessions there are.

import path from "node:path";

import type { Event } from "../event/index.ts";
import { formatSessionFileName, sessionFileNames } from "../format/index.ts";
import { SessionCatalog } from "../store/catalog.ts";
import { appendSummaryLine } from "../store/summary-file.ts";
import { instantOf } from "../summary/index.ts";
import { ReadReport } from "./report.ts";
import { foldWhole } from "./session-fold.ts";
import { encodeEntry } from "./session-index.ts";
import type { FoldedSession } from "./session-index.ts";
import { sessionsOf } from "./session-logs.ts";

export class SessionIndexer {
  readonly #dir: string;
  readonly #catalog: SessionCatalog;
  /** What has been read of the sessions that are followed. */
  readonly #folded = new Map<string, FoldedSession>();

  /** @param dir the store's folder */
  constructor(dir: string) {
    this.#dir = dir;
    this.#catalog = new SessionCatalog(dir);
  }

  /**
   * Writes down what a session adds up to by now. A session with damage is left out, as every index does.
   *
   * @param start its first event: tells where its log is, which is looked for in the whole store otherwise
   * @throws what `fs` throws when the line cannot be written: the index is what it was, and no answer is wrong
   */
  update(sessionId: string, start?: Event): void {
    if (start !== undefined) this.#lookFor(sessionId, start);
    let files = this.#catalog.filesOf(sessionId);
    if (files.length === 0) files = this.#catalog.refresh().filesOf(sessionId);
    const [session] = sessionsOf(new Map([[sessionId, files]]));
    if (session === undefined || files.length === 0) return;
    const report = new ReadReport();
    const known = this.#folded.get(sessionId);
    const steps = foldWhole(session, known === undefined ? undefined : { ...known, hasMore: true }, report);
    let step = steps.next();
    while (step.done !== true) step = steps.next();
    const isSound = report.skippedCount === 0 && report.superseded === 0;
    const line = isSound ? encodeEntry(session, step.value) : undefined;
    // Its files were moved, or are damaged: the next time, all is looked at anew.
    if (line === undefined) return this.forget(sessionId);
    this.#folded.set(sessionId, step.value);
    appendSummaryLine(this.#dir, line);
  }

  /** Follows a session no more. */
  forget(sessionId: string): void {
    this.#folded.delete(sessionId);
    for (const file of this.#catalog.filesOf(sessionId)) this.#catalog.remove(file.path);
  }

  // --- internal ---

  /** Looks under the names that a new session takes. */
  #lookFor(sessionId: string, { agent_id: agentId, timestamp }: Event): void {
    for (const name of sessionFileNames(sessionId, String(agentId), instantOf(timestamp))) {
      if (this.#catalog.filesOf(sessionId).length > 0) return;
      this.#catalog.add(path.join(this.#dir, formatSessionFileName(name)));
    }
  }
}
