// Calls that wait for their results, as many as memory is given for.

/**
 * Remembers values by name; beyond `limit`, the oldest half is forgotten. Two generations make that cheap: deleting the
 * oldest entry of one Map, again and again, means stepping over all that was deleted before it. The latest stands beside
 * them, because most calls are answered before the next one is made, and a Map that is filled and emptied all the time
 * makes its table anew all the time.
 */
export class OpenCalls<T, Name = string> {
  readonly #half: number;
  #latest: { id: Name; call: T } | undefined;
  #young = new Map<Name, T>();
  #old = new Map<Name, T>();

  constructor(limit: number) {
    this.#half = Math.ceil(limit / 2);
  }

  remember(id: Name, call: T): void {
    const before = this.#latest;
    this.#latest = { id, call };
    if (this.#young.size > 0) this.#young.delete(id);
    if (before === undefined || before.id === id) return;
    // With the latest they are half of the limit.
    if (this.#young.size >= this.#half - 1) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(before.id, before.call);
  }

  /** The call of that name, which is forgotten with this. */
  take(id: Name): T | undefined {
    const latest = this.#latest;
    if (latest?.id === id) {
      this.#latest = undefined;
      return latest.call;
    }
    const call = this.#young.get(id) ?? this.#old.get(id);
    if (call !== undefined && !this.#young.delete(id)) this.#old.delete(id);
    return call;
  }

  /** All that are remembered, the oldest first. */
  *entries(): Generator<[Name, T], void, undefined> {
    yield* this.#old;
    yield* this.#young;
    if (this.#latest !== undefined) yield [this.#latest.id, this.#latest.call];
  }
}
