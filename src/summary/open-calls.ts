// Calls that wait for their results, as many as memory is given for.

/**
 * Remembers values by name; beyond `limit`, the oldest half is forgotten. Two generations make that cheap: deleting the
 * oldest entry of one Map, again and again, means stepping over all that was deleted before it.
 */
export class OpenCalls<T> {
  readonly #half: number;
  #young = new Map<string, T>();
  #old = new Map<string, T>();

  constructor(limit: number) {
    this.#half = Math.ceil(limit / 2);
  }

  remember(id: string, call: T): void {
    if (this.#young.size >= this.#half) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(id, call);
  }

  /** The call of that name, which is forgotten with this. */
  take(id: string): T | undefined {
    const call = this.#young.get(id) ?? this.#old.get(id);
    if (call !== undefined && !this.#young.delete(id)) this.#old.delete(id);
    return call;
  }

  /** All that are remembered, the oldest first. */
  *entries(): Generator<[string, T], void, undefined> {
    yield* this.#old;
    yield* this.#young;
  }
}
