// One session as one file tells it: knows which of its events the store has already, and writes the others. The session
// is opened with the first event that is new, so an import that finds nothing new leaves no trace.

import { TracekeepError } from "../base/errors.ts";
import type { EventDraft, EventSource } from "../event/index.ts";
import type { Provenance, Session, Store } from "../record/index.ts";
import { isInSpool } from "../store/session/spool.ts";
import { sourceKeyOf } from "./holdings.ts";
import type { Holdings } from "./holdings.ts";
import type { ImportedSession, Translated } from "./importer.ts";
import type { KeyTable } from "./key-table.ts";
import { isPromptKey } from "./stamp.ts";
import { cursorIn } from "./unchanged.ts";

/** What a session writer works with, the same for all sessions of a file. */
export interface WriterContext {
  store: Store;
  holdings: Holdings;
  /** Path of the file. */
  file: string;
  /** The importer's name. */
  origin: string;
  /** When the file was last written to, RFC 3339: the time of events when there is no other. */
  fileTime: string;
  /** When the file was imported in full, if it has only grown since; milliseconds since 1970. */
  importedAtMs?: number | undefined;
}

export class SessionWriter {
  readonly imported: ImportedSession;
  readonly #context: WriterContext;
  /** The session's last source as far as it is known here. */
  #seen: EventSource | undefined;
  /** How far this file was read into the session. */
  readonly #cursor: EventSource | undefined;
  /** It was deleted here, and stays so. */
  readonly #isDeleted: boolean;
  /** The session's events by their records' ids: asked where the file has no cursor, because it may be a copy. */
  readonly #byId: KeyTable | undefined;
  /** What the session's other witness told of: hooks for a transcript, transcripts for hooks. */
  #witnessed: KeyTable | undefined;
  #session: Session | undefined;
  /** Time of the session's last event that had one of its own. */
  #time: string;

  constructor(imported: ImportedSession, context: WriterContext) {
    const { holdings, file } = context;
    const isThere = holdings.originOf(imported.id) !== undefined;
    this.imported = imported;
    this.#context = context;
    // What hooks tell of has just happened.
    this.#isDeleted = holdings.wasDeleted(imported.id) && !isInSpool(file);
    this.#seen = holdings.lastSourceOf(imported.id);
    this.#cursor = cursorIn(file, holdings.lastSourceOf(imported.id, file));
    this.#byId = this.#cursor === undefined && isThere ? holdings.eventsOf(imported.id) : undefined;
    this.#time = imported.startedAt ?? context.fileTime;
  }

  /** Whether the session was deleted by the retention policy; then none of its events is written. */
  get isDeleted(): boolean {
    return this.#isDeleted;
  }

  /**
   * Writes an event unless the store has it, or had it until somebody decided against that.
   *
   * @returns whether it was written
   * @throws TracekeepError when it is new and could not be written; nothing behind it may be written then
   */
  put(event: Omit<Translated, "session">, source: EventSource): boolean {
    const { draft, copyKey } = event;
    const timeInferred = draft.timestamp === undefined;
    if (timeInferred) draft.timestamp = this.#time;
    else this.#time = String(draft.timestamp);
    if (this.#isDeleted || this.#isKnown(source)) return false;
    const session = (this.#session ??= this.#open());
    const copyOf = copyKey === undefined ? undefined : this.#copyOf(copyKey, draft);
    const provenance = { source, copyOf, timeInferred: timeInferred ? true : undefined };
    if (draft.event === "END") this.#end(session, draft, provenance);
    else session.log(draft, provenance);
    const { lastError } = session.status();
    if (lastError !== undefined) throw lastError;
    this.#seen = source;
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
    if (this.#context.holdings.wasErased(this.imported.id, source)) return true;
    const cursor = this.#cursor;
    if (cursor !== undefined) {
      if (source.offset !== cursor.offset) return source.offset < cursor.offset;
      return cursor.part === undefined || (source.part !== undefined && source.part <= cursor.part);
    }
    const key = sourceKeyOf(source);
    return key !== undefined && this.#byId?.has(key) === true;
  }

  /** The source told of the session's end. It may go on all the same. @throws TracekeepError */
  #end(session: Session, { event: _event, reason, ...more }: EventDraft, provenance: Provenance): void {
    this.#session = undefined;
    session.end(typeof reason === "string" ? reason : undefined, more, provenance);
  }

  /**
   * The session that has the same call already: this one, when its other witness told of it, or another. Without one,
   * the call is this session's from now on.
   */
  #copyOf(copyKey: string, { timestamp }: EventDraft): string | undefined {
    const { holdings, file, importedAtMs } = this.#context;
    this.#witnessed ??= holdings.witnessedBeside(file, this.imported.id);
    if (this.#witnessed.has(copyKey)) return this.imported.id;
    if (isPromptKey(copyKey)) return undefined;
    if (importedAtMs !== undefined) {
      if (Date.parse(String(timestamp)) > importedAtMs - COPY_MARGIN_MS) return undefined;
      const steps = holdings.readCalls();
      while (steps.next().done !== true);
    }
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
    const { id, agent, parent, title, project, startedAt, metadata } = this.imported;
    const present = holdings.originOf(id);
    if (present === undefined) {
      const session = store.startSession({
        id,
        agent,
        parent,
        title,
        project,
        metadata,
        origin,
        startedAt: startedAt ?? fileTime,
        durability: "os",
      });
      holdings.add(session.file);
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
    const session = store.openSession(id, { durability: "os" });
    // Only now that nobody else can add to the session is it sure that what was read of it still holds.
    if (isSame(holdings.lastSourceOf(id), this.#seen)) return session;
    session.close();
    throw new TracekeepError("SESSION_BUSY", `another import has just added to the session ${id}`, {
      path: session.file,
      hint: "import again: what it added will be known then",
    });
  }
}

// --- internal ---

/** A host copies an older session's records into a new one; what is newer than this before the last import is no copy. */
const COPY_MARGIN_MS = 60_000;

function isSame(left: EventSource | undefined, right: EventSource | undefined): boolean {
  return left?.file === right?.file && left?.offset === right?.offset && left?.part === right?.part;
}
