// Events as they happen: from the logs first, then from the hub of this process while that is complete, and from the
// logs again for whatever it is not: other processes' sessions, a subscriber that was too slow, a hole. Which way an
// event came makes no difference to who gets it: the cursor of its session decides whether it is the next one.

import { setImmediate } from "node:timers/promises";

import { TracekeepError } from "../../base/errors.ts";
import { deferred } from "../../base/promises.ts";
import type { Deferred } from "../../base/promises.ts";
import { formatTimestamp, severityRank } from "../../event/index.ts";
import type { Event, Severity } from "../../event/index.ts";
import { SubscriberBuffer } from "../../live/index.ts";
import type { HubListener, LiveEvent, LiveHub, StoredEntry, VolatileEvent } from "../../live/index.ts";
import type { ReadReport } from "../lines/report.ts";
import { isPause } from "../scan/stream.ts";
import { StoreFollower } from "./follow.ts";
import type { SessionTail } from "./session-tail.ts";
import { checkSeverity } from "./subscribe-options.ts";
import type { CheckedSubscription } from "./subscribe-options.ts";

/** Why a subscription ended. */
export type SubscriptionEnd = "session ended" | "idle timeout" | "total timeout" | "returned" | "failed";

/** Values given before others get their turn, for subscribers that never wait themselves. */
const VALUES_A_TURN = 256;

/**
 * An async generator of events. It takes its places when it is made, so nothing is missed between that and the first
 * `next`. `break`, `return()` and its signal end it at once, also while it waits.
 */
export class Subscription<T> implements AsyncGenerator<T, void, undefined> {
  readonly #options: CheckedSubscription;
  readonly #hub: LiveHub;
  readonly #follower: StoreFollower;
  readonly #valueOf: (event: LiveEvent, bytes: Buffer | string) => T;
  readonly #buffer: SubscriberBuffer;
  readonly #listener: HubListener;
  readonly #values: AsyncGenerator<T, void, undefined>;
  readonly #totalDeadlineMs: number;
  #minSeverity: Severity | undefined;
  #idleSinceMs = performance.now();
  #wake: Deferred<void> | undefined;
  /** Its log is being read, with pauses in which others record. */
  #reading: SessionTail | undefined;
  /** It has been up to date once. */
  #caughtUp = false;
  #stopped = false;
  #closed = false;
  #end: SubscriptionEnd | undefined;
  #dropped = 0;

