// One run of one agent, being written. Everything that reaches the log goes through `log` or `append` here.

import type { ClockStep } from "../base/clock.ts";
import { TracekeepError } from "../base/errors.ts";
import { formatTimestamp } from "../event/index.ts";
import type { EventDraft, JsonObject } from "../event/index.ts";
import type { LineParts } from "../format/index.ts";
import type { LiveHub } from "../live/index.ts";
import type { Redactor } from "../redact/index.ts";
import type { Durability } from "../store/append/durability.ts";
import type { SessionLog } from "../store/session/session-log.ts";
import { endCounts } from "../summary/index.ts";
import type { SessionSummary } from "../summary/index.ts";
import type { Copies } from "./copies.ts";
import type { DraftReader, Provenance } from "./draft.ts";
import { EventHelpers } from "./helpers.ts";
import { checkAppendOptions } from "./options.ts";
import type { SessionOptions } from "./options.ts";
import type { Receipt } from "./receipt.ts";
import { receiptOf } from "./recorded.ts";
import type { Recorded } from "./recorded.ts";
import { SessionStream } from "./stream.ts";
import type { StreamOptions } from "./stream.ts";

/** How a session is doing. */
export interface SessionStatus {
  /** The file that is written to, the last one of the session's log. */
  file: string;
  /** Number that the next event will have. */
  nextSeq: number;
  /** Highest number known to be on the medium; undefined as long as nothing is known, e.g. before the first sync. */
  durableSeq: number | undefined;
  /** Events logged in this turn, which the kernel does not have yet. */
  pending: number;
  /** Events that wait for the end of an outage, in memory or in the spill file. */
  spilled: number;
  /** Events that could not be recorded, in this process. */
  refused: number;
  /** Writes and syncs that did not succeed, in this process, those among them that were tried again included. */
  failedWrites: number;
  /** Events cannot be written just now. Then they wait, and those beyond the bound of `spill` are refused. */
  degraded: boolean;
  /** What went wrong last, whether or not it is over. */
  lastError: TracekeepError | undefined;
  open: boolean;
}

/** What a session needs from its store. */
export interface SessionParts {
  id: string;
  agentId: string;
  log: SessionLog;
  drafts: DraftReader;
  redactor: Redactor;
  /** For the sinks beside the log and the live hub. */
  copies: Copies;
  hub: LiveHub;
  /** Written before the first event when an existing session is gone on with. */
  resumed: EventDraft | undefined;
  /** The session so far; read from the log when it was not all written here. */
  summary: () => SessionSummary;
  onFault: (error: TracekeepError) => void;
  /** Another session in the same store. */
  startSession: (options: SessionOptions) => Session;
  /** @param how with an END (`ended`) or without (`closed`) */
  onClose: (session: Session, how: "ended" | "closed") => void;
}

export interface AppendOptions {
  /** What this event's receipt means. Default: the session's durability. */
  durability?: Durability | undefined;
}

/**
 * A session open for writing.
 *
 * @example
 * const session = startSession({ agent: "reviewer" });
 * session.userMessage("Is the build green?");
 * const call = session.toolCall("bash", { command: "npm test" });
 * call.result({ exit_code: 0 });
 * session.end();
 */
export class Session extends EventHelpers {
  readonly id: string;
  readonly agentId: string;
  readonly #parts: SessionParts;
  readonly #streams = new Set<SessionStream>();
  /** The number of RESUMED, once it was said. */
  #resumedSeq = Infinity;
  #refused = 0;
  #lastError: TracekeepError | undefined;
  #open = true;
  #ended = false;

  constructor(parts: SessionParts) {
    super();
    this.id = parts.id;
    this.agentId = parts.agentId;
    this.#parts = parts;
  }

  /** The file that the session is written to, the last one of its log. */
  get file(): string {
    return this.#parts.log.path;
  }

  /**
   * Records an event and returns its id at once; costs about a microsecond. The bytes go to the kernel at the end of
   * this turn of the event loop. Never throws because of what is in the event, nor because it could not be written:
   * that shows in {@link status}, in `onFault` and as a GAP event.
   *
   * @param provenance only importers have one
   */
  log(draft: EventDraft, provenance?: Provenance): string {
    return this.record(draft, undefined, provenance).id;
  }

