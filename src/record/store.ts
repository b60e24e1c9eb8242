// A store open for writing: starts sessions and goes on with them.

import * as fs from "node:fs";
import path from "node:path";

import { ioError, TracekeepError } from "../base/errors.ts";
import { uuidv7 } from "../base/ids.ts";
import { FORMAT_VERSION, parseTimestamp } from "../event/index.ts";
import type { EventDraft } from "../event/index.ts";
import { decodeLine, formatSessionFileName, sessionFileNames } from "../format/index.ts";
import { Redactor } from "../redact/index.ts";
import { SessionCatalog } from "../store/catalog.ts";
import { nodeDisk } from "../store/disk.ts";
import type { Durability } from "../store/durability.ts";
import { openLedger } from "../store/evidence-ledger.ts";
import type { EvidenceLedger } from "../store/evidence-ledger.ts";
import { findOrCreateStore } from "../store/find.ts";
import { STORE_LOCK, FILE_MODE } from "../store/layout.ts";
import { readLines } from "../store/line-reader.ts";
import { waitForLock } from "../store/lock.ts";
import { Sealer } from "../store/sealer.ts";
import { SessionLog } from "../store/session-log.ts";
import type { SessionLogOptions } from "../store/session-log.ts";
import { warnOnce } from "../sinks/fault.ts";
import type { OnFault } from "../sinks/fault.ts";
import { IsolatedSink } from "../sinks/isolated.ts";
import { foldEvent, newSummary } from "../summary/index.ts";
import type { SessionSummary } from "../summary/index.ts";
import { currentSession } from "./context.ts";
import { Copies } from "./copies.ts";
import { DraftReader } from "./draft.ts";
import { EventEncoder } from "./encoder.ts";
import { checkSessionOptions, checkStoreOptions } from "./options.ts";
import type { SessionOptions, StoreOptions } from "./options.ts";
import { Session } from "./session.ts";
import { unwatchProcessEnd, watchProcessEnd } from "./shutdown.ts";
import { resumedDraft, startDraft } from "./start.ts";

/**
 * Opens the store for writing, creating it when there is none.
 *
 * @throws TypeError, RangeError for bad options; TracekeepError when the store cannot be used
 * @example
 * const store = openStore();
 * const session = store.startSession({ agent: "builder" });
 */
export function openStore(options: StoreOptions = {}): Store {
  return new Store(options);
}

export class Store {
  /** The store's folder. */
  readonly dir: string;
  readonly #options: ReturnType<typeof checkStoreOptions>;
  readonly #catalog: SessionCatalog;
  readonly #sessions = new Set<Session>();
  #ledger: EvidenceLedger | undefined;
  /** Length of the lock file when this process last held it. */
  #creationsSeen = -1;

  constructor(options: StoreOptions) {
    this.#options = checkStoreOptions(options);
    this.dir = findOrCreateStore(this.#options);
    this.#catalog = new SessionCatalog(this.dir);
  }

  /**
   * Starts a session: creates its log with START in it.
   *
   * @throws TypeError, RangeError for bad options; TracekeepError `SESSION_EXISTS` when the id is taken
   */
  startSession(options: SessionOptions = {}): Session {
    const checked = checkSessionOptions({ parent: currentSession()?.id, ...options }, this.#options);
    // A fresh UUID cannot be taken. An id of the caller's choice can, so looking and creating are one step under a lock.
    if (checked.id === undefined) return this.#start(uuidv7(Date.now()), checked);
    const { id } = checked;
    return this.#creating(() => {
      if (this.#catalog.find(id) !== undefined) {
        throw new TracekeepError("SESSION_EXISTS", `there is a session ${id} already`, {
          path: this.dir,
          hint: "go on with it by openSession(id), or choose another id",
        });
      }
      return this.#start(id, checked);
    });
  }

  /**
   * Goes on with a session that exists: waits for nobody, heals what a dead writer left, and writes RESUMED with the
   * first event.
   *
   * @throws TracekeepError `NO_SESSION`, `SESSION_BUSY`, `FORMAT_TOO_NEW`
   */
  openSession(id: string, options: { durability?: Durability } = {}): Session {
    const { durability } = checkSessionOptions({ id, durability: options.durability }, this.#options);
    const file = this.#catalog.find(id) ?? this.#catalog.refresh().find(id);
    if (file === undefined) {
      throw new TracekeepError("NO_SESSION", `there is no session ${id}`, {
        path: this.dir,
        hint: "list them with: tracekeep sessions",
      });
    }
    if (file.format > FORMAT_VERSION) {
      throw new TracekeepError(
        "FORMAT_TOO_NEW",
        `the session ${id} has format ${file.format}, newer than this program`,
        {
          path: file.path,
          hint: "read it as it is, or update tracekeep before adding to it",
        },
      );
    }
    return this.#session(
      id,
      file.agentId,
      durability,
      (logOptions) => SessionLog.open(file.path, logOptions),
      true,
    );
  }

  /** Goes on with the session `id`, or starts it. */
  openOrStartSession(options: SessionOptions & { id: string }): Session {
    for (;;) {
      try {
        return this.openSession(
          options.id,
          options.durability === undefined ? {} : { durability: options.durability },
        );
      } catch (error) {
        if (!(error instanceof TracekeepError && error.code === "NO_SESSION")) throw error;
      }
      try {
        return this.startSession(options);
      } catch (error) {
        // Someone else started it between the two looks; then it can be opened.
        if (!(error instanceof TracekeepError && error.code === "SESSION_EXISTS")) throw error;
      }
    }
  }

