// The streams of many sessions through one logger, after AiCore's `Logger`: a central stream of everything and a stream
// for each session. Everything is on disk; nothing is kept in memory for those who may come, and readers take nothing
// away from each other.

import { checkOptionNames, describe } from "../base/options.ts";
import { callIsolated } from "../base/promises.ts";
import { formatTimestamp } from "../event/index.ts";
import { ChunkView, STREAM_MARKS } from "../live/index.ts";
import type { LiveEvent, StreamMarks } from "../live/index.ts";
import { openReader } from "../read/index.ts";
import type { Reader, SubscribeOptions } from "../read/index.ts";
import { openStore } from "../record/index.ts";
import type { Session, SessionStream, Store, StoreOptions } from "../record/index.ts";
import { logEntry } from "./entry.ts";
import type { LogEntry, LogEntryInput } from "./entry.ts";

/** Type of the events that entries of type `log` become. */
const LOG_EVENT = "LOG";

export interface StreamLogOptions {
  /** An open store, or where to find one. Default: the store found from the current folder, created when there is none. */
  store?: Store | StoreOptions | undefined;
  /** Who acts in the sessions that are started here. Default `"agent"`. */
  agent?: string | undefined;
  /**
   * Called with each chunk that was recorded, e.g. a `consoleStreamHandler`. What goes wrong in it is a process warning.
   * Default: nothing is shown.
   */
  onChunk?: ((chunk: string, sessionId: string) => unknown) | undefined;
  /** Marks in the text. Default: AiCore's six. */
  marks?: StreamMarks | undefined;
}

/** Where a stream of messages begins and when it ends. */
export interface MessageOptions extends Pick<
  SubscribeOptions,
  "idleTimeoutMs" | "totalTimeoutMs" | "signal"
> {
  /** Default `"beginning"`: everything of the session, whenever it was logged. */
  from?: "now" | "beginning" | undefined;
}

/**
 * @throws TypeError, RangeError for bad options; TracekeepError when the store cannot be used
 * @example
 * await using logger = createStreamLog();
 * logger.logChunk("Hello", "abc123");
 * for await (const message of logger.sessionLogs("abc123", { idleTimeoutMs: 1_000 })) console.log(message);
 */
export function createStreamLog(options: StreamLogOptions = {}): StreamLog {
  return new StreamLog(options);
}

export class StreamLog {
  readonly #options: StreamLogOptions;
  readonly #store: Store;
  readonly #ownsStore: boolean;
  readonly #reader: Reader;
  readonly #marks: StreamMarks;
  readonly #sessions = new Map<string, { session: Session; stream: SessionStream | undefined }>();
  #undistributed = 0;
  #hasWarned = false;

  /** @internal */
  constructor(options: StreamLogOptions) {
    checkOptionNames("createStreamLog", options, ["store", "agent", "onChunk", "marks"]);
    if (options.onChunk !== undefined && typeof options.onChunk !== "function") {
      throw new TypeError(`createStreamLog: onChunk must be a function, got ${describe(options.onChunk)}`);
    }
    this.#options = options;
    const { store } = options;
    this.#ownsStore = store === undefined || !("startSession" in store);
    this.#store = store !== undefined && "startSession" in store ? store : openStore(store);
    this.#reader = openReader({ dir: this.#store.dir });
    this.#marks = options.marks ?? STREAM_MARKS;
  }

  /** The store that the streams are recorded in. */
  get store(): Store {
    return this.#store;
  }

  /** Records a chunk of what a model says in a session, which begins with its first one. @throws TracekeepError */
  logChunk(message: string, sessionId: string): LogEntry {
    return this.log({ session_id: sessionId, message });
  }