  /**
   * Records an event and resolves once it has reached its durability. Rejects when it was refused; a rejection that
   * nobody awaits is harmless.
   */
  append(draft: EventDraft, options: AppendOptions = {}): Promise<Receipt> {
    const durability = checkAppendOptions(options, this.durability);
    return receiptOf(this.record(draft, durability), this.id, durability);
  }

  /**
   * Records an event and returns when it has reached its durability. While events cannot be written it is refused at
   * once, and never waits.
   *
   * @throws TracekeepError when it was refused, or (after a failed sync) is in the log but perhaps not on the medium
   */
  appendSync(draft: EventDraft, options: AppendOptions = {}): Receipt {
    const durability = checkAppendOptions(options, this.durability);
    try {
      const parts = this.#read(draft);
      this.#parts.log.appendNow(parts, durability);
      this.#parts.copies.relieve();
      return { sessionId: this.id, seq: parts.seq, id: parts.id, durability };
    } catch (error) {
      throw this.#refuse(error);
    }
  }

  /**
   * Records the text of a model as it comes: few events that keep the exact text and the time of each chunk. Subscribers
   * in this process that ask for it (`volatile: true`) get every chunk at once.
   *
   * @throws TypeError, RangeError for bad options
   * @example
   * const stream = session.stream();
   * stream.write("<think>Let me");
   * stream.write(" see.</think>Yes.");
   * stream.end();
   */
  stream(options: StreamOptions = {}): SessionStream {
    const { redactor, hub, onFault } = this.#parts;
    const stream = new SessionStream(
      {
        sessionId: this.id,
        agentId: this.agentId,
        redactor,
        hub,
        log: (draft) => this.log(draft),
        onFault,
        onEnd: (ended) => this.#streams.delete(ended),
      },
      options,
    );
    this.#streams.add(stream);
    return stream;
  }

  /** What a receipt means in this session unless an event says otherwise. */
  get durability(): Durability {
    return this.#parts.log.durability;
  }

