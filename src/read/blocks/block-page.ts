// A page of a block index: some blocks one behind the other, and what is known of each; or pages of them, each as if it
// were one block. It is read, checked and looked into by itself, so a question costs the pages that it needs.
//
// Little-endian numbers: how many entries the four tables have; then the blocks and, behind them, one that only tells
// where the last one ends; how many events of each kind they have; what those of a kind cost; where errors stand.

import { readTime, TIME_WORDS } from "../lines/time-words.ts";

export interface Block {
  from: number;
  to: number;
  /** Where its earliest and its latest time stand in {@link BlockPage.times}, as texts of 24 bytes. */
  minTime: number;
  maxTime: number;
  events: number;
  doubts: number;
  /** Some of its lines have to be decoded to be understood: it has to be read, whatever is asked. */
  isOpaque: boolean;
  /** What its events cost cannot be told from their sums. */
  isCostUnknown: boolean;
  /** Where its errors stand is told of all of them, and no line has an earlier time than one before it. */
  hasErrorsInOrder: boolean;
  /** From which entry of their tables to which. */
  counts: readonly [number, number];
  costs: readonly [number, number];
  errors: readonly [number, number];
  page: BlockPage;
  /** The page that tells more of it; undefined when it is a block and not many. */
  more: PagePlace | undefined;
}

/** Where a page stands in the file, and a checksum of it. */
export interface PagePlace {
  from: number;
  length: number;
  checksum: number;
}

/** What the events of a kind cost: how many have a price, and their sum. */
export interface KindCost {
  kind: number;
  priced: number;
  picoUsd: number;
}

/** Where a line stands in its block. */
export interface ErrorLine {
  offset: number;
  length: number;
}

/** What is known of a block, as it goes into a page. */
export interface BlockFigures {
  from: number;
  min: Int32Array;
  max: Int32Array;
  events: number;
  /** {@link OPAQUE}, {@link COST_UNKNOWN}, {@link TIMES_FALL}, {@link UNPLACED}. */
  doubts: number;
  /** By the kind of event. */
  counts: ReadonlyMap<number, number>;
  costs: ReadonlyMap<number, { priced: number; picoUsd: number }>;
  /** Offset in the block and length, in turns. */
  errors: readonly number[];
  more?: PagePlace | undefined;
}

/** Bits of `doubts`. */
export const OPAQUE = 1;
export const COST_UNKNOWN = 2;
/** Some line has an earlier time than one before it. */
export const TIMES_FALL = 4;
/** Where its errors stand is not told. */
export const UNPLACED = 8;

export class BlockPage {
  readonly length: number;
  /** The table of blocks, where their times stand. */
  readonly times: DataView;
  readonly #counts: DataView;
  readonly #costs: DataView;
  readonly #errors: DataView;

  constructor(bytes: Buffer) {
    let at = SIZES_BYTES;
    const [blocks = 0, ...sizes] = [0, 4, 8, 12].map((place) => bytes.readUInt32LE(place));
    const table = (length: number): DataView => {
      const view = new DataView(bytes.buffer, bytes.byteOffset + at, length);
      at += length;
      return view;
    };
    this.length = blocks - 1;
    this.times = table(blocks * LAYOUT.bytes);
    this.#counts = table((sizes[0] ?? 0) * ENTRY_BYTES.counts);
    this.#costs = table((sizes[1] ?? 0) * ENTRY_BYTES.costs);
    this.#errors = table((sizes[2] ?? 0) * ENTRY_BYTES.errors);
  }

  block(index: number): Block {
    const blocks = this.times;
    const at = index * LAYOUT.bytes;
    const next = at + LAYOUT.bytes;
    const doubts = blocks.getUint32(at + LAYOUT.doubts, true);
    const range = (part: number): [number, number] => [
      blocks.getUint32(at + part, true),
      blocks.getUint32(next + part, true),
    ];
    return {
      from: blocks.getFloat64(at, true),
      to: blocks.getFloat64(next, true),
      minTime: at + LAYOUT.minTime,
      maxTime: at + LAYOUT.maxTime,
      events: blocks.getUint32(at + LAYOUT.events, true),
      doubts,
      isOpaque: (doubts & OPAQUE) !== 0,
      isCostUnknown: (doubts & COST_UNKNOWN) !== 0,
      hasErrorsInOrder: (doubts & (OPAQUE | TIMES_FALL | UNPLACED)) === 0,
      counts: range(LAYOUT.counts),
      costs: range(LAYOUT.costs),
      errors: range(LAYOUT.errors),
      page: this,
      more: this.#placeAt(at + LAYOUT.more),
    };
  }

  kindAt(entry: number): number {
    return this.#counts.getUint32(entry * ENTRY_BYTES.counts, true);
  }

  countAt(entry: number): number {
    return this.#counts.getUint32(entry * ENTRY_BYTES.counts + 4, true);
  }

