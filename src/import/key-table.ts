// A hash table from text to small numbers for millions of keys: 12 bytes a slot and no object for any of them, where a
// Map of strings takes a hundred. Keys are told apart by 53 bits of hash; among a million keys the chance that any two
// are taken for one is about 1 in 18,000.

export class KeyTable {
  /** Hash plus one; 0 is a free slot. */
  #hashes = new Float64Array(FIRST_SLOTS);
  #values = new Uint32Array(FIRST_SLOTS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The number that a key has, or undefined. */
  get(key: string): number | undefined {
    const slot = this.#slotOf(hash53(key) + 1);
    return this.#hashes[slot] === 0 ? undefined : this.#values[slot];
  }

  has(key: string): boolean {
    return this.#hashes[this.#slotOf(hash53(key) + 1)] !== 0;
  }

  /** Gives a key a number (0 to 2^32 - 1) unless it has one. */
  add(key: string, value: number = 0): void {
    if (this.#size * 2 >= this.#hashes.length) this.#grow();
    const hash = hash53(key) + 1;
    const slot = this.#slotOf(hash);
    if (this.#hashes[slot] !== 0) return;
    this.#hashes[slot] = hash;
    this.#values[slot] = value;
    this.#size++;
  }

  // --- internal ---

  /** The slot that holds a hash, or the free one where it would go. Linear probing: the next slot is in the same cache line. */
  #slotOf(hash: number): number {
    const mask = this.#hashes.length - 1;
    let slot = hash % this.#hashes.length;
    while (this.#hashes[slot] !== 0 && this.#hashes[slot] !== hash) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const [hashes, values] = [this.#hashes, this.#values];
    this.#hashes = new Float64Array(hashes.length * 2);
    this.#values = new Uint32Array(hashes.length * 2);
    hashes.forEach((hash, index) => {
      if (hash === 0) return;
      const slot = this.#slotOf(hash);
      this.#hashes[slot] = hash;
      this.#values[slot] = values[index] ?? 0;
    });
  }
}

/** A power of two. */
const FIRST_SLOTS = 1024;

/** 53 bits, the most that a number holds exactly: two multiplicative hashes, each mixed at the end as MurmurHash3 does. */
function hash53(text: string): number {
  let low = 0x811c9dc5;
  let high = 0x9747b28c;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    low = Math.imul(low ^ unit, 0x01000193);
    high = Math.imul(high ^ unit, 0x85ebca6b);
  }
  return (mix(high) >>> 11) * 0x100000000 + mix(low ^ Math.imul(high, 31));
}

function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
