/** First in, first out, and never more than `capacity` items. Every step costs the same, amortised. */
export class BoundedQueue<T> {
  readonly capacity: number;
  #items: T[] = [];
  /** Items before this one have left; they are cut off together, when they are half of the array. */
  #head = 0;

  /** @param capacity a whole number, or `Infinity` where the owner bounds the queue in another way */
  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get size(): number {
    return this.#items.length - this.#head;
  }

  get full(): boolean {
    return this.size >= this.capacity;
  }

  /** Adds an item at the end, or returns false when the queue is full. */
  push(item: T): boolean {
    if (this.full) return false;
    this.#items.push(item);
    return true;
  }

  /** The item that leaves next. */
  peek(): T | undefined {
    return this.#items[this.#head];
  }

  /** Takes out the oldest item. */
  shift(): T | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#head++];
    if (this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Takes out everything, oldest first. */
  drain(): T[] {
    const items = this.toArray();
    this.clear();
    return items;
  }

  /** A copy, oldest first. */
  toArray(): T[] {
    return this.#items.slice(this.#head);
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
  }
}
