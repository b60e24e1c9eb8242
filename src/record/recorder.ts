// Recording without a store: the same helpers as a session has, and any sink. The recorder numbers, the sink accepts.

import { TracekeepError } from "../base/errors.ts";
import type { ClockStep } from "../base/clock.ts";
import { uuidv7 } from "../base/ids.ts";
import { formatTimestamp } from "../event/index.ts";
import type { EventDraft } from "../event/index.ts";
import type { Redactor } from "../redact/index.ts";
import { warnOnce } from "../sinks/fault.ts";
import type { OnFault } from "../sinks/fault.ts";
import { multiSink } from "../sinks/multi.ts";
import { refusal } from "../sinks/sink.ts";
import type { Sink } from "../sinks/sink.ts";
import { endCounts, foldEvent, newSummary } from "../summary/index.ts";
import type { SessionSummary } from "../summary/index.ts";
import { detectionSink } from "./detection.ts";
import { DraftReader } from "./draft.ts";
import { EventEncoder } from "./encoder.ts";
import { Feed, leftOutError } from "./feed.ts";
import type { FeedCounts } from "./feed.ts";
import { EventHelpers } from "./helpers.ts";
import type { Recorded } from "./recorded.ts";
import { gapDraft } from "./losses.ts";
import { Pricing } from "./pricing.ts";
import type { Receipt } from "./receipt.ts";
import { checkRecorderOptions } from "./recorder-options.ts";
import type { CheckedRecorderOptions, RecorderOptions } from "./recorder-options.ts";
import { unwatchProcessEnd, watchProcessEnd } from "./shutdown.ts";
import { startDraft } from "./start.ts";

/** How a recorder is doing. */
export interface RecorderStatus extends FeedCounts {
  /** Number that the next event will have. */
  nextSeq: number;
  lastError: TracekeepError | undefined;
  open: boolean;
}

/**
 * Records one session into a sink, START to END. End it with `await recorder.end()`, or let `await using` do it.
 *
 * @throws TypeError, RangeError for bad options, also for no sink; TracekeepError when the sink refuses START
 * @example
 * await using recorder = createRecorder({ sink: "var/audit/agent-events.jsonl", agent: "reviewer" });
 * recorder.userMessage("Is the build green?");
 * await recorder.append({ event: "DECISION", decision: "merge" });
 */
export function createRecorder(options: RecorderOptions): Recorder {
  return new Recorder(checkRecorderOptions(options));
}

export class Recorder extends EventHelpers {
  readonly id: string;
  readonly agentId: string;
  readonly #sink: Sink;
  /** The one that was made here, from a path. */
  readonly #ownSink: Sink | undefined;
  readonly #redactor: Redactor;
  readonly #drafts: DraftReader;
  readonly #summary: SessionSummary;
  readonly #feed: Feed;
  #ending: Promise<void> | undefined;
  /** After END nothing more belongs into the session. */
  #ended = false;

  /** @internal */
  constructor(options: CheckedRecorderOptions) {
    super();
    const { session, maxLineBytes } = options;
    this.id = session.id ?? uuidv7(Date.now());
    this.agentId = session.agent;
    const onFault = options.onFault ?? warnOnce(`recorder ${this.id}`);
    this.#sink = withCopies(options.sink, options.sinks, onFault);
    this.#ownSink = options.ownsSink ? options.sink : undefined;
    this.#redactor = options.redactor;
    this.#drafts = new DraftReader(options.clock, this.#redactor, new Pricing(options, onFault));
    this.#summary = newSummary(this.id, this.agentId);
    const detection = detectionSink(session, (draft) => {
      if (!this.#ended) this.#offer(draft);
    });
    this.#feed = new Feed({
      sink: this.#sink,
      encoder: new EventEncoder(this.id, this.agentId, maxLineBytes),
      onAccepted: (event) => {
        foldEvent(this.#summary, event, event);
        void detection?.write(event, "");
      },
      onFault,
    });
    const { error } = this.#offer(startDraft(session, this.durability, this.#redactor));
    if (error !== undefined) {
      // Nobody else could let go of the file, nor hear of what goes wrong with that.
      this.#letGo().catch((cause: unknown) => onFault(refusal(cause)));
      throw error;
    }
    watchProcessEnd(this, options.handleSignals);
  }

  /** What a receipt means: the sink's durability, or no more than that the sink accepted the event. */
  get durability(): Receipt["durability"] {
    return this.#sink.durability ?? "accepted";
  }

  /**
   * Records an event and returns its id at once. Never throws because of what is in it, nor because the sink does not
   * take it: that shows in {@link status}, in `onFault` and as a GAP event. The one exception is a sink with
   * `overflow: "raise"`, which was asked to throw.
   *
   * @throws TracekeepError `QUEUE_FULL`
   */
  log(draft: EventDraft): string {
    return this.track(draft).id;
  }

