// What the sinks beside a session's log and the live hub get: each event that has its number, once the kernel has it.
// Without sinks and while nobody listens, nothing is made. An event that could not be written after all never was in the
// log, and its number goes to another one, so nothing is handed over before the log has let go of it (persist first, then
// notify).

import { setImmediate } from "node:timers";

import type { TracekeepError } from "../base/errors.ts";
import type { EventDraft } from "../event/index.ts";
import type { LineParts } from "../format/index.ts";
import type { LiveHub } from "../live/index.ts";
import type { OnFault } from "../sinks/fault.ts";
import { IsolatedSink } from "../sinks/isolated.ts";
import { openBuffers } from "../sinks/open-buffers.ts";
import type { Sink } from "../sinks/sink.ts";
import type { SessionLog } from "../store/session/session-log.ts";
import type { EncodedEvent, EventEncoder } from "./encoder.ts";

/** As many events are held before they are handed over in the middle of a turn. */
const MAX_HELD_EVENTS = 1_024;

export class Copies {
  readonly #sinks: readonly IsolatedSink[];
  readonly #encoder: EventEncoder;
  readonly #hub: LiveHub;
  readonly #sessionId: string;
  #log: SessionLog | undefined;
  #held: EncodedEvent[] = [];
  #scheduled = false;
  #handingOver = false;

  /** @param record writes an event of the recorder about itself, if the session still takes one */
  constructor(
    sinks: readonly Sink[],
    encoder: EventEncoder,
    hub: LiveHub,
    onFault: OnFault,
    record: (draft: EventDraft) => void,
  ) {
    this.#encoder = encoder;
    this.#hub = hub;
    this.#sessionId = encoder.sessionId;
    this.#sinks = sinks.map((sink, index) => {
      let told = false;
      return new IsolatedSink(sink, (error: TracekeepError) => {
        onFault(error);
        // Once for each sink, because this event is copied to it as well.
        if (told || this.#log === undefined) return;
        told = true;
        record({ event: "DEGRADED", reason: `the copy in sink ${index + 1} is incomplete`, error });
      });
    });
  }

  /** The log whose events these are. Its first ones may have been added already. */
  attach(log: SessionLog): void {
    this.#log = log;
  }

  /** Takes an event that has just got its number. */
  add(parts: LineParts): void {
    if (this.#sinks.length === 0 && !this.#hub.hears(this.#sessionId)) return;
    // Now, because the caller's own objects may change until the end of the turn.
    this.#held.push(this.#encoder.encode(parts));
    openBuffers.add(this);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.drainNow();
    });
  }

  /** The events from the log's next number on could not be written. */
  lost(): void {
    const nextSeq = this.#log?.nextSeq ?? 0;
    this.#held = this.#held.filter(({ event }) => event.seq < nextSeq);
  }

  /**
   * Within a turn: hands over what the log has written by itself, because its buffer was full. Whoever watches the file
   * would otherwise read and parse it before the end of the turn. Keeps what is held bounded.
   */
  relieve(): void {
    if (this.#held.length >= MAX_HELD_EVENTS) this.drainNow();
    else if ((this.#held[0]?.event.seq ?? Infinity) < this.#writtenSeq) this.handOver(this.#writtenSeq);
  }

  /** Has the log hand everything to the kernel, then hands it over. */
  drainNow(): void {
    try {
      this.#log?.flush();
    } catch {
      // The log has told its fault handler, and `lost` what is not to be copied.
    }
    this.handOver();
  }

  /**
   * Hands over what is held, after the log has been flushed or closed.
   *
   * @param beforeSeq only events with smaller numbers
   */
  handOver(beforeSeq: number = Infinity): void {
    // A sink may record an event of its own (detectors do). It comes after those that are being handed over.
    if (this.#handingOver) return;
    const first = this.#held.findIndex(({ event }) => event.seq >= beforeSeq);
    const held = first < 0 ? this.#held : this.#held.slice(0, first);
    this.#held = first < 0 ? [] : this.#held.slice(first);
    if (first < 0) openBuffers.delete(this);
    if (held.length === 0) return;
    this.#handingOver = true;
    try {
      for (const { event, line } of held) {
        for (const sink of this.#sinks) sink.write(event, line);
        this.#hub.publish(event, line);
      }
    } finally {
      this.#handingOver = false;
    }
  }

  // --- internal ---

  get #writtenSeq(): number {
    return this.#log?.writtenSeq ?? 0;
  }
}
