// A store open for writing: starts sessions and goes on with them.

import { ioError, TracekeepError } from "../base/errors.ts";
import { uuidv7 } from "../base/ids.ts";
import { checkObject, checkOptionNames } from "../base/options.ts";
import { FORMAT_VERSION, parseTimestamp } from "../event/index.ts";
import type { Event } from "../event/index.ts";
import { formatSessionFileName, sessionFileNames } from "../format/index.ts";
import { hubOf } from "../live/index.ts";
import { warnOnce } from "../sinks/fault.ts";
import type { OnFault } from "../sinks/fault.ts";
import { IsolatedSink } from "../sinks/isolated.ts";
import type { Durability } from "../store/append/durability.ts";
import { findLeftSpills } from "../store/append/spill-file.ts";
import { nodeDisk } from "../store/disk/disk.ts";
import type { FileLockOptions } from "../store/disk/file-lock.ts";
import { segmentNumber } from "../store/layout.ts";
import { healAbandonedSessions, needsHealing } from "../store/ledger/heal.ts";
import { Ledger } from "../store/ledger/ledger.ts";
import { OpenSessions } from "../store/ledger/open-sessions.ts";
import { changeSettings } from "../store/lifecycle/enforcement.ts";
import { retain } from "../store/lifecycle/retain.ts";
import type { RetentionReport } from "../store/lifecycle/retain.ts";
import { readSettings } from "../store/lifecycle/settings.ts";
import type { SettingsChange, StoreSettings } from "../store/lifecycle/settings.ts";
import { storeStats } from "../store/lifecycle/store-stats.ts";
import type { StoreStats } from "../store/lifecycle/store-stats.ts";
import { SessionCatalog } from "../store/session/catalog.ts";
import type { SessionLogFile } from "../store/session/catalog.ts";
import { findOrCreateStore } from "../store/session/find.ts";
import { IndexJournal } from "../store/session/index-journal.ts";
import { createSessionLog, openSessionLog, openSessionLogBehind } from "../store/session/open-session-log.ts";
import { createWholeLog } from "../store/session/segment.ts";
import type { SessionLog, SessionLogOptions } from "../store/session/session-log.ts";
import { Archiver } from "./archiver.ts";
import { currentSession } from "./context.ts";
import { Creations } from "./creations.ts";
import { checkSessionOptions, checkStoreOptions } from "./options.ts";
import type { SessionOptions, StoreOptions } from "./options.ts";
import { firstOf, restoredLines } from "./restore.ts";
import type { RestoredSession, RestoreOptions } from "./restore.ts";
import { RetentionSchedule } from "./retention-schedule.ts";
import { SessionMaker } from "./session-maker.ts";
import type { Session } from "./session.ts";
import { startDraft } from "./start.ts";
import { orSayWho, whenFree } from "./when-free.ts";

/** How to open a session that somebody else may be writing. */
export interface WaitOptions extends FileLockOptions {
  /** What a receipt means. Default: the store's. */
  durability?: Durability | undefined;
}

/** What of a session's options is not written down in it. */
type OpenOptions = Pick<SessionOptions, "durability" | "detectors" | "onAnomaly">;

