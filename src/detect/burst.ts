/**
 * So many things in so short a time. Remembers the last `count` of them, and tells a burst once: when it begins.
 *
 * @example new Burst(15, 60_000).add(event.id, timeMs) // ids of the 15, when they came within a minute
 */
export class Burst {
  readonly #count: number;
  readonly #windowMs: number;
  readonly #ids: string[] = [];
  readonly #times: number[] = [];
  #next = 0;
  #telling = false;

  constructor(count: number, windowMs: number) {
    this.#count = count;
    this.#windowMs = windowMs;
  }

  /** What has no time (NaN) is not counted. */
  add(id: string, timeMs: number): string[] | undefined {
    if (Number.isNaN(timeMs)) return undefined;
    this.#ids[this.#next] = id;
    this.#times[this.#next] = timeMs;
    this.#next = (this.#next + 1) % this.#count;
    const isBurst =
      this.#ids.length === this.#count && timeMs - (this.#times[this.#next] ?? NaN) <= this.#windowMs;
    const begins = isBurst && !this.#telling;
    this.#telling = isBurst;
    return begins ? [...this.#ids.slice(this.#next), ...this.#ids.slice(0, this.#next)] : undefined;
  }
}
