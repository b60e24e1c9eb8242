// Recording into one file that other processes and threads record into as well: each writer is a session in it. The
// way for several agents with one log; where each can have a file of its own, a store costs less and reads faster.

import type { ClockStep } from "../base/clock.ts";
import { TracekeepError } from "../base/errors.ts";
import { uuidv7 } from "../base/ids.ts";
import { formatTimestamp } from "../event/index.ts";
import type { EventDraft } from "../event/index.ts";
import { Redactor } from "../redact/index.ts";
import { warnOnce } from "../sinks/fault.ts";
import type { Durability } from "../store/append/durability.ts";
import { SharedLog } from "../store/shared/shared-log.ts";
import { currentSession } from "./context.ts";
import { DraftReader } from "./draft.ts";
import { EventHelpers } from "./helpers.ts";
import { checkAppendOptions, checkSessionOptions } from "./options.ts";
import { Pricing } from "./pricing.ts";
import type { Receipt } from "./receipt.ts";
import { receiptOf } from "./recorded.ts";
import type { Recorded } from "./recorded.ts";
import type { AppendOptions } from "./session.ts";
import { checkSharedLogOptions } from "./shared-log-options.ts";
import type { SharedLogOptions } from "./shared-log-options.ts";
import { Upkeep } from "./shared-upkeep.ts";
import { unwatchProcessEnd, watchProcessEnd } from "./shutdown.ts";
import { startDraft } from "./start.ts";

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
  readonly #upkeep: Upkeep | undefined;
  readonly #onFault: (error: TracekeepError) => void;
  #start: EventDraft | undefined;
  #open = true;
  /** Events that the log never got to see: it was closed, or they could not be read. */
  #refused = 0;
  #lastError: TracekeepError | undefined;

  /** @internal */
  constructor(file: string, options: SharedLogOptions) {
    super();
    const { rotation, retentionDays, ...checked } = checkSharedLogOptions("openSharedLog", file, options);
    const { id, agent, parent = currentSession()?.id, title, project, metadata } = options;
    const { durability, onFault = warnOnce(`shared log ${checked.path}`) } = checked;
    const session = checkSessionOptions({ id, agent, parent, title, project, metadata }, { durability });
    const redactor = new Redactor(options.redaction);
    this.id = session.id ?? uuidv7(Date.now());
    this.agentId = session.agent;
    this.#drafts = new DraftReader(options.clock, redactor, new Pricing(options, onFault));
    this.#start = startDraft(session, durability, redactor);
    this.#onFault = onFault;
    this.#log = new SharedLog({
      ...checked,
      sessionId: this.id,
      agentId: this.agentId,
      rotation: rotation && { ...rotation, onRotated: () => this.#upkeep?.begin() },
      onFault,
    });
    if (rotation !== undefined || retentionDays !== undefined) {
      this.#upkeep = new Upkeep({
        log: this.#log.path,
        retentionDays,
        record: async (type, body) => {
          await this.append({ event: type, ...body }, { durability: "fsync" });
        },
        onFault,
      });
    }
    watchProcessEnd(this, checked.handleSignals);
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
    const durability = checkAppendOptions(options, this.durability);
    return receiptOf(this.#record(draft, durability), this.id, durability);
  }

  /** Records an event and returns when it has reached its durability. @throws TracekeepError when it was refused */
  appendSync(draft: EventDraft, options: AppendOptions = {}): Receipt {
    const durability = checkAppendOptions(options, this.durability);
    const { id, ticket, error } = this.#record(draft, durability);
    if (error !== undefined) throw error;
    if (durability === "fsync") this.#log.sync();
    else this.#log.drain();
    return { sessionId: this.id, seq: ticket?.seq ?? -1, id, durability };
  }

  /** Returns when everything recorded so far is with the kernel. @throws TracekeepError when some of it was refused */
  flushSync(): void {
    this.#log.drain();
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
    return {
      file,
      pending,
      refused: refused + this.#refused,
      lastError: this.#lastError ?? lastError,
      open: this.#open,
    };
  }

  /** Writes out what waits and lets go of the log. Rejects when that fails; it is closed then too. */
  async close(): Promise<void> {
    if (!this.#open) return;
    try {
      // What still waits may make the log go on in another file, which is archived then.
      await this.#log.drained();
    } finally {
      // Archiving records what it deletes.
      await this.#upkeep?.stop();
      this.#open = false;
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
    return receiptOf(recorded, this.id, this.durability);
  }

  // --- internal ---

  #record(draft: EventDraft, ticketFor: Durability | undefined): Recorded {
    if (!this.#open) {
      return this.#refuse(new TracekeepError("CLOSED", `${this.file} is closed`, { path: this.file }));
    }
    try {
      if (this.#start !== undefined) this.#begin(this.#start);
      const parts = this.#drafts.read(draft, undefined, this.#onClockStep);
      return { id: parts.id, ticket: this.#log.append(parts, ticketFor), error: undefined };
    } catch (cause) {
      // The log has counted and told what it refuses itself.
      if (cause instanceof TracekeepError) return { id: "", ticket: undefined, error: cause };
      return this.#refuse(
        new TracekeepError("BAD_EVENT", "the event could not be recorded", { path: this.file, cause }),
      );
    }
  }

  /** START comes with the first event; and again with the next one, when it was refused. */
  #begin(start: EventDraft): void {
    const again = (): void => {
      this.#start = start;
    };
    this.#start = undefined;
    try {
      this.#log.append(this.#drafts.read(start), "os")?.settled.catch(again);
    } catch (error) {
      again();
      throw error;
    }
    this.#upkeep?.begin();
  }

  #refuse(error: TracekeepError): Recorded {
    this.#refused++;
    this.#lastError = error;
    this.#onFault(error);
    return { id: "", ticket: undefined, error };
  }

  readonly #onClockStep = ({ expectedMs, actualMs }: ClockStep): void => {
    const step = { expected: formatTimestamp(expectedMs), actual: formatTimestamp(actualMs) };
    this.#log.append(this.#drafts.read({ event: "CLOCK_STEP", ...step }));
  };
}
