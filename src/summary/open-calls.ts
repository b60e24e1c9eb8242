// Calls that wait for their results, as many as memory is given for.

/**
 * Remembers values by name; beyond `limit`, the oldest half is forgotten. Two generations make that cheap: deleting the
 * oldest entry of one Map, again and again, means stepping over all that was deleted before it.
 */
export class OpenCalls<T, Name = string> {
  readonly #half: number;
  // Made when the first comes: most sessions in a list wait for none.
  #young: Map<Name, T> | undefined;
  #old: Map<Name, T> | undefined;

  constructor(limit: number) {
    this.#half = Math.ceil(limit / 2);
  }

  remember(id: Name, call: T): void {
    if (this.#young !== undefined && this.#young.size >= this.#half) {
      this.#old = this.#young;
      this.#young = undefined;
    }
    this.#young ??= new Map();
    this.#young.set(id, call);
  }

  /** The call of that name, which is forgotten with this. */
  take(id: Name): T | undefined {
    const call = this.#young?.get(id) ?? this.#old?.get(id);
    if (call !== undefined && this.#young?.delete(id) !== true) this.#old?.delete(id);
    return call;
  }

  get isEmpty(): boolean {
    return (this.#young?.size ?? 0) + (this.#old?.size ?? 0) === 0;
  }

  /** All that are remembered, the oldest first. */
  *entries(): Generator<[Name, T], void, undefined> {
    if (this.#old !== undefined) yield* this.#old;
    if (this.#young !== undefined) yield* this.#young;
  }
}
