// Whether bytes stand in a line, asked of one line after the other. The search goes on through the whole buffer, and
// where it found the next place is remembered: of a rare text, most lines are told apart without being looked at.

export class NeedleSearch {
  readonly #needle: Buffer;
  /** The few bytes of the needle that are searched for, and where they stand in it. */
  readonly #part: Buffer;
  readonly #partAt: number;
  #buffer: Buffer | undefined;
  #fills = -1;
  /** The needle does not begin in the buffer from `#searchedFrom` until here. */
  #next = 0;
  #searchedFrom = 0;

  constructor(needle: Buffer) {
    this.#needle = needle;
    this.#partAt = rarePartOf(needle);
    this.#part = needle.subarray(this.#partAt, this.#partAt + MAX_PART_BYTES);
  }

  /** @param fills changes whenever the bytes of the buffer do */
  isIn(buffer: Buffer, start: number, end: number, fills: number): boolean {
    if (fills !== this.#fills || buffer !== this.#buffer || start < this.#searchedFrom) {
      this.#buffer = buffer;
      this.#fills = fills;
      this.#next = this.#searchedFrom = start;
      this.#search(start);
    } else if (this.#next < start) {
      this.#search(start);
    }
    return this.#next + this.#needle.length <= end;
  }

  // --- internal ---

  /** Finds the next place from `from` on. What lies behind the bytes that were read last is no line's, and does no harm. */
  #search(from: number): void {
    const [buffer, needle] = [this.#buffer ?? needle0, this.#needle];
    for (let at = from + this.#partAt; ; at++) {
      at = buffer.indexOf(this.#part, at);
      const begin = at - this.#partAt;
      if (at < 0) this.#next = Infinity;
      else if (
        buffer.compare(needle, 0, needle.length, begin, Math.min(begin + needle.length, buffer.length)) === 0
      )
        this.#next = begin;
      else continue;
      return;
    }
  }
}

// --- internal ---

const needle0: Buffer = Buffer.alloc(0);

/** Node finds needles of up to seven bytes with `memchr` on the first, at 17 GB a second; longer ones at 2 to 4. */
const MAX_PART_BYTES = 7;

/** What logs in JSON are full of, most frequent first; anything else is rarer. */
const FREQUENT = `"e ,:t_aoinsrldc0mp1u-hgT2fE3Rk4L5b69By78wv/.ASOCxNIMzUj{}DPGHVKWqFQYJXZ`;

/** Where the part of a needle begins whose first byte is the rarest. */
function rarePartOf(needle: Buffer): number {
  const last = Math.max(0, needle.length - MAX_PART_BYTES);
  let best = 0;
  for (let at = 1; at <= last; at++) if (rarity(needle[at]) > rarity(needle[best])) best = at;
  return best;
}

function rarity(byte: number | undefined): number {
  const rank = FREQUENT.indexOf(String.fromCharCode(byte ?? 0));
  return rank < 0 ? FREQUENT.length : rank;
}