  /** Sessions of this process that are open. */
  get openSessions(): readonly Session[] {
    return [...this.#sessions];
  }

  /** Closes every session that is still open, without ending it. */
  close(): void {
    for (const session of this.#sessions) session.close();
  }

  /** Closes the store and flushes the sinks beside it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    const onFault = this.#options.onFault ?? warnOnce("a sink beside the store");
    await Promise.all(this.#options.sinks.map((sink) => new IsolatedSink(sink, onFault).flush()));
  }

  // --- internal ---

  #start(id: string, options: ReturnType<typeof checkSessionOptions>): Session {
    const startMs =
      (options.startedAt === undefined ? undefined : parseTimestamp(options.startedAt)) ?? Date.now();
    const names = sessionFileNames(id, options.agent, startMs).map(formatSessionFileName);
    const create = (logOptions: SessionLogOptions, drafts: DraftReader): SessionLog => {
      const redactor = new Redactor(this.#options.redaction);
      const start = startDraft(options, options.durability, redactor, logOptions.sealer?.vkey);
      return SessionLog.create(this.dir, names, drafts.read(start), logOptions);
    };
    return this.#session(id, options.agent, options.durability, create, false);
  }

  #session(
    id: string,
    agentId: string,
    durability: Durability,
    openLog: (options: SessionLogOptions, drafts: DraftReader) => SessionLog,
    exists: boolean,
  ): Session {
    const redactor = new Redactor(this.#options.redaction);
    const drafts = new DraftReader(this.#options.clock, redactor);
    let live: SessionSummary | undefined = exists ? undefined : newSummary(id, agentId);
    const onFault = this.#options.onFault ?? warnOnce(`session ${id}`);
    const copies = this.#copies(id, agentId, onFault, (draft) => {
      if (session.status().open) session.log(draft);
    });
    const sealer = this.#sealer(id, onFault);
    const log = openLog(
      {
        sessionId: id,
        agentId,
        durability,
        maxLineBytes: this.#options.maxLineBytes,
        onAppend: (parts) => {
          if (live !== undefined) foldEvent(live, parts, parts.body);
          copies?.add(parts);
        },
        onLost: () => {
          // What was folded is no longer what is in the log, so END will read the log instead.
          live = undefined;
          copies?.lost();
        },
        onFault,
        sealer,
      },
      drafts,
    );
    copies?.attach(log);
    this.#catalog.add(log.path);
    const session: Session = new Session({
      id,
      agentId,
      log,
      drafts,
      redactor,
      copies,
      resumed: exists ? resumedDraft(durability, redactor, sealer?.vkey) : undefined,
      summary: () => live ?? foldLog(log.path, id),
      onFault,
      onClose: (closed) => {
        this.#sessions.delete(closed);
        unwatchProcessEnd(closed);
      },
    });
    this.#sessions.add(session);
    watchProcessEnd(session, this.#options.handleSignals !== false);
    return session;
  }

  /** Undefined where nothing is sealed: by choice, or because ledger or key fail, which is told and stops nobody. */
  #sealer(sessionId: string, onFault: OnFault): Sealer | undefined {
    if (!this.#options.seals) return undefined;
    try {
      this.#ledger ??= openLedger(nodeDisk, this.dir, this.#options.env);
      return new Sealer({ disk: nodeDisk, sessionId, ledger: this.#ledger, onFault });
    } catch (error) {
      onFault(error instanceof TracekeepError ? error : ioError("open the ledger in", this.dir, error));
      return undefined;
    }
  }

  #copies(
    id: string,
    agentId: string,
    onFault: OnFault,
    record: (draft: EventDraft) => void,
  ): Copies | undefined {
    const { sinks, maxLineBytes } = this.#options;
    if (sinks.length === 0) return undefined;
    return new Copies(sinks, new EventEncoder(id, agentId, maxLineBytes), onFault, record);
  }

  /**
   * Runs `create` for an id of the caller's choice, under the store's lock and with a catalog that knows every such id.
   * The lock file grows by a byte for each creation: while it is as long as this process left it, nobody else has
   * created one, and looking through the folder again (10 ms at 10,000 sessions) can be saved.
   */
  #creating<T>(create: () => T): T {
    const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW } = fs.constants;
    const file = path.join(this.dir, STORE_LOCK);
    const fd = fs.openSync(file, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW, FILE_MODE);
    try {
      waitForLock(fd);
      const creations = fs.fstatSync(fd).size;
      if (creations !== this.#creationsSeen) this.#catalog.refresh();
      // Counted before it is done: a creation that fails costs others a look, one that is missed would cost an id.
      fs.writeSync(fd, ".");
      this.#creationsSeen = creations + 1;
      return create();
    } finally {
      fs.closeSync(fd);
    }
  }
}

// --- internal ---

function foldLog(file: string, sessionId: string): SessionSummary {
  const summary = newSummary(sessionId);
  for (const line of readLines(file)) {
    const decoded = "bytes" in line ? decodeLine(line.bytes) : undefined;
    if (decoded?.kind === "event") foldEvent(summary, decoded.event, decoded.event);
  }
  return summary;
}
