// Calls that wait for their results, as many as memory is given for.

/**
 * Remembers values by name; beyond `limit`, the oldest half is forgotten. Two generations make that cheap: deleting the
 * oldest entry of one Map, again and again, means stepping over all that was deleted before it.
 */
export class OpenCalls<T, Name = string> {
  readonly #half: number;
  #young = new Map<Name, T>();
  #old = new Map<Name, T>();

  constructor(limit: number) {
    this.#half = Math.ceil(limit / 2);
  }

  remember(id: Name, call: T): void {
    if (this.#young.size >= this.#half) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(id, call);
  }

  /** The call of that name, which is forgotten with this. */
  take(id: Name): T | undefined {
    const call = this.#young.get(id) ?? this.#old.get(id);
    if (call !== undefined && !this.#young.delete(id)) this.#old.delete(id);
    return call;
  }

  /** All that are remembered, the oldest first. */
  *entries(): Generator<[Name, T], void, undefined> {
    yield* this.#old;
    yield* this.#young;
  }
}
