// Numbers events for a sink and keeps account of what becomes of each. One that the sink refuses or leaves out at once
// uses no number; what is lost later leaves a hole. Either way a GAP event says how many there were.

import { TracekeepError } from "../base/errors.ts";
import type { Event } from "../event/index.ts";
import type { LineParts } from "../format/index.ts";
import type { OnFault } from "../sinks/fault.ts";
import { deliver, isPending, refusal } from "../sinks/sink.ts";
import type { LeftOut, Sink, WriteOutcome } from "../sinks/sink.ts";
import type { EventEncoder } from "./encoder.ts";
import { Losses } from "./losses.ts";
import type { Loss } from "./losses.ts";
import type { Recorded } from "./recorded.ts";

/** Events that may be on their way at once, for sinks that bound nothing themselves; one more is refused. */
const MAX_PENDING_EVENTS = 1_000_000;

/** Every event offered is accepted, pending, dropped, filtered or refused. */
export interface FeedCounts {
  /** Events that the sink has; a buffered sink, its destination. */
  accepted: number;
  /** Events on their way. */
  pending: number;
  /** Events left out by a full queue whose policy is to drop. */
  dropped: number;
  /** Events left out by a filter. */
  filtered: number;
  /** Events that the sink did not take, and events for a recorder that had ended. */
  refused: number;
}

export interface FeedOptions {
  sink: Sink;
  encoder: EventEncoder;
  /** Called with every event that the sink has accepted. */
  onAccepted: (event: Event) => void;
  onFault: OnFault;
}

export class Feed {
  readonly #options: FeedOptions;
  readonly #losses = new Losses();
  readonly #pending = new Set<Promise<void>>();
  readonly #counts = { accepted: 0, dropped: 0, filtered: 0, refused: 0 };
  #nextSeq = 0;
  #writing = false;
  #failing = false;
  #lastError: TracekeepError | undefined;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  get nextSeq(): number {
    return this.#nextSeq;
  }

  get lastError(): TracekeepError | undefined {
    return this.#lastError;
  }

  get counts(): FeedCounts {
    return { ...this.#counts, pending: this.#pending.size };
  }

  /** What was lost since the last time it was asked for; whoever asks offers a GAP that speaks of it. */
  takeLoss(): Loss | undefined {
    return this.#losses.take();
  }

  /**
   * Numbers an event and writes it to the sink.
   *
   * @param spokenOf of a GAP: the losses it tells of. When it is lost itself, they are still to be told
   */
  offer(parts: LineParts, spokenOf?: Loss): Recorded {
    // Otherwise a sink that logs what it does would do so for ever.
    if (this.#writing) return this.refuse(ownSinkError());
    if (this.#pending.size >= MAX_PENDING_EVENTS) return this.refuse(tooManyError());
    parts.seq = this.#nextSeq;
    const { event, line } = this.#options.encoder.encode(parts);
    let outcome: WriteOutcome | Promise<WriteOutcome>;
    this.#writing = true;
    try {
      outcome = deliver(this.#options.sink, event, line);
    } catch (cause) {
      const error = refusal(cause);
      this.#lost(error, spokenOf);
      return { id: parts.id, ticket: undefined, error };
    } finally {
      this.#writing = false;
    }
    if (typeof outcome === "string") {
      this.#leftOut(outcome, spokenOf);
      return { id: parts.id, ticket: undefined, error: undefined, leftOut: outcome };
    }
    this.#nextSeq++;
    const settled = isPending(outcome) ? this.#later(outcome, event, spokenOf) : this.#accepted(event);
    return {
      id: parts.id,
      event,
      ticket: { seq: event.seq, settledAs: (value) => settled.then(value) },
      error: undefined,
    };
  }

  /** Accounts for an event that does not even get to the sink. */
  refuse(error: TracekeepError): Recorded {
    this.#lost(error, undefined);
    return { id: "", ticket: undefined, error };
  }

  /** Resolves when the fate of everything offered so far is known. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#pending);
  }

  // --- internal ---

  #later(outcome: Promise<WriteOutcome>, event: Event, spokenOf: Loss | undefined): Promise<void> {
    // A thenable of somebody's own may call back at once.
    const settled = Promise.resolve(outcome).then(
      (late) => {
        this.#pending.delete(settled);
        if (late === undefined) return this.#accepted(event);
        this.#leftOut(late, spokenOf, event.seq);
        throw leftOutError(late);
      },
      (cause: unknown) => {
        this.#pending.delete(settled);
        const error = refusal(cause);
        this.#lost(error, spokenOf, event.seq);
        throw error;
      },
    );
    this.#pending.add(settled);
    settled.catch(() => undefined);
    return settled;
  }

  #accepted(event: Event): Promise<void> {
    this.#counts.accepted++;
    this.#failing = false;
    this.#options.onAccepted(event);
    return ACCEPTED;
  }

  #leftOut(how: LeftOut, spokenOf: Loss | undefined, seq?: number): void {
    if (spokenOf !== undefined) this.#losses.putBack(spokenOf);
    else if (how === "filtered") this.#counts.filtered++;
    else {
      this.#counts.dropped++;
      this.#losses.add("a full queue dropped these events", seq);
      if (!this.#failing) this.#tell(leftOutError(how));
    }
  }

  #lost(error: TracekeepError, spokenOf: Loss | undefined, seq?: number): void {
    if (spokenOf === undefined) {
      this.#counts.refused++;
      this.#losses.add(`the sink refused these events: ${error.message}`, seq);
    } else this.#losses.putBack(spokenOf);
    this.#lastError = error;
    if (!this.#failing) this.#tell(error);
  }

  /** Once for each run of failures, so that a sink that is down does not cost a message for each event. */
  #tell(error: TracekeepError): void {
    this.#failing = true;
    this.#lastError = error;
    this.#options.onFault(error);
  }
}

export function leftOutError(how: LeftOut): TracekeepError {
  return how === "filtered"
    ? new TracekeepError("FILTERED", "the sink's filter does not want this event")
    : new TracekeepError("QUEUE_FULL", "the sink's queue was full and dropped this event", {
        hint: "give it more capacity, or the overflow policy block",
      });
}

// --- internal ---

const ACCEPTED = Promise.resolve();

function ownSinkError(): TracekeepError {
  return new TracekeepError("REFUSED", "a sink must not record into the recorder that is writing to it");
}

function tooManyError(): TracekeepError {
  return new TracekeepError("REFUSED", `${MAX_PENDING_EVENTS} events are on their way to the sink already`, {
    hint: "await some of them, or put a buffered sink before it",
  });
}
