// Amounts of the last so many milliseconds, exactly: what was at the beginning of the window is in, what was before it
// is out, at whatever moment one asks.

/** Amounts are kept in whole billionths, so that adding and taking away thousands of prices leaves no noise. */
const UNITS = 1e9;
/** As many that have fallen out may lie at the front before the list is moved up. */
const MAX_STALE = 1024;

/**
 * The sum of a sliding window. Memory grows with the different milliseconds at which something was added in one window;
 * adding costs O(1) in order of time, and the number of later entries otherwise.
 *
 * @example
 * const hour = new SlidingSum(3_600_000);
 * hour.add(Date.parse("2026-01-06T22:00:00Z"), 1.5);
 * hour.at(Date.parse("2026-01-06T23:00:00Z")); // 1.5, and a millisecond later 0
 */
export class SlidingSum {
  readonly windowMs: number;
  #times: number[] = [];
  #units: number[] = [];
  #from = 0;
  #sum = 0;
  #latestMs = -Infinity;

  constructor(windowMs: number) {
    if (!(windowMs > 0)) throw new RangeError(`a window must be longer than 0 ms, got ${windowMs}`);
    this.windowMs = windowMs;
  }

  /** Adds an amount at a moment. What is older than the window of the latest moment seen is not kept. */
  add(timeMs: number, amount: number): void {
    const units = Math.round(amount * UNITS);
    if (!(timeMs >= this.#latestMs - this.windowMs) || !Number.isFinite(units)) return;
    this.#forget(timeMs);
    let at = this.#times.length;
    while (at > this.#from && (this.#times[at - 1] ?? 0) > timeMs) at--;
    if (at > this.#from && this.#times[at - 1] === timeMs) {
      this.#units[at - 1] = (this.#units[at - 1] ?? 0) + units;
    } else if (at === this.#times.length) {
      this.#times.push(timeMs);
      this.#units.push(units);
    } else {
      this.#times.splice(at, 0, timeMs);
      this.#units.splice(at, 0, units);
    }
    this.#sum += units;
  }

  /**
   * The sum of what was added from `windowMs` before a moment up to it. Asked about a moment before the latest one seen,
   * it leaves out what has fallen out of the window since.
   */
  at(timeMs: number): number {
    this.#forget(timeMs);
    let later = 0;
    for (let at = this.#times.length - 1; at >= this.#from && (this.#times[at] ?? 0) > timeMs; at--) {
      later += this.#units[at] ?? 0;
    }
    return (this.#sum - later) / UNITS;
  }

  #forget(timeMs: number): void {
    if (timeMs > this.#latestMs) this.#latestMs = timeMs;
    while (
      this.#from < this.#times.length &&
      (this.#times[this.#from] ?? 0) < this.#latestMs - this.windowMs
    ) {
      this.#sum -= this.#units[this.#from++] ?? 0;
    }
    if (this.#from < MAX_STALE) return;
    this.#times = this.#times.slice(this.#from);
    this.#units = this.#units.slice(this.#from);
    this.#from = 0;
  }
}