  /**
   * Records an event and resolves once the sink has accepted it (a buffered sink: its destination). Rejects when it was
   * refused or left out; a rejection that nobody awaits is harmless.
   */
  append(draft: EventDraft): Promise<Receipt> {
    const receipt = this.#append(draft);
    receipt.catch(() => undefined);
    return receipt;
  }

  /** Resolves when everything recorded so far has arrived. Rejects with what the sink's own flush says. */
  async flush(): Promise<void> {
    try {
      await this.#sink.flush?.();
    } finally {
      await this.#feed.settled();
    }
  }

  status(): RecorderStatus {
    const { counts, nextSeq, lastError } = this.#feed;
    return { ...counts, nextSeq, lastError, open: this.#ending === undefined };
  }

  /**
   * Records END with the session's figures and resolves when everything has arrived. Closes the sink if it was made
   * from a path; any other one is its maker's to close, and may serve other recorders.
   *
   * @param reason default `"NORMAL"`
   * @throws TracekeepError when END was refused; what the sink's flush says
   */
  end(reason = "NORMAL", more: { error?: unknown } = {}): Promise<void> {
    return (this.#ending ??= this.#finish({ event: "END", reason, ...more }));
  }

  /** The same without an END: the session counts as interrupted. */
  close(): Promise<void> {
    return (this.#ending ??= this.#finish());
  }

  /** Ends the session with reason `scope_exit`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.end("scope_exit");
  }

  /** For the helpers and handles. @internal */
  override track(draft: EventDraft): Recorded {
    if (this.#ending !== undefined) return this.#feed.refuse(endedError(this.id));
    const recorded = this.#offer(draft);
    if (recorded.error?.code === "QUEUE_FULL") throw recorded.error;
    // Behind the first event that got through, not before it: a queue that has room for one event at a time would
    // otherwise take nothing but GAPs.
    if (recorded.ticket !== undefined) this.#sayLosses();
    return recorded;
  }

  /** @internal */
  override receiptOf(recorded: Recorded): Promise<Receipt> {
    const receipt = this.#receipt(recorded);
    receipt.catch(() => undefined);
    return receipt;
  }

  // --- internal ---

  #offer(draft: EventDraft): Recorded {
    try {
      return this.#feed.offer(this.#drafts.read(draft, undefined, (step) => this.#clockStep(step)));
    } catch (cause) {
      const error = new TracekeepError("BAD_EVENT", "the event could not be recorded", { cause });
      return this.#feed.refuse(error);
    }
  }

  async #append(draft: EventDraft): Promise<Receipt> {
    return await this.#receipt(this.track(draft));
  }

  async #receipt({ id, ticket, error, leftOut }: Recorded): Promise<Receipt> {
    if (error !== undefined) throw error;
    if (ticket === undefined) throw leftOutError(leftOut ?? "dropped");
    const { seq } = ticket;
    return await ticket.settledAs(() => ({ sessionId: this.id, seq, id, durability: this.durability }));
  }

  #sayLosses(): void {
    const loss = this.#feed.takeLoss();
    if (loss !== undefined) this.#feed.offer(this.#drafts.read(gapDraft(loss)), loss);
  }

  #clockStep({ expectedMs, actualMs }: ClockStep): void {
    const step = { expected: formatTimestamp(expectedMs), actual: formatTimestamp(actualMs) };
    this.#feed.offer(this.#drafts.read({ event: "CLOCK_STEP", ...step }));
  }

  async #finish(end?: EventDraft): Promise<void> {
    try {
      await this.#feed.settled();
      this.#sayLosses();
      await this.#feed.settled();
      if (end !== undefined) await this.#recordEnd(end);
      await this.flush();
    } finally {
      unwatchProcessEnd(this);
      await this.#letGo();
    }
  }

  async #letGo(): Promise<void> {
    await this.#ownSink?.close?.();
  }

  async #recordEnd(end: EventDraft): Promise<void> {
    this.#ended = true;
    const redactions = Object.fromEntries(this.#redactor.counts);
    const recorded = this.#offer({
      ...end,
      ...endCounts(this.#summary),
      ...(Object.keys(redactions).length > 0 ? { redactions } : {}),
    });
    // A filter that wants no END has its way.
    if (recorded.leftOut !== "filtered") await this.#receipt(recorded);
  }
}

// --- internal ---

function withCopies(sink: Sink, others: readonly Sink[], onFault: OnFault): Sink {
  if (others.length === 0) return sink;
  const multi = multiSink(sink, ...others);
  multi.onFault = onFault;
  return multi;
}

function endedError(id: string): TracekeepError {
  return new TracekeepError("CLOSED", `the recorder of session ${id} has ended`, {
    hint: "start another one with createRecorder",
  });
}