  /**
   * @param session id of the only session wanted
   * @param valueOf what is given for an event; `bytes` is its line, valid during the call (empty for volatile ones)
   * @internal
   */
  constructor(
    dir: string,
    hub: LiveHub,
    session: string | undefined,
    options: CheckedSubscription,
    valueOf: (event: LiveEvent, bytes: Buffer | string) => T,
  ) {
    this.#options = options;
    this.#hub = hub;
    this.#valueOf = valueOf;
    this.#minSeverity = options.minSeverity;
    this.#totalDeadlineMs = performance.now() + options.totalTimeoutMs;
    this.#follower = new StoreFollower(dir, session);
    this.#buffer = new SubscriberBuffer(options.capacity, options.policy, (entry) => this.#isNew(entry));
    this.#listener = {
      session,
      wantsVolatile: options.wantsVolatile,
      take: (event, bytes) => this.#take({ event, bytes }),
      takeVolatile: (event) => {
        this.#buffer.announce(event);
        this.#notify();
      },
    };
    this.#follower.start(options.from);
    hub.add(this.#listener);
    this.#values = this.#run();
    if (options.signal?.aborted === true) this.#stop();
    else options.signal?.addEventListener("abort", this.#stop, { once: true });
  }

  /** What could not be read on the way. */
  get report(): ReadReport {
    return this.#follower.report;
  }

  /** The lowest severity given from now on. Setting it to undefined gives all. @throws RangeError */
  get minSeverity(): Severity | undefined {
    return this.#minSeverity;
  }
  set minSeverity(severity: Severity | undefined) {
    this.#minSeverity = checkSeverity(severity);
  }

  /** Events that were dropped because this subscriber was too slow (`drop-oldest`), before any filter. */
  get droppedEvents(): number {
    return this.#dropped;
  }

  /** Why it ended; undefined while it has not. */
  get endedBy(): SubscriptionEnd | undefined {
    return this.#end;
  }

  next(): Promise<IteratorResult<T, void>> {
    return this.#values.next();
  }

  return(): Promise<IteratorResult<T, void>> {
    this.#end ??= "returned";
    this.#stop();
    return this.#values.return();
  }

  throw(error: unknown): Promise<IteratorResult<T, void>> {
    this.#end ??= "returned";
    this.#stop();
    return this.#values.throw(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  // --- internal ---

  async *#run(): AsyncGenerator<T, void, undefined> {
    let values = 0;
    try {
      if (!this.#stopped) this.#follower.watch(() => this.#notify());
      for (const step of this.#stopped ? [] : this.#steps()) {
        if (step === WAIT) await this.#wait();
        else if (step === PAUSE || ++values % VALUES_A_TURN === 0) await setImmediate();
        if (this.#stopped) break;
        if (step === WAIT || step === PAUSE) continue;
        yield step.value;
        this.#idleSinceMs = performance.now();
        if (this.#stopped) break;
      }
      if (this.#end === undefined) this.#options.signal?.throwIfAborted();
    } catch (error) {
      this.#end ??= "failed";
      throw error;
    } finally {
      this.#close();
    }
  }

  /** What there is to give, one after the other; when there is nothing, to wait. */
  *#steps(): Generator<Step<T>, void, undefined> {
    const { last } = this.#options;
    if (last !== undefined) {
      for (const found of this.#follower.backlog(last.filter, last.count)) {
        yield isPause(found) ? PAUSE : { value: this.#valueOf(found.event, found.bytes) };
      }
    }
    for (;;) {
      yield* this.#buffered();
      const tail = this.#follower.takeChanged();
      if (tail !== undefined) {
        yield* this.#read(tail);
        continue;
      }
      if (this.#buffer.size > 0 || this.#buffer.overflowed) continue;
      if (this.#follower.only?.ended === true) return this.#finish("session ended");
      this.#caughtUp = true;
      yield WAIT;
    }
  }

  /**
   * What is new in a log. Its events do not have to wait in memory, the log keeps them; but who rather loses some than
   * be late, or be told, is treated alike wherever they come from. History is never too much.
   */
  *#read(tail: SessionTail): Generator<Step<T>, void, undefined> {
    const isBounded = this.#caughtUp && this.#options.policy !== "catch-up";
    this.#reading = tail;
    for (const followed of tail.read(this.report)) {
      if (followed === undefined) yield PAUSE;
      else if (!isBounded) yield* this.#wanted(followed.event, followed.bytes);
      else this.#buffer.push({ event: followed.event, bytes: Buffer.from(followed.bytes), read: true });
    }
    this.#reading = undefined;
  }

  *#buffered(): Generator<Step<T>, void, undefined> {
    for (;;) {
      const dropped = this.#buffer.takeDropped();
      if (dropped !== undefined) {
        this.#dropped += dropped.count;
        yield { value: this.#valueOf(dropMarker(dropped.count, dropped.first), "") };
      }
      const entry = this.#buffer.shift();
      if (entry === undefined) break;
      if ("volatile" in entry) yield* this.#wanted(entry.volatile, "");
      else if (this.#isNew(entry)) yield* this.#wanted(wholeEvent(entry), entry.bytes);
    }
    if (!this.#buffer.overflowed) return;
    if (this.#options.policy === "disconnect") throw tooSlow(this.#options.capacity);
    this.#buffer.reopen();
    this.#hub.add(this.#listener);
    this.#follower.suspectAll();
  }

  *#wanted(event: LiveEvent, bytes: Buffer | string): Generator<Step<T>, void, undefined> {
    const { filter, totalTimeoutMs } = this.#options;
    if (totalTimeoutMs !== Infinity && performance.now() >= this.#totalDeadlineMs) {
      this.#finish("total timeout");
    }
    if (this.#minSeverity !== undefined && severityRank(event.severity) < severityRank(this.#minSeverity))
      return;
    if (filter.accepts(event as Event)) yield { value: this.#valueOf(event, bytes) };
  }

  /** An event from the hub that is not the next one of its session was read from the log already, or will be. */
  #isNew({ event, bytes, read }: StoredEntry): boolean {
    return read === true || this.#follower.pass(event, bytes);
  }

  #take(entry: StoredEntry): void {
    const { event } = entry;
    // In the buffer it would stand before those that are still to be read. The log has it, behind them.
    if (event.session_id === this.#reading?.sessionId) {
      this.#buffer.forget(event);
      this.#follower.miss(event);
      return;
    }
    this.#buffer.push(entry);
    // Whoever does not keep up costs nothing from here on, until it asks again.
    if (this.#buffer.overflowed) this.#hub.remove(this.#listener);
    this.#notify();
  }

  async #wait(): Promise<void> {
    const nowMs = performance.now();
    const idleMs = this.#idleSinceMs + this.#options.idleTimeoutMs - nowMs;
    const totalMs = this.#totalDeadlineMs - nowMs;
    const leftMs = Math.min(idleMs, totalMs);
    const wake = (this.#wake = deferred<void>());
    const timer =
      leftMs === Infinity
        ? undefined
        : setTimeout(
            () => {
              this.#finish(idleMs < totalMs ? "idle timeout" : "total timeout");
              wake.resolve();
            },
            Math.max(0, leftMs),
          );
    await wake.promise;
    this.#wake = undefined;
    clearTimeout(timer);
  }

  #notify(): void {
    this.#wake?.resolve();
  }

  #finish(end: SubscriptionEnd): void {
    this.#end ??= end;
    this.#stopped = true;
  }

  readonly #stop = (): void => {
    this.#stopped = true;
    this.#notify();
    this.#close();
  };

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#hub.remove(this.#listener);
    this.#options.signal?.removeEventListener("abort", this.#stop);
    this.#follower.close();
    this.#buffer.clear();
  }
}

// --- internal ---

type Step<T> = { value: T } | typeof WAIT | typeof PAUSE;
const WAIT = Symbol("wait");
const PAUSE = Symbol("pause");

function wholeEvent({ event, isEnvelope, bytes }: StoredEntry): Event {
  return isEnvelope === true ? (JSON.parse(bytes.toString()) as Event) : event;
}

function dropMarker(count: number, first: Event): VolatileEvent {
  return {
    volatile: true,
    event: "GAP",
    timestamp: formatTimestamp(Date.now()),
    severity: "WARN",
    session_id: first.session_id,
    agent_id: first.agent_id,
    count,
    from_seq: first.seq,
    reason: "this subscriber was too slow, and its policy is drop-oldest; the events are in their logs",
  };
}

function tooSlow(capacity: number): TracekeepError {
  return new TracekeepError("TOO_SLOW", `more than ${capacity} events were waiting for this subscriber`, {
    hint: "subscribe again from { session, seq } of the event after the last one, or with policy catch-up",
  });
}
