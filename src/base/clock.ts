// Time. Everything that needs the time takes a Clock, so that tests decide what time it is.

export interface Clock {
  /** Wall clock: milliseconds since 1970-01-01T00:00:00Z. May jump. */
  wallMs(): number;
  /** Monotonic clock: milliseconds since some fixed moment. Never goes back. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

/** A wall clock that fell behind what this process had already seen. */
export interface ClockStep {
  /** The time that monotonic progress since the last reading leads to. */
  expectedMs: number;
  /** What the wall clock said instead. */
  actualMs: number;
}

/**
 * A clock that never goes back: while the wall clock is behind the latest time given out, it advances by the monotonic
 * clock instead. Each time that begins it reports one {@link ClockStep}, which the recorder writes as `CLOCK_STEP`.
 */
export class SteadyClock {
  readonly #clock: Clock;
  #lastMs = -Infinity;
  #lastMonotonicMs = 0;
  #behind = false;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** Milliseconds since 1970. `onStep` is called when the wall clock has just been found behind. */
  now(onStep?: (step: ClockStep) => void): number {
    const wallMs = this.#clock.wallMs();
    // Most events share their millisecond with the one before.
    if (wallMs === this.#lastMs && !this.#behind) return wallMs;
    if (wallMs >= this.#lastMs) {
      this.#lastMs = wallMs;
      this.#lastMonotonicMs = this.#clock.monotonicMs();
      this.#behind = false;
      return wallMs;
    }
    const monotonicMs = this.#clock.monotonicMs();
    const expectedMs = Math.floor(this.#lastMs + (monotonicMs - this.#lastMonotonicMs));
    // Whole milliseconds are given out, so the fraction that was not is kept for the next reading.
    if (expectedMs > this.#lastMs) {
      this.#lastMonotonicMs += expectedMs - this.#lastMs;
      this.#lastMs = expectedMs;
    }
    if (!this.#behind) {
      this.#behind = true;
      onStep?.({ expectedMs, actualMs: wallMs });
    }
    return this.#lastMs;
  }
}
