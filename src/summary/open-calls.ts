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
  // Made when they are needed: most sessions in a list wait for none.
  #young: Map<Name, T> | undefined;
  #old: Map<Name, T> | undefined;

  constructor(limit: number) {
    this.#half = Math.ceil(limit / 2);
  }

  remember(id: Name, call: T): void {
    const before = this.#latest;
    this.#latest = { id, call };
    if (this.#young !== undefined && this.#young.size > 0) this.#young.delete(id);
    if (before === undefined || before.id === id) return;
    // With the latest they are half of the limit.
    if (this.#young !== undefined && this.#young.size >= this.#half - 1) {
      this.#old = this.#young;
      this.#young = undefined;
    }
    this.#young ??= new Map();
    this.#young.set(before.id, before.call);
  }

  /** The call of that name, which is forgotten with this. */
  take(id: Name): T | undefined {
    const latest = this.#latest;
    if (latest?.id === id) {
      this.#latest = undefined;
      return latest.call;
    }
    const call = this.#young?.get(id) ?? this.#old?.get(id);
    if (call !== undefined && this.#young?.delete(id) !== true) this.#old?.delete(id);
    return call;
  }

  get isEmpty(): boolean {
    return this.#latest === undefined && (this.#young?.size ?? 0) + (this.#old?.size ?? 0) === 0;
  }

  /** All that are remembered, the oldest first. */
  *entries(): Generator<[Name, T], void, undefined> {
    if (this.#old !== undefined) yield* this.#old;
    if (this.#young !== undefined) yield* this.#young;
    if (this.#latest !== undefined) yield [this.#latest.id, this.#latest.call];
  }
}
