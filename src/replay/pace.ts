// When the next event is due. Times are laid end to end from the first one, not from whenever the last one came out, so
// that lateness of a millisecond here and there does not add up.

import { setTimeout } from "node:timers/promises";

import { describe } from "../base/options.ts";

/** Time as a player needs it. */
export interface PlayerTimer {
  /** Milliseconds since some fixed moment; never goes back. */
  nowMs(): number;
  /** Resolves after so many milliseconds, or as soon as `signal` is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemTimer: PlayerTimer = {
  nowMs: () => performance.now(),
  sleep: async (ms, signal) => {
    try {
      await setTimeout(ms, undefined, { signal });
    } catch {
      // Woken early.
    }
  },
};

export class Pace {
  readonly #timer: PlayerTimer;
  readonly #maxSilenceMs: number;
  #speed = 1;
  #paused = false;
  #steps = 0;
  /** Recorded time of what was played last; NaN when the next is to come at once. */
  #playedMs = NaN;
  /** What the wait was last reckoned for, and how much recorded time was left of it at `#anchorMs`. */
  #nextMs = NaN;
  #leftMs = 0;
  #anchorMs: number;
  #sleeping: AbortController | undefined;
  #changes = 0;

  /** @throws TypeError, RangeError */
  constructor(speed: number, maxSilenceMs: number, timer: PlayerTimer) {
    this.#timer = timer;
    if (typeof maxSilenceMs !== "number" || !(maxSilenceMs >= 0))
      throw new RangeError(`openPlayer: maxSilenceMs must be a number from 0, got ${describe(maxSilenceMs)}`);
    this.#maxSilenceMs = maxSilenceMs;
    this.#anchorMs = timer.nowMs();
    this.speed = speed;
  }

  get speed(): number {
    return this.#speed;
  }

  set speed(speed: number) {
    if (typeof speed !== "number" || !(speed > 0))
      throw new RangeError(`openPlayer: speed must be a number above 0, got ${describe(speed)}`);
    this.#settle();
    this.#speed = speed;
    this.wake();
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Milliseconds until the next event is due. */
  get waitMs(): number {
    if (this.#paused) return Infinity;
    return Math.max(0, this.#dueMs - this.#timer.nowMs());
  }

  pause(): void {
    this.#settle();
    this.#paused = true;
    this.wake();
  }

  resume(): void {
    this.#settle();
    this.#paused = false;
    this.wake();
  }

  step(count: number): void {
    this.#steps += count;
    this.wake();
  }

  /** What comes next comes at once. */
  restart(): void {
    this.#playedMs = this.#nextMs = NaN;
    this.#changes++;
    this.wake();
  }

  wake(): void {
    this.#sleeping?.abort();
  }

  /** Waits for something of that recorded time; false when it has to be looked at again, because something changed. */
  async wait(timeMs: number): Promise<boolean> {
    if (timeMs !== this.#nextMs) {
      this.#nextMs = timeMs;
      const gapMs = Number.isNaN(this.#playedMs) ? 0 : Math.max(0, timeMs - this.#playedMs);
      this.#leftMs = Math.min(gapMs, this.#maxSilenceMs);
    }
    const before = this.#changes;
    if (this.#steps === 0) {
      const waitMs = this.waitMs;
      if (waitMs > 0) {
        this.#sleeping = new AbortController();
        await this.#timer.sleep(Math.min(waitMs, MAX_SLEEP_MS), this.#sleeping.signal);
        this.#sleeping = undefined;
        if (before !== this.#changes || (this.waitMs > 0 && this.#steps === 0)) return false;
      }
    }
    this.#played(timeMs);
    return true;
  }

  // --- internal ---

  #played(timeMs: number): void {
    const nowMs = this.#timer.nowMs();
    const isStep = this.#steps > 0;
    if (isStep) this.#steps--;
    // Whoever takes events may be late now and then, and the next ones make up for it. Who was away for longer has
    // paused: time goes on from here.
    const isAway = nowMs - this.#dueMs > MAX_LATE_MS;
    this.#anchorMs =
      isStep || isAway || this.#speed === Infinity || Number.isNaN(this.#playedMs) ? nowMs : this.#dueMs;
    this.#playedMs = timeMs;
    this.#nextMs = NaN;
    this.#leftMs = 0;
  }

  get #dueMs(): number {
    return this.#anchorMs + this.#leftMs / this.#speed;
  }

  /** Takes off what has been waited so far, before speed or pause changes what waiting means. */
  #settle(): void {
    const nowMs = this.#timer.nowMs();
    const waitedMs = nowMs - this.#anchorMs;
    if (!this.#paused && waitedMs > 0) this.#leftMs = Math.max(0, this.#leftMs - waitedMs * this.#speed);
    this.#anchorMs = nowMs;
  }
}

// --- internal ---

const MAX_LATE_MS = 1000;
/** Timers take no more than 24.8 days; a wait that is longer is taken in parts. */
const MAX_SLEEP_MS = 3_600_000;