  /** Hands everything logged so far to the kernel. @throws TracekeepError when it cannot be written */
  flush(): void {
    if (this.#open) this.#parts.log.flush();
  }

  /** Returns when everything logged so far is on the medium. @throws TracekeepError */
  sync(): void {
    if (this.#open) this.#parts.log.sync();
  }

  /**
   * Goes on in another file, so that the present one is complete: nothing is added to it any more. The log does so by
   * itself when a file has reached `segmentBytes`. Costs the creation of a file.
   *
   * @throws TracekeepError when it cannot be created; the session goes on in the present one then
   */
  rotate(): void {
    if (!this.#open) return;
    this.#resume();
    this.#parts.log.rotate();
  }

  /** How recording goes: whether something is wrong, and what of it is where. Costs about a microsecond. */
  status(): SessionStatus {
    const { log } = this.#parts;
    return {
      file: this.file,
      nextSeq: log.nextSeq,
      ...log.status,
      refused: this.#refused,
      lastError: log.lastFault ?? this.#lastError,
      open: this.#open,
    };
  }

  /**
   * Writes END with the session's figures, then closes it. Without an END the session counts as interrupted.
   *
   * @param reason default `"NORMAL"`
   * @param provenance only importers have one
   * @throws TracekeepError when it cannot be written; or, where syncs were promised, when these fail and no other file
   *   can be synced either: then everything is in the log, and may not survive a power loss. The session is closed in
   *   any case
   */
  end(
    reason = "NORMAL",
    more: { error?: unknown; [field: string]: unknown } = {},
    provenance?: Provenance,
  ): void {
    if (!this.#open) return;
    this.#endStreams();
    try {
      this.#resume();
      // What would come between these figures and END is written, or known to be lost, before they are taken.
      this.#parts.log.tryAgain();
      this.#parts.log.prepare();
      const { isWaiting } = this.#parts.log;
      if (!isWaiting) this.#parts.log.flush();
      // What detectors have to say of the events so far belongs before END.
      this.#parts.copies.handOver();
      // One of those who heard of them may have ended it.
      if (!this.#open) return;
      const redactions = Object.fromEntries(this.#parts.redactor.counts);
      const end: EventDraft = {
        event: "END",
        reason,
        ...endCounts(this.#parts.summary()),
        ...(Object.keys(redactions).length > 0 ? { redactions } : {}),
        ...more,
      };
      const { error } = this.record(end, this.durability, provenance);
      if (error !== undefined) throw error;
      // In an outage it waits with the others, for the last try or for the next writer.
      if (!isWaiting) {
        if (this.durability === "fsync") this.sync();
        else this.flush();
      }
      this.#ended = true;
    } finally {
      this.close();
    }
  }

  /** Writes out what is buffered and lets go of the session without ending it: a later process may go on. */
  close(): void {
    if (!this.#open) return;
    this.#endStreams();
    this.#parts.copies.drainNow();
    // One of those who heard of an event may have closed it.
    if (!this.#open) return;
    this.#open = false;
    try {
      this.#parts.log.close();
    } finally {
      this.#parts.copies.handOver();
      this.#parts.onClose(this, this.#ended ? "ended" : "closed");
    }
  }

  /** Ends the session with reason `scope_exit`. What fails is heard through `onFault`: what the scope does comes first. */
  async [Symbol.asyncDispose](): Promise<void> {
    endHeard(this, "scope_exit");
  }

  /** Starts another session in the same store. @internal */
  startSibling(options: SessionOptions): Session {
    return this.#parts.startSession(options);
  }

  /** @internal */
  override track(draft: EventDraft): Recorded {
    return this.record(draft, this.durability);
  }

  /** For the helpers and handles. @internal */
  record(draft: EventDraft, ticketFor?: Durability, provenance?: Provenance): Recorded {
    let id = "";
    try {
      const parts = this.#read(draft, provenance);
      ({ id } = parts);
      const ticket = this.#parts.log.append(parts, ticketFor);
      this.#parts.copies.relieve();
      return { id, ticket, error: undefined };
    } catch (error) {
      return { id, ticket: undefined, error: this.#refuse(error) };
    }
  }

  /** The receipt of an event recorded by a helper, made when it is asked for. @internal */
  override receiptOf(recorded: Recorded): Promise<Receipt> {
    return receiptOf(recorded, this.id, this.durability);
  }

  // --- internal ---

  #read(draft: EventDraft, provenance?: Provenance): LineParts {
    this.#resume();
    return this.#parts.drafts.read(draft, provenance, this.#onClockStep);
  }

  #endStreams(): void {
    for (const stream of this.#streams) stream.end({ status: "interrupted" });
  }

  /**
   * RESUMED comes with the first event, so that opening a session without adding to it leaves no trace; and again when it
   * was lost with all that came behind it.
   */
  #resume(): void {
    const { resumed, log, drafts } = this.#parts;
    if (resumed === undefined || log.nextSeq > this.#resumedSeq) return;
    this.#resumedSeq = log.nextSeq;
    const parts = drafts.read(resumed);
    log.append(parts);
    this.#resumedSeq = parts.seq;
  }

  readonly #onClockStep = ({ expectedMs, actualMs }: ClockStep): void => {
    const body: JsonObject = { expected: formatTimestamp(expectedMs), actual: formatTimestamp(actualMs) };
    this.#parts.log.append(this.#parts.drafts.read({ event: "CLOCK_STEP", ...body }));
  };

  #refuse(cause: unknown): TracekeepError {
    const error =
      cause instanceof TracekeepError
        ? cause
        : new TracekeepError("BAD_EVENT", "the event could not be recorded", { path: this.file, cause });
    this.#refused++;
    // An event for a session that has ended is the caller's mistake, and hears nothing from the log itself.
    if (error.code === "CLOSED" || error !== this.#lastError) this.#parts.onFault(error);
    this.#lastError = error;
    return error;
  }
}

/**
 * Ends a session of which a scope takes care. What fails has been heard through `onFault`: the program's own outcome comes
 * first.
 */
export function endHeard(session: Session, reason: string, more: { error?: unknown } = {}): void {
  try {
    session.end(reason, more);
  } catch (error) {
    if (!(error instanceof TracekeepError)) throw error;
  }
}
