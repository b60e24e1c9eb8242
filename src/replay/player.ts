// Plays recorded sessions: the recorded order at the recorded pace, or faster, or step by step. Read-only: it touches
// neither the logs nor anything that is running.

import { setImmediate } from "node:timers/promises";

import { checkOptionNames, describe } from "../base/options.ts";
import type { Event } from "../event/index.ts";
import { openReader, parseMoment } from "../read/index.ts";
import type { Moment, Reader, ReadReport } from "../read/index.ts";
import { instantOf } from "../summary/index.ts";
import { chunksOf } from "./chunks.ts";
import { Pace, systemTimer } from "./pace.ts";
import type { PlayerTimer } from "./pace.ts";
import { readTape } from "./tape.ts";
import type { Tape, TapeEvent } from "./tape.ts";

export interface PlayerOptions {
  /** One session or several, which are interleaved by time: ids, beginnings of ids, or agent ids (their latest). */
  sessions: string | readonly string[];
  /** The store they are in. Default: the one found from the current folder. */
  reader?: Reader | undefined;
  /** 1 is the recorded pace, 10 ten times as fast, `Infinity` as fast as events are taken. Default 1. */
  speed?: number | undefined;
  /** Longer times without an event are cut to this, in milliseconds of the recording. Default: none is. */
  maxSilenceMs?: number | undefined;
  /** First and last event to play: its number (of one session), or a time. Default: all. */
  from?: number | Moment | undefined;
  to?: number | Moment | undefined;
  /** Begin again at the end. Default false. */
  loop?: boolean | undefined;
  /** Give texts that arrived in pieces piece by piece. Default true. */
  chunks?: boolean | undefined;
  /** Begin paused; then only `step` and `resume` move it. Default false. */
  paused?: boolean | undefined;
  /** Ends the replay. */
  signal?: AbortSignal | undefined;
  /** Time, for tests. Default: the system's. */
  timer?: PlayerTimer | undefined;
}

/** What is played: an event, or a piece of its text. */
export interface Played {
  event: Event;
  /** Place in the order of the replay, from 0. */
  position: number;
  /** When it happened, in milliseconds since 1970. */
  timeMs: number;
  /** One of several pieces that the event's text arrived in. */
  chunk?: { text: string; index: number; count: number };
}

/**
 * Opens sessions for replay. Reads them once; then each body is read when it is its turn.
 *
 * @throws TypeError, RangeError for bad options; TracekeepError `NO_SESSION`
 * @example
 * const player = openPlayer({ sessions: "reviewer", speed: 10, maxSilenceMs: 2_000 });
 * for await (const { event } of player) console.log(event.timestamp, event.event);
 */
export function openPlayer(options: PlayerOptions): Player {
  return new Player(options);
}

export class Player implements AsyncIterable<Played> {
  readonly #tapes: ReadonlyMap<string, Tape>;
  readonly #events: readonly TapeEvent[];
  readonly #pace: Pace;
  readonly #chunks: boolean;
  readonly #loop: boolean;
  readonly #signal: AbortSignal | undefined;
  /** The next event to read, and what was read and waits for its time. */
  #cursor = 0;
  #ahead: Played[] = [];
  #stopped = false;