  costAt(entry: number): KindCost {
    const at = entry * ENTRY_BYTES.costs;
    return {
      kind: this.#costs.getUint32(at, true),
      priced: this.#costs.getUint32(at + 4, true),
      picoUsd: this.#costs.getFloat64(at + 8, true),
    };
  }

  errorAt(entry: number): ErrorLine {
    const at = entry * ENTRY_BYTES.errors;
    return { offset: this.#errors.getUint32(at, true), length: this.#errors.getUint32(at + 4, true) };
  }

  #placeAt(at: number): PagePlace | undefined {
    const length = this.times.getUint32(at + 8, true);
    if (length === 0) return undefined;
    return { from: this.times.getFloat64(at, true), length, checksum: this.times.getUint32(at + 12, true) };
  }
}

/** What a page says of a block, to go into another page. */
export function figuresOf(block: Block): BlockFigures {
  const { page, from, events, minTime, maxTime, doubts, more } = block;
  const counts = new Map<number, number>();
  for (let [entry, end] = block.counts; entry < end; entry++)
    counts.set(page.kindAt(entry), page.countAt(entry));
  const costs = new Map<number, KindCost>();
  for (let [entry, end] = block.costs; entry < end; entry++) {
    const cost = page.costAt(entry);
    costs.set(cost.kind, cost);
  }
  const [min, max] = [new Int32Array(TIME_WORDS), new Int32Array(TIME_WORDS)];
  readTime(page.times, minTime, min);
  readTime(page.times, maxTime, max);
  const errors: number[] = [];
  for (let [entry, end] = block.errors; entry < end; entry++) {
    const { offset, length } = page.errorAt(entry);
    errors.push(offset, length);
  }
  return { from, min, max, events, doubts, counts, costs, errors, more };
}

/** @param end where the last block ends */
export function encodePage(blocks: readonly BlockFigures[], end: number): Buffer {
  const sizes = { counts: 0, costs: 0, errors: 0 };
  for (const { counts, costs, errors } of blocks) {
    sizes.counts += counts.size;
    sizes.costs += costs.size;
    sizes.errors += errors.length / 2;
  }
  const countsAt = SIZES_BYTES + (blocks.length + 1) * LAYOUT.bytes;
  const costsAt = countsAt + sizes.counts * ENTRY_BYTES.counts;
  const errorsAt = costsAt + sizes.costs * ENTRY_BYTES.costs;
  const bytes = Buffer.alloc(errorsAt + sizes.errors * ENTRY_BYTES.errors);
  for (const [index, size] of [blocks.length + 1, ...Object.values(sizes)].entries())
    bytes.writeUInt32LE(size, index * 4);
  let [entry, count, cost, error] = [SIZES_BYTES, countsAt, costsAt, errorsAt];
  const begin = (from: number): void => {
    bytes.writeDoubleLE(from, entry + LAYOUT.from);
    bytes.writeUInt32LE((count - countsAt) / ENTRY_BYTES.counts, entry + LAYOUT.counts);
    bytes.writeUInt32LE((cost - costsAt) / ENTRY_BYTES.costs, entry + LAYOUT.costs);
    bytes.writeUInt32LE((error - errorsAt) / ENTRY_BYTES.errors, entry + LAYOUT.errors);
  };
  for (const block of blocks) {
    begin(block.from);
    for (const [word, value] of block.min.entries())
      bytes.writeInt32BE(value, entry + LAYOUT.minTime + word * 4);
    for (const [word, value] of block.max.entries())
      bytes.writeInt32BE(value, entry + LAYOUT.maxTime + word * 4);
    bytes.writeUInt32LE(block.events, entry + LAYOUT.events);
    bytes.writeUInt32LE(block.doubts, entry + LAYOUT.doubts);
    if (block.more !== undefined) {
      bytes.writeDoubleLE(block.more.from, entry + LAYOUT.more);
      bytes.writeUInt32LE(block.more.length, entry + LAYOUT.more + 8);
      bytes.writeUInt32LE(block.more.checksum, entry + LAYOUT.more + 12);
    }
    entry += LAYOUT.bytes;
    for (const [kind, events] of block.counts) {
      count = bytes.writeUInt32LE(kind, count);
      count = bytes.writeUInt32LE(events, count);
    }
    for (const [kind, { priced, picoUsd }] of block.costs) {
      cost = bytes.writeUInt32LE(kind, cost);
      cost = bytes.writeUInt32LE(priced, cost);
      cost = bytes.writeDoubleLE(picoUsd, cost);
    }
    for (const number of block.errors) error = bytes.writeUInt32LE(number, error);
  }
  begin(end);
  return bytes;
}

// --- internal ---

const SIZES_BYTES = 16;

/** Where in an entry of the table of blocks its parts stand, and how long it is. */
const LAYOUT = {
  from: 0,
  minTime: 8,
  maxTime: 32,
  events: 56,
  doubts: 60,
  counts: 64,
  costs: 68,
  errors: 72,
  more: 76,
  bytes: 92,
};

/** Kind and number; kind, number and sum; offset and length. */
const ENTRY_BYTES = { counts: 8, costs: 16, errors: 8 };
