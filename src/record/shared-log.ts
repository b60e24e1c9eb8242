// Recording into one file that other processes and threads record into as well: each writer is a session in it. The
// way for several agents with one log; where each can have a file of its own, a store costs less and reads faster.

import { TracekeepError } from "../base/errors.ts";
import type { ClockStep } from "../base/clock.ts";
import { uuidv7 } from "../base/ids.ts";
import { checkOptionNames, choiceOption, integerOption, textOption } from "../base/options.ts";
import { formatTimestamp } from "../event/index.ts";
import type { EventDraft } from "../event/index.ts";
import { Redactor } from "../redact/index.ts";
import { warnOnce } from "../sinks/fault.ts";
import { DURABILITIES } from "../store/durability.ts";
import type { Durability } from "../store/durability.ts";
import { LOCK_TIMEOUT_MS } from "../store/file-lock.ts";
import { SHARED_LOG_CAPACITY, SharedLog } from "../store/shared-log.ts";
import { currentSession } from "./context.ts";
import { DraftReader } from "./draft.ts";
import { EventHelpers } from "./helpers.ts";
import type { Pending, Recorded } from "./helpers.ts";
import { checkSessionOptions, checkWriterOptions } from "./options.ts";
import type { SessionOptions, StoreOptions } from "./options.ts";
import type { Receipt } from "./receipt.ts";
import { unwatchProcessEnd, watchProcessEnd } from "./shutdown.ts";
import { startDraft } from "./start.ts";
import type { AppendOptions } from "./session.ts";

type OfSession = Pick<SessionOptions, "id" | "agent" | "parent" | "title" | "project" | "metadata">;
type OfStore = Pick<
  StoreOptions,
  "durability" | "maxLineBytes" | "redaction" | "handleSignals" | "onFault" | "clock"
>;

export interface SharedLogOptions extends OfSession, OfStore {
  /** Events that may wait for the log's lock, 1 to 1,000,000; one more is refused. Default 65,536. */
  capacity?: number | undefined;
  /** How long events wait for the lock before they are refused, in milliseconds. Default 5,000. */
  lockTimeoutMs?: number | undefined;
}

/** How a writer of a shared log is doing. */
export interface SharedLogStatus {
  file: string;
  /** Events that wait for the log's lock. */
  pending: number;
  /** Events that could not be recorded. A GAP event says so as soon as one can be written. */
  refused: number;
  lastError: TracekeepError | undefined;
  open: boolean;
}

/**
 * Opens a JSON Lines file to append to it together with others. Numbers go on across all writers without a gap; every
 * line carries its writer's own `session_id`, and each writer's first line is a START. The file and the lock file beside
 * it (`<file>.lock`) are created with the first event. A batch costs about 50 µs when nobody else writes.
 *
 * @throws TypeError, RangeError for bad options
 * @example
 * await using log = openSharedLog("audit.jsonl", { agent: "Claude-Orch-Prime-20260106-c614" });
 * const { seq } = await log.append({ event: "DECISION", decision: "merge" });
 */
export function openSharedLog(file: string, options: SharedLogOptions = {}): SharedLogWriter {
  return new SharedLogWriter(file, options);
}

/** One writer of a shared log: a session, with every helper that sessions have. */
export class SharedLogWriter extends EventHelpers {
  readonly id: string;
  readonly agentId: string;
  readonly #log: SharedLog;
  readonly #drafts: DraftReader;
  #start: EventDraft | undefined;
  #open = true;