  /** Records an entry. Its time is kept for type `log`; a chunk of a chat comes when it comes. @throws TypeError, RangeError */
  log(input: LogEntryInput): LogEntry {
    const entry = logEntry(input);
    const { session_id: id, message } = entry;
    const open = this.#session(id);
    this.#undistributed++;
    if (entry.log_type === "log") {
      open.session.log({
        event: LOG_EVENT,
        message,
        ...(input.timestamp === undefined ? {} : { timestamp: entry.timestamp }),
      });
      return entry;
    }
    open.stream ??= open.session.stream({ marks: this.#marks });
    open.stream.write(message);
    callIsolated(() => this.#options.onChunk?.(message, id), this.#onChunkFailed);
    return entry;
  }

  /** Every entry of the store so far, session by session; reads the logs, in constant memory. */
  async *allLogs(): AsyncGenerator<LogEntry, void, undefined> {
    this.#flush();
    const view = new ChunkView();
    for await (const event of this.#reader.events()) yield* entriesOf(event, view);
  }

  /**
   * The central stream: entries of all sessions from now on, as they come. Any number may read it, each gets all.
   *
   * @throws TypeError, RangeError
   */
  logs(options: MessageOptions = {}): AsyncGenerator<LogEntry, void, undefined> {
    checkOptionNames("logs", options, MESSAGE_OPTIONS);
    return this.#entries({ from: "now", ...options });
  }

  /**
   * The messages of one session, from its beginning and on as they come. Ends with the session, or when one of the
   * timeouts says so. A session that does not exist is waited for and not created.
   *
   * @throws TypeError, RangeError with the first message
   */
  async *sessionLogs(
    sessionId: string,
    options: MessageOptions = {},
  ): AsyncGenerator<string, void, undefined> {
    // A number would have no names: whoever means a timeout by it would wait for ever.
    checkOptionNames("sessionLogs", options, MESSAGE_OPTIONS);
    for await (const { message } of this.#entries({ from: "beginning", ...options, session: sessionId }))
      yield message;
  }

  /** The same up to the end of the model's reasoning: the last message is that mark. Nobody else misses anything by it. */
  async *pop(sessionId: string, options: MessageOptions = {}): AsyncGenerator<string, void, undefined> {
    const stop = this.#marks.reasoning?.[1];
    let seen = "";
    for await (const message of this.sessionLogs(sessionId, options)) {
      yield message;
      if (stop === undefined) continue;
      // The mark may have come in several chunks.
      seen += message;
      if (seen.includes(stop)) return;
      seen = seen.slice(Math.max(0, seen.length - stop.length + 1));
    }
  }

  /**
   * Sees to it that everything logged is with those who read it, and returns how many entries that were. Entries go to
   * the streams of their sessions by themselves; this is for those who want to be sure, or to know.
   *
   * @param options.finite return at once, also when there is nothing; otherwise go on until the signal
   */
  async distribute(
    options: { finite?: boolean | undefined; signal?: AbortSignal | undefined } = {},
  ): Promise<number> {
    checkOptionNames("distribute", options, ["finite", "signal"]);
    const { finite = false, signal } = options;
    let count = this.#flush();
    if (finite) return count;
    try {
      for await (const _ of this.logs({ signal })) count += this.#flush();
    } catch (error) {
      if (signal?.aborted !== true) throw error;
    }
    return count + this.#flush();
  }

  /** Ids of all sessions in the store, sorted. */
  get allSessionsInQueue(): string[] {
    return [...this.#reader.sessions()].map(({ session_id: id }) => id).toSorted();
  }

  /** Ids of the sessions that are open in this logger. */
  get allSessionsInQueues(): string[] {
    return [...this.#sessions.keys()];
  }

  /** Ends a session, and with it the streams of those who read it. @throws TracekeepError when it cannot be written out */
  endSession(sessionId: string, reason?: string): void {
    const open = this.#sessions.get(sessionId);
    this.#sessions.delete(sessionId);
    open?.session.end(reason);
  }

  /**
   * Ends all sessions of this logger, and closes the store unless it was handed in.
   *
   * @throws TracekeepError of the first session that could not be written out, when all are ended
   */
  close(): void {
    const errors: unknown[] = [];
    const attempt = (step: () => void): void => {
      try {
        step();
      } catch (error) {
        errors.push(error);
      }
    };
    for (const id of this.#sessions.keys()) attempt(() => this.endSession(id));
    if (this.#ownsStore) attempt(() => this.#store.close());
    if (errors.length > 0) throw errors[0];
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.close());
  }

  // --- internal ---

  /** Told once: one that is down fails for each chunk. */
  readonly #onChunkFailed = (error: unknown): void => {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const reason = error instanceof Error ? error.message : String(error);
    process.emitWarning(`onChunk of a stream log failed: ${reason}`, "TracekeepWarning");
  };

  #session(id: string): { session: Session; stream: SessionStream | undefined } {
    const known = this.#sessions.get(id);
    if (known?.session.status().open === true) return known;
    const { agent } = this.#options;
    const opened = {
      session: this.#store.openOrStartSession({ id, ...(agent === undefined ? {} : { agent }) }),
      stream: undefined,
    };
    this.#sessions.set(id, opened);
    return opened;
  }

  async *#entries(options: SubscribeOptions): AsyncGenerator<LogEntry, void, undefined> {
    const view = new ChunkView();
    for await (const event of this.#reader.subscribe({ ...options, volatile: true }))
      yield* entriesOf(event, view);
  }

  /** Writes what waits in streams. */
  #flush(): number {
    for (const { session, stream } of this.#sessions.values()) {
      stream?.flush();
      try {
        session.flush();
      } catch {
        // It waits to be written, which has been told; those who read here have it all the same.
      }
    }
    const count = this.#undistributed;
    this.#undistributed = 0;
    return count;
  }
}

// --- internal ---

const MESSAGE_OPTIONS = [
  "from",
  "idleTimeoutMs",
  "totalTimeoutMs",
  "signal",
] as const satisfies readonly (keyof MessageOptions)[];

function* entriesOf(event: LiveEvent, view: ChunkView): Generator<LogEntry, void, undefined> {
  const { session_id, timestamp, message } = event;
  if (event.event === LOG_EVENT && typeof message === "string") {
    yield { session_id, message, timestamp, log_type: "log" };
  }
  for (const piece of view.read(event)) {
    if (piece.text !== "")
      yield { session_id, message: piece.text, timestamp: formatTimestamp(piece.timeMs), log_type: "chat" };
  }
}
