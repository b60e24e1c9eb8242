// One session as one file tells it: knows which of its events the store has already, and writes the others. The session
// is opened with the first event that is new, so an import that finds nothing new leaves no trace.

import { TracekeepError } from "../base/errors.ts";
import type { EventSource } from "../event/index.ts";
import type { Session, Store } from "../record/index.ts";
import { sourceKeyOf } from "./holdings.ts";
import type { Holdings } from "./holdings.ts";
import type { ImportedSession, Translated } from "./importer.ts";
import type { KeyTable } from "./key-table.ts";

/** What a session writer works with, the same for all sessions of a file. */
export interface WriterContext {
  store: Store;
  holdings: Holdings;
  /** The importer's name. */
  origin: string;
  /** When the file was last written to, RFC 3339: the time of events when there is no other. */
  fileTime: string;
}

export class SessionWriter {
  readonly imported: ImportedSession;
  readonly #context: WriterContext;
  /** How far this file was read into the session. */
  readonly #cursor: EventSource | undefined;
  /** The session's events by their records' ids: asked where the file has no cursor, because it may be a copy. */
  readonly #byId: KeyTable | undefined;
  #session: Session | undefined;
  /** Time of the session's last event that had one of its own. */
  #time: string;

  /** @param cursor the last source of this file in the session, when the file still has that record there */
  constructor(imported: ImportedSession, cursor: EventSource | undefined, context: WriterContext) {
    this.imported = imported;
    this.#context = context;
    this.#cursor = cursor;
    const isThere = context.holdings.originOf(imported.id) !== undefined;
    this.#byId = cursor === undefined && isThere ? context.holdings.eventsOf(imported.id) : undefined;
    this.#time = imported.startedAt ?? context.fileTime;
  }

  /**
   * Writes an event unless the store has it.
   *
   * @returns whether it was written
   * @throws TracekeepError when it is new and could not be written; nothing behind it may be written then
   */
  put(event: Omit<Translated, "session">, source: EventSource): boolean {
    const { draft, copyKey } = event;
    const timeInferred = draft.timestamp === undefined;
    if (timeInferred) draft.timestamp = this.#time;
    else this.#time = String(draft.timestamp);
    if (this.#isKnown(source)) return false;
    const copyOf = copyKey === undefined ? undefined : this.#copyOf(copyKey);
    const session = (this.#session ??= this.#open());
    session.log(draft, { source, copyOf, timeInferred: timeInferred ? true : undefined });
    const { lastError } = session.status();
    if (lastError !== undefined) throw lastError;
    return true;
  }

  /** Hands what was written to the kernel. @throws TracekeepError */
  flush(): void {
    this.#session?.flush();
  }

  /** Lets go of the session; a later event opens it again. @throws TracekeepError */
  close(options: { sync: boolean }): void {
    const session = this.#session;
    this.#session = undefined;
    try {
      if (options.sync) session?.sync();
    } finally {
      session?.close();
    }
  }

  // --- internal ---

  #isKnown(source: EventSource): boolean {
    const cursor = this.#cursor;
    if (cursor !== undefined) {
      if (source.offset !== cursor.offset) return source.offset < cursor.offset;
      return cursor.part === undefined || (source.part !== undefined && source.part <= cursor.part);
    }
    const key = sourceKeyOf(source);
    return key !== undefined && this.#byId?.has(key) === true;
  }

  /** The other session that has the same call; without one, the call is this session's from now on. */
  #copyOf(copyKey: string): string | undefined {
    const { holdings } = this.#context;
    const holder = holdings.holderOf(copyKey);
    if (holder === undefined) holdings.hold(copyKey, this.imported.id);
    return holder === this.imported.id ? undefined : holder;
  }

  #open(): Session {
    try {
      return this.#openOrStart();
    } catch (error) {
      // What a transcript calls its session may be longer than an id can be. That is the transcript's fault.
      if (!(error instanceof RangeError)) throw error;
      throw new TracekeepError("BAD_EVENT", error.message, { path: this.#context.store.dir, cause: error });
    }
  }

  #openOrStart(): Session {
    const { store, holdings, origin, fileTime } = this.#context;
    const { id, agent, parent, title, project, startedAt } = this.imported;
    const present = holdings.originOf(id);
    if (present === undefined) {
      const session = store.startSession({
        id,
        agent,
        parent,
        title,
        project,
        origin,
        startedAt: startedAt ?? fileTime,
        durability: "os",
      });
      holdings.add(id, origin, session.file);
      return session;
    }
    if (present !== origin && present !== "") {
      throw new TracekeepError(
        "SESSION_EXISTS",
        `the session ${id} is in the store already, from "${present}"`,
        {
          path: store.dir,
          hint: "import into another store: --dir DIR",
        },
      );
    }
    return store.openSession(id, { durability: "os" });
  }
}