  /** @internal */
  constructor(file: string, options: SharedLogOptions) {
    super();
    checkOptionNames("openSharedLog", options, NAMES);
    const { id, agent, parent = currentSession()?.id, title, project, metadata } = options;
    const durability = choiceOption(
      "openSharedLog",
      "durability",
      options.durability,
      DURABILITIES,
      "interval",
    );
    const session = checkSessionOptions({ id, agent, parent, title, project, metadata }, { durability });
    const { maxLineBytes, onFault } = checkWriterOptions("openSharedLog", options);
    const path = textOption("openSharedLog", "file", file);
    if (path === undefined) throw new TypeError("openSharedLog: no file given");
    const redactor = new Redactor(options.redaction);
    this.id = session.id ?? uuidv7(Date.now());
    this.agentId = session.agent;
    this.#drafts = new DraftReader(options.clock, redactor);
    this.#start = startDraft(session, durability, redactor);
    this.#log = new SharedLog({
      path,
      sessionId: this.id,
      agentId: this.agentId,
      durability,
      maxLineBytes,
      capacity: integerOption("openSharedLog", "capacity", options.capacity, {
        min: 1,
        max: 1_000_000,
        default: SHARED_LOG_CAPACITY,
      }),
      lockTimeoutMs: integerOption("openSharedLog", "lockTimeoutMs", options.lockTimeoutMs, {
        min: 0,
        max: 2 ** 31 - 1,
        default: LOCK_TIMEOUT_MS,
      }),
      onFault: onFault ?? warnOnce(`shared log ${path}`),
    });
    watchProcessEnd(this, options.handleSignals !== false);
  }

  /** The log's file. */
  get file(): string {
    return this.#log.path;
  }

  /** What a receipt means unless an event says otherwise. */
  get durability(): Durability {
    return this.#log.durability;
  }

  /**
   * Records an event and returns its id at once; it is written at the end of this turn of the event loop, or as soon as
   * the lock is free. Never throws because of what is in the event, nor because it could not be written: that shows in
   * {@link status}, in `onFault` and as a GAP event.
   */
  log(draft: EventDraft): string {
    return this.#record(draft, undefined).id;
  }

  /**
   * Records an event and resolves once it has reached its durability. Rejects when it was refused; a rejection that
   * nobody awaits is harmless.
   */
  append(draft: EventDraft, options: AppendOptions = {}): Promise<Receipt> {
    const durability = this.#durability(options);
    return this.#receiptOf(this.#record(draft, durability), durability);
  }

  /** Records an event and returns when it has reached its durability. @throws TracekeepError when it was refused */
  appendSync(draft: EventDraft, options: AppendOptions = {}): Receipt {
    const durability = this.#durability(options);
    const { id, ticket, error } = this.#record(draft, durability);
    if (error !== undefined) throw error;
    if (durability === "fsync") this.#log.sync();
    else this.#log.drain();
    return { sessionId: this.id, seq: ticket?.seq ?? -1, id, durability };
  }

  /** Resolves when everything recorded so far is with the kernel. Rejects when some of it was refused. */
  async flush(): Promise<void> {
    await this.#log.drained();
  }

  /** Returns when everything recorded so far is on the medium. @throws TracekeepError */
  sync(): void {
    if (this.#open) this.#log.sync();
  }

  status(): SharedLogStatus {
    const { path: file, waiting: pending, refused, lastError } = this.#log;
    return { file, pending, refused, lastError, open: this.#open };
  }

  /** Writes out what waits and lets go of the log. Rejects when that fails; it is closed then too. */
  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    try {
      await this.#log.drained();
    } finally {
      unwatchProcessEnd(this);
      this.#log.close();
    }
  }

  /** The same as {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal */
  override track(draft: EventDraft): Recorded {
    return this.#record(draft, this.durability);
  }

  /** @internal */
  override receiptOf(recorded: Recorded): Promise<Receipt> {
    return this.#receiptOf(recorded, this.durability);
  }

  // --- internal ---

  #durability(options: AppendOptions): Durability {
    return choiceOption("append", "durability", options.durability, DURABILITIES, this.durability);
  }

  #record(draft: EventDraft, ticketFor: Durability | undefined): Recorded {
    try {
      if (!this.#open) throw new TracekeepError("CLOSED", `${this.file} is closed`, { path: this.file });
      const start = this.#start;
      if (start !== undefined) {
        this.#start = undefined;
        this.#log.append(this.#drafts.read(start));
      }
      const parts = this.#drafts.read(draft, undefined, this.#onClockStep);
      return { id: parts.id, ticket: this.#log.append(parts, ticketFor), error: undefined };
    } catch (cause) {
      const error =
        cause instanceof TracekeepError
          ? cause
          : new TracekeepError("BAD_EVENT", "the event could not be recorded", { path: this.file, cause });
      return { id: "", ticket: undefined, error };
    }
  }

  readonly #onClockStep = ({ expectedMs, actualMs }: ClockStep): void => {
    const step = { expected: formatTimestamp(expectedMs), actual: formatTimestamp(actualMs) };
    this.#log.append(this.#drafts.read({ event: "CLOCK_STEP", ...step }));
  };

  #receiptOf(recorded: Recorded, durability: Durability): Promise<Receipt> {
    const receipt = this.#receipt(recorded.id, recorded.ticket, recorded.error, durability);
    receipt.catch(() => undefined);
    return receipt;
  }

  async #receipt(
    id: string,
    ticket: Pending | undefined,
    error: TracekeepError | undefined,
    durability: Durability,
  ): Promise<Receipt> {
    if (error !== undefined) throw error;
    await ticket?.settled;
    return { sessionId: this.id, seq: ticket?.seq ?? -1, id, durability };
  }
}

// --- internal ---

const NAMES = [
  "id",
  "agent",
  "parent",
  "title",
  "project",
  "metadata",
  "durability",
  "maxLineBytes",
  "redaction",
  "handleSignals",
  "onFault",
  "clock",
  "capacity",
  "lockTimeoutMs",
] as const satisfies readonly (keyof SharedLogOptions)[];
