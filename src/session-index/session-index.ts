// Sentinel's SessionIndexManager over a store. Everything it is told becomes events first, so that whatever happens to the
// index, building it again gives the same.

import * as fs from "node:fs";
import path from "node:path";

import { TracekeepError } from "../base/errors.ts";
import { checkOptionNames, describe, numberOption } from "../base/options.ts";
import { openReader } from "../read/index.ts";
import type { Reader } from "../read/index.ts";
import type { Session, SessionOptions, Store } from "../record/index.ts";
import { INDEX_DIRECTORY, SESSION_INDEX } from "../store/layout.ts";
import { foldIndex } from "./build.ts";
import type { SessionIndexData } from "./build.ts";
import type { IndexedAnomaly } from "./entry.ts";

/** What a caller knows of a session that its events do not tell. Counts are taken from the events, never from here. */
export interface SessionUpdate {
  /** Added to those that are known; one of the same type, time and details is known already. */
  anomalies?: readonly IndexedAnomaly[] | undefined;
  /** 0 to 100, in place of the one that is computed. */
  health_score?: number | undefined;
  /** Added to, or in place of, those that are computed. */
  metrics?: Readonly<Record<string, number>> | undefined;
}

/**
 * @example
 * const index = new SessionIndex(store);
 * index.register("deploy-42", { agent: "Claude-Orch-Prime-20260106-c614" });
 * await index.update("deploy-42", { health_score: 85 });
 * index.close("deploy-42");
 * const { summary } = await index.load();
 */
export class SessionIndex {
  readonly #store: Store;
  readonly #reader: Reader;

  constructor(store: Store) {
    this.#store = store;
    this.#reader = openReader({ dir: store.dir });
  }

  /** The index's file. It is derived, and written by {@link load} and {@link rebuild}. */
  get file(): string {
    return path.join(this.#store.dir, SESSION_INDEX);
  }

  /**
   * The index as it is now. Reads only what an index does not know yet, and writes it down; an index that is missing,
   * stale or damaged costs time and changes nothing.
   */
  load(): Promise<SessionIndexData> {
    return foldIndex(this.#reader);
  }

  /** The same from the logs alone, about 300 MB a second; a log costs some 0.1 ms besides. */
  async rebuild(): Promise<SessionIndexData> {
    fs.rmSync(path.join(this.#store.dir, INDEX_DIRECTORY), { recursive: true, force: true });
    return await foldIndex(this.#reader);
  }

  /**
   * Starts a session, unless it is there. Close it by {@link close}, or go on with it by `store.openSession(id)`.
   *
   * @returns its file
   * @throws TypeError, RangeError for bad options; TracekeepError when it cannot be created
   */
  register(id: string, options: Omit<SessionOptions, "id"> = {}): string {
    try {
      const [file] = this.#find(id).files;
      if (file !== undefined) return file;
    } catch (error) {
      if (!(error instanceof TracekeepError && error.code === "NO_SESSION")) throw error;
    }
    return this.#store.startSession({ ...options, id }).file;
  }

  /**
   * Records what a caller knows of a session: anomalies as ANOMALY_DETECTED, the rest as SESSION_METRICS. What is recorded
   * already is not recorded again.
   *
   * @throws TypeError, RangeError for what cannot be; TracekeepError `NO_SESSION`, `SESSION_BUSY`
   */
  async update(id: string, update: SessionUpdate): Promise<void> {
    checkUpdate(update);
    const { session_id: sessionId, ended_at: endedAt, ended_reason: reason } = this.#find(id);
    const { health_score: score, metrics, anomalies = [] } = update;
    const known = (await this.load()).sessions.find((each) => each.session_id === sessionId);
    const isKnown = (anomaly: IndexedAnomaly): boolean =>
      known?.anomalies.some((each) => keyOf(each) === keyOf(anomaly)) === true;
    const fresh = anomalies.filter((anomaly) => !isKnown(anomaly));
    const isSet =
      (score === undefined || known?.health_score === score) &&
      Object.entries(metrics ?? {}).every(([name, value]) => known?.metrics[name] === value);
    if (fresh.length === 0 && isSet) return;
    this.#writing(sessionId, (session) => {
      for (const anomaly of fresh) session.log({ event: "ANOMALY_DETECTED", anomaly });
      if (!isSet) session.log({ event: "SESSION_METRICS", health_score: score, metrics });
      // What is said of a session that has ended does not begin it again.
      if (endedAt !== null) session.end(reason ?? "NORMAL");
      else session.flush();
    });
  }

  /**
   * Ends a session, unless it has ended.
   *
   * @throws TracekeepError `NO_SESSION`, `SESSION_BUSY`
   */
  close(id: string, reason = "NORMAL"): void {
    const { session_id: sessionId, ended_at: endedAt } = this.#find(id);
    if (endedAt === null) this.#writing(sessionId, (session) => session.end(reason));
  }

  // --- internal ---

  /** By its id and nothing else: what begins like it is another session. */
  #find(id: string): ReturnType<Reader["session"]>["session"] {
    const { session, matched } = this.#reader.session(id);
    if (matched === "id") return session;
    throw new TracekeepError("NO_SESSION", `there is no session "${id}"`, {
      path: this.#store.dir,
      hint: "register it first",
    });
  }

  #writing(id: string, write: (session: Session) => void): void {
    const open = this.#store.openSessions.find((session) => session.id === id);
    if (open !== undefined) return write(open);
    const session = this.#store.openSession(id);
    try {
      write(session);
    } finally {
      session.close();
    }
  }
}

// --- internal ---

function checkUpdate(update: SessionUpdate): void {
  checkOptionNames("update", update, ["anomalies", "health_score", "metrics"]);
  const { anomalies, health_score: score, metrics = {} } = update;
  numberOption("update", "health_score", score, { min: 0, max: 100, default: 0 });
  if (anomalies !== undefined && !Array.isArray(anomalies))
    throw new TypeError(`update: anomalies must be an array, got ${describe(anomalies)}`);
  for (const [name, value] of Object.entries(metrics))
    if (!Number.isFinite(value))
      throw new TypeError(`update: metrics.${name} must be a number, got ${describe(value)}`);
}

function keyOf({ type, detected_at: at, details }: IndexedAnomaly): string {
  return JSON.stringify([type, at, details]);
}