  constructor(options: PlayerOptions) {
    checkOptionNames("openPlayer", options, OPTION_NAMES);
    const { sessions, reader = openReader(), speed = 1, maxSilenceMs = Infinity, signal } = options;
    const names = typeof sessions === "string" ? [sessions] : sessions;
    if (!Array.isArray(names) || names.length === 0)
      throw new TypeError("openPlayer: name one session at least");
    const tapes = names.map((name: string) => readTape(reader, name));
    this.#tapes = new Map(tapes.map((tape) => [tape.sessionId, tape]));
    this.#pace = new Pace(speed, maxSilenceMs, options.timer ?? systemTimer);
    this.#chunks = options.chunks ?? true;
    this.#loop = options.loop ?? false;
    this.#signal = signal;
    const inRange = rangeOf(options, this.#tapes.size);
    // Each tape is in order, and sorting is stable.
    const all = [...this.#tapes.values()].flatMap(({ events }) => events.filter(inRange));
    this.#events = this.#tapes.size === 1 ? all : all.sort((left, right) => left.timeMs - right.timeMs);
    if (options.paused === true) this.#pace.pause();
  }

  /** How many events there are to play. */
  get length(): number {
    return this.#events.length;
  }

  /** What could not be read of the sessions. */
  get reports(): ReadReport[] {
    return [...this.#tapes.values()].map(({ report }) => report);
  }

  /** Place of the next event, from 0. */
  get position(): number {
    return this.#ahead[0]?.position ?? this.#cursor;
  }

  /** May be changed at any time, also while waiting. */
  get speed(): number {
    return this.#pace.speed;
  }
  set speed(speed: number) {
    this.#pace.speed = speed;
  }

  get paused(): boolean {
    return this.#pace.paused;
  }

  /** Milliseconds until the next event is due, as things are; `Infinity` while paused. */
  get waitMs(): number {
    return this.#pace.waitMs;
  }

  pause(): void {
    this.#pace.pause();
  }

  resume(): void {
    this.#pace.resume();
  }

  /** Plays the next `count` events or pieces at once, paused or not. */
  step(count = 1): void {
    this.#pace.step(count);
  }

  /** Goes to a place from 0 to `length`; the event there is played next, without a wait before it. @throws RangeError */
  seek(position: number): void {
    if (!Number.isInteger(position) || position < 0 || position > this.length)
      throw new RangeError(`seek: position must be a whole number from 0 to ${this.length}, got ${position}`);
    this.#cursor = position;
    this.#ahead = [];
    this.#pace.restart();
  }

  /** Goes to the first event that happened at a time or after it. @throws TypeError, RangeError */
  seekTime(moment: Moment): void {
    const timeMs = parseMoment("seekTime", moment, Date.now());
    const found = this.#events.findIndex((event) => event.timeMs >= timeMs);
    this.seek(found < 0 ? this.length : found);
  }

  /** Ends the replay; whoever iterates comes to the end. */
  stop(): void {
    this.#stopped = true;
    this.#pace.wake();
  }

  /** Plays to a handler, which may be asynchronous. Resolves at the end. */
  async play(handler: (played: Played) => unknown): Promise<void> {
    for await (const played of this) await handler(played);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Played, void, undefined> {
    const stop = (): void => this.stop();
    if (this.#signal?.aborted === true) return;
    this.#signal?.addEventListener("abort", stop, { once: true });
    this.#pace.restart();
    try {
      for (let count = 1; ; count++) {
        const next = await this.#take();
        if (next === undefined) return;
        yield next;
        // At full speed nothing is ever waited for, and others would never get their turn.
        if (count % EVENTS_PER_TURN === 0) await setImmediate();
      }
    } finally {
      this.#signal?.removeEventListener("abort", stop);
    }
  }

  // --- internal ---

  /** The next moment, when it is due; undefined at the end. */
  async #take(): Promise<Played | undefined> {
    for (;;) {
      if (this.#stopped) return undefined;
      const next = this.#next();
      if (next === undefined) {
        if (!this.#loop || this.length === 0) return undefined;
        this.seek(0);
      } else if (await this.#pace.wait(next.timeMs)) {
        // Nothing was changed meanwhile, so it is still the next.
        this.#ahead.shift();
        return next;
      }
    }
  }

  /** Reads ahead until it is certain what comes next: pieces of an event may come after the events that follow it. */
  #next(): Played | undefined {
    for (;;) {
      const due = this.#ahead[0];
      const place = this.#events[this.#cursor];
      if (place === undefined || (due !== undefined && due.timeMs <= place.timeMs)) return due;
      const event = this.#tapes.get(place.session_id)?.read(place);
      if (event !== undefined) this.#ahead.push(...this.#moments(event, place, this.#cursor));
      this.#ahead.sort((left, right) => left.timeMs - right.timeMs);
      this.#cursor++;
    }
  }

  #moments(event: Event, { timeMs }: TapeEvent, position: number): Played[] {
    const chunks = this.#chunks ? chunksOf(event) : undefined;
    if (chunks === undefined) return [{ event, position, timeMs }];
    // A stream is written down after what happened meanwhile, under the time of its first piece.
    const startMs = instantOf(event.timestamp);
    return chunks.map(({ text, offsetMs }, index) => ({
      event,
      position,
      timeMs: Math.max(timeMs, startMs + offsetMs),
      chunk: { text, index, count: chunks.length },
    }));
  }
}

// --- internal ---

const EVENTS_PER_TURN = 1000;

// prettier-ignore
const OPTION_NAMES = [
  "sessions", "reader", "speed", "maxSilenceMs", "from", "to", "loop", "chunks", "paused", "signal", "timer",
] as const satisfies readonly (keyof PlayerOptions)[];

function rangeOf({ from, to }: PlayerOptions, sessions: number): (event: TapeEvent) => boolean {
  const nowMs = Date.now();
  const bound = (name: string, value: number | Moment | undefined): { seq?: number; timeMs?: number } => {
    if (value === undefined) return {};
    if (typeof value !== "number") return { timeMs: parseMoment(name, value, nowMs) };
    if (!Number.isInteger(value) || value < 0)
      throw new RangeError(`openPlayer: ${name} must be an event's number or a time, got ${describe(value)}`);
    if (sessions > 1) throw new RangeError(`of several sessions, ${name} must be a time`);
    return { seq: value };
  };
  const first = bound("from", from);
  const last = bound("to", to);
  if (Number(first.seq) > Number(last.seq) || Number(first.timeMs) > Number(last.timeMs))
    throw new RangeError(
      `openPlayer: from ${describe(from)} is behind to ${describe(to)}: nothing lies between them`,
    );
  return ({ seq, timeMs }) =>
    seq >= (first.seq ?? 0) &&
    seq <= (last.seq ?? Infinity) &&
    timeMs >= (first.timeMs ?? -Infinity) &&
    timeMs <= (last.timeMs ?? Infinity);
}