/**
 * Opens the store for writing, creating it when there is none, and heals sessions that dead processes left unfinished.
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
  readonly #ledger: Ledger;
  readonly #creations: Creations;
  readonly #maker: SessionMaker;
  readonly #journal: IndexJournal;
  readonly #archiver: Archiver;
  readonly #schedule: RetentionSchedule | undefined;
  #closesWhenIdle = false;

  constructor(options: StoreOptions) {
    this.#options = checkStoreOptions(options);
    this.dir = findOrCreateStore(this.#options);
    this.#catalog = new SessionCatalog(this.dir);
    this.#creations = new Creations(this.dir, this.#catalog);
    const onFault = this.#options.onFault ?? warnOnce(`the ledger of ${this.dir}`);
    this.#ledger = new Ledger(this.dir, onFault);
    this.#journal = new IndexJournal(this.dir);
    this.#archiver = new Archiver(this.dir, this.#ledger, onFault);
    const opened = new OpenSessions(this.#ledger.path);
    this.#maker = new SessionMaker({
      dir: this.dir,
      options: this.#options,
      catalog: this.#catalog,
      hub: hubOf(this.dir),
      ledger: this.#ledger,
      opened,
      journal: this.#journal,
      archiver: this.#archiver,
      startSession: (session) => this.startSession(session),
      onIdle: () => {
        if (this.#closesWhenIdle) this.close();
        // Whoever has closed the last session may take the store away in the same turn.
        else this.#ledger.flush();
      },
    });
    // Settings or options that redaction cannot work with are refused here, not with the first session.
    this.#maker.newRedactor();
    healAbandonedSessions(this.dir, opened, this.#ledger, onFault);
    this.#takeInLeftSpills();
    if (this.#options.keepSchedule) this.#schedule = new RetentionSchedule(this.dir, onFault);
  }

  /**
   * Starts a session: creates its log with START in it.
   *
   * @throws TypeError, RangeError for bad options; TracekeepError `SESSION_EXISTS` when the id is taken
   */
  startSession(options: SessionOptions = {}): Session {
    checkObject("startSession", "options", options);
    const { parent = currentSession()?.id } = options;
    const checked = checkSessionOptions({ ...options, parent }, this.#options);
    // A fresh UUID cannot be taken. An id of the caller's choice can, so looking and creating are one step under a lock.
    if (checked.id === undefined) return this.#start(uuidv7(Date.now()), checked);
    const { id } = checked;
    return this.#creations.ofNew(id, () => this.#start(id, checked));
  }

  /**
   * Starts the session for which the store was opened: when it and those started in it are closed, so is the store.
   *
   * @throws as {@link startSession} does
   * @internal
   */
  startOwnSession(options: SessionOptions): Session {
    try {
      return this.startSession(options);
    } catch (error) {
      this.close();
      throw error;
    } finally {
      this.#closesWhenIdle = true;
    }
  }

  /**
   * Goes on with a session that exists: waits for nobody, heals what a dead writer left, and writes RESUMED with the
   * first event.
   *
   * @throws TracekeepError `NO_SESSION`, `FORMAT_TOO_NEW`; `SESSION_BUSY`, which names the process that is writing it
   */
  openSession(id: string, options: { durability?: Durability | undefined } = {}): Session {
    checkOptionNames("openSession", options, ["durability"]);
    return orSayWho(() => this.#open(id, options));
  }

  /**
   * The same, but waits while another writer has the session: up to `timeoutMs` (default 5,000), looking again every
   * 50 ms at the latest.
   *
   * @throws TracekeepError as {@link openSession} does; the signal's reason when it is aborted
   * @example const session = await store.openSessionWhenFree("deploy-42", { timeoutMs: 60_000 });
   */
  openSessionWhenFree(id: string, options: WaitOptions = {}): Promise<Session> {
    const { durability, ...wait } = options;
    return whenFree(() => this.#open(id, { durability }), wait);
  }

  /** Goes on with the session `id`, or starts it. */
  openOrStartSession(options: SessionOptions & { id: string }): Session {
    return orSayWho(() => this.#openOrStart(options));
  }

  /** The same, but waits while another writer has the session, as {@link openSessionWhenFree} does. */
  openOrStartSessionWhenFree(
    options: SessionOptions & { id: string },
    wait: FileLockOptions = {},
  ): Promise<Session> {
    return whenFree(() => this.#openOrStart(options), wait);
  }

  /**
   * Puts a session into the store that was recorded elsewhere: the same events, ids, times and numbers, so that its log
   * has the same lines. Returns when it is on the medium; the session is there whole or not at all. Costs about 10 µs an
   * event and no memory.
   *
   * @param events all of the session's, in order; iterated twice. A stream of a reader will do
   * @throws TracekeepError `SESSION_EXISTS`; `BAD_EVENT` for events that cannot be stored as they are; RangeError
   * @example
   * const there = openReader({ dir: "backup/.tracekeep" });
   * openStore().restoreSession(there.events({ session: "deploy-42" }));
   */
  restoreSession(events: Iterable<Event>, options: RestoreOptions = {}): RestoredSession {
    checkOptionNames("restoreSession", options, ["id"]);
    const first = firstOf(events);
    const { id = first.sessionId } = options;
    checkSessionOptions({ id, agent: first.agentId }, this.#options);
    const names = sessionFileNames(id, first.agentId, first.startMs).map(formatSessionFileName);
    return this.#creations.ofNew(id, () => {
      const original = this.#catalog.find(first.sessionId) === undefined ? undefined : first.sessionId;
      const copy = id === first.sessionId ? undefined : { id, of: original };
      const redactor = this.#maker.newRedactor();
      let lines = 0;
      const counted = function* (): Generator<Buffer, void, undefined> {
        lines = yield* restoredLines(events, copy, redactor);
      };
      const file = createWholeLog(nodeDisk, this.dir, names, counted());
      this.#catalog.add(file);
      const session = { sessionId: id, agentId: first.agentId, file };
      this.#ledger.sessionOpened(session, { resumed: false });
      this.#ledger.sessionClosed(session, "closed", lines);
      return { ...session, events: lines };
    });
  }

  /** Sessions of this process that are open. */
  get openSessions(): readonly Session[] {
    return [...this.#maker.sessions];
  }

  /**
   * What the store is told to do with its logs: retention, rotation, legal hold. Read anew each time.
   *
   * @throws TracekeepError `BAD_STORE` when its `settings.json` cannot be understood
   */
  get settings(): StoreSettings {
    return readSettings(this.dir);
  }

  /**
   * Changes some of the settings and resolves to all of them. The ledger says what they were and are. Rotation applies to
   * sessions that are opened from now on, retention from its next run on.
   *
   * @throws TypeError, RangeError naming the setting that cannot be; TracekeepError when they cannot be written
   * @example await store.updateSettings({ retention: { archive_retention_days: 184, rotation_schedule: "daily" } });
   */
  updateSettings(change: SettingsChange): Promise<StoreSettings> {
    return changeSettings(this.dir, change);
  }

  /**
   * Moves and deletes now what the settings ask for, whatever the schedule. See {@link RetentionReport} for what became
   * of each segment.
   *
   * @throws TracekeepError `LOCK_TIMEOUT` while another process is doing it
   * @example const { steps } = await store.retain({ dryRun: true });
   */
  retain(
    options: { dryRun?: boolean | undefined; signal?: AbortSignal | undefined } = {},
  ): Promise<RetentionReport> {
    checkOptionNames("retain", options, ["dryRun", "signal"]);
    return retain(this.dir, this.settings, options);
  }

  /** How many segments there are, in and outside the archive, and what they take. About 13 µs a segment. */
  stats(): StoreStats {
    return storeStats(this.#catalog.refresh());
  }

  /**
   * Closes every session that is still open, without ending it. A retention run in the background stops where it is.
   *
   * @throws TracekeepError of the first session that could not be written out, when all are closed
   */
  close(): void {
    this.#schedule?.stop();
    this.#archiver.stop();
    const errors: unknown[] = [];
    for (const session of this.#maker.sessions) {
      try {
        session.close();
      } catch (error) {
        errors.push(error);
      }
    }
    this.#journal.close();
    this.#ledger.close();
    if (errors.length > 0) throw errors[0];
  }

  /** Closes the store and flushes the sinks beside it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    const onFault = this.#options.onFault ?? warnOnce("a sink beside the store");
    await Promise.all(this.#options.sinks.map((sink) => new IsolatedSink(sink, onFault).flush()));
  }

  // --- internal ---

  #open(id: string, options: OpenOptions): Session {
    const checked = checkSessionOptions({ id, ...options }, this.#options);
    const file = this.#catalog.find(id) ?? this.#catalog.refresh().find(id);
    if (file === undefined) {
      throw new TracekeepError("NO_SESSION", `there is no session "${id}"`, {
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
    return this.#maker.make({
      id,
      agentId: file.agentId,
      exists: true,
      options: checked,
      openLog: (logOptions) => {
        if (file.archived) return this.#openBehind(file, logOptions);
        const torn = needsHealing(file.path);
        const log = openSessionLog(file.path, logOptions);
        const session = { sessionId: id, agentId: file.agentId, file: log.path };
        if (torn) this.#ledger.sessionRecovered(session, log.nextSeq - 1);
        return log;
      },
    });
  }

  /** Goes on with a session whose last segment is in the archive. One process does, the others find what it began. */
  #openBehind({ sessionId, agentId }: SessionLogFile, logOptions: SessionLogOptions): SessionLog {
    return this.#creations.underLock(() => {
      const last = this.#catalog.refresh().find(sessionId);
      if (last?.archived === false) return openSessionLog(last.path, logOptions);
      if (last === undefined) {
        throw new TracekeepError("NO_SESSION", `the session ${sessionId} has just been deleted`, {
          path: this.dir,
        });
      }
      const log = openSessionLogBehind(last.path, logOptions);
      const header = { segment: segmentNumber(log.path), first_seq: log.nextSeq - 1 };
      this.#ledger.segmentSwitched({ sessionId, agentId, file: log.path }, header);
      return log;
    });
  }

  #openOrStart(options: SessionOptions & { id: string }): Session {
    const { id, durability, detectors, onAnomaly } = options;
    for (;;) {
      try {
        return this.#open(id, { durability, detectors, onAnomaly });
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

  /** Events that an earlier writer could not write and left in a spill file: opening a session takes them in. */
  #takeInLeftSpills(): void {
    const { directory } = this.#options.spill ?? {};
    if (directory === undefined) return;
    const onFault = this.#options.onFault ?? warnOnce(`the spill of ${this.dir}`);
    try {
      const left = findLeftSpills(directory, this.dir);
      for (const id of new Set(left.map(({ sessionId }) => sessionId))) this.#takeInSpillOf(id, onFault);
    } catch (error) {
      // A folder that cannot be read must not keep anybody from recording.
      onFault(
        error instanceof TracekeepError ? error : ioError("look for spilled events in", directory, error),
      );
    }
  }

  #takeInSpillOf(id: string, onFault: OnFault): void {
    try {
      this.openSession(id).close();
    } catch (error) {
      // It has a writer that is alive, or no log yet. They stay where they are.
      if (!(error instanceof TracekeepError)) throw error;
      if (error.code !== "SESSION_BUSY") onFault(error);
    }
  }

  #start(id: string, options: ReturnType<typeof checkSessionOptions>): Session {
    const startMs =
      (options.startedAt === undefined ? undefined : parseTimestamp(options.startedAt)) ?? Date.now();
    const names = sessionFileNames(id, options.agent, startMs).map(formatSessionFileName);
    return this.#maker.make({
      id,
      agentId: options.agent,
      exists: false,
      options,
      openLog: (logOptions, drafts) => {
        const redactor = this.#maker.newRedactor();
        const start = startDraft(options, options.durability, redactor, logOptions.sealer?.vkey);
        return createSessionLog(this.dir, names, drafts.read(start), logOptions);
      },
    });
  }
}
