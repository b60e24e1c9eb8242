// What an index knows of a long segment, block by block and by groups of blocks: which events stand in it, of what times,
// what they cost, and where those are that tell of errors. Questions that it answers cost as much as there are groups;
// others read only the blocks that may hold something (docs/adr/0018).
//
// A file of it is a checksum, a line of JSON (the segment it was made of, and the kinds of events in it), then tables of
// little-endian numbers: the blocks and the groups, how many events of each kind each of them has, what those of a kind
// cost, and the errors.

import { nodeZlib } from "../base/builtin.ts";
import { parseJson } from "../format/index.ts";
import type { SessionLogFile } from "../store/catalog.ts";
import { stateOf } from "../store/file-mark.ts";
import type { FileMark } from "../store/file-mark.ts";

/** Segments shorter than this are read as fast as an index of theirs would be. */
export const MIN_INDEXED_BYTES: number = 1024 * 1024;

/** Type, severity and agent: what a filter by any of them tells apart. */
export interface EventKind {
  type: string;
  /** Rank of the severity. */
  rank: number;
  agent: string;
}

/** A block, or a group of them. */
export interface Block {
  from: number;
  to: number;
  /** Where its earliest and its latest time stand in {@link BlockIndex.times}, as texts of 24 bytes. */
  minTime: number;
  maxTime: number;
  events: number;
  /** Some of its lines have to be decoded to be understood: it has to be read, whatever is asked. */
  isOpaque: boolean;
  /** What its events cost cannot be told from their sums. */
  isCostUnknown: boolean;
  /** From which entry of their tables to which. */
  counts: readonly [number, number];
  costs: readonly [number, number];
  errors: readonly [number, number];
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

/** The rank from which on lines are listed one by one. */
export const ERROR_RANK = 3;

export interface BlockHeader {
  version: number;
  session_id: string;
  mark: FileMark;
  max_seq: number;
  kinds: EventKind[];
  /** Entries of the tables. */
  blocks: number;
  groups: number;
  counts: number;
  costs: number;
  errors: number;
  /** Blocks of a group. */
  group_blocks: number;
}

export const BLOCK_INDEX_VERSION = 2;
/** Where in an entry of the table of blocks its parts stand, and how long it is. */
export const LAYOUT = {
  from: 0,
  minTime: 8,
  maxTime: 32,
  events: 56,
  doubts: 60,
  counts: 64,
  costs: 68,
  errors: 72,
  bytes: 76,
};
/** Kind and number; kind, number and sum; offset and length. */
export const ENTRY_BYTES = { counts: 8, costs: 16, errors: 8 };
/** Bits of `doubts`. */
export const OPAQUE = 1;
export const COST_UNKNOWN = 2;

export class BlockIndex {
  readonly mark: FileMark;
  readonly maxSeq: number;
  readonly kinds: readonly EventKind[];
  readonly blocks: number;
  readonly groups: number;
  readonly #groupBlocks: number;
  readonly times: DataView;
  readonly #tables: Tables;

  constructor(header: BlockHeader, tables: Tables) {
    this.mark = header.mark;
    this.maxSeq = header.max_seq;
    this.kinds = header.kinds;
    this.blocks = header.blocks;
    this.groups = header.groups;
    this.#groupBlocks = header.group_blocks;
    this.times = tables.blocks;
    this.#tables = tables;
  }

  /** The blocks of a group, in order. */
  blocksOf(group: number): Block[] {
    const first = group * this.#groupBlocks;
    const length = Math.min(this.#groupBlocks, this.blocks - first);
    return Array.from({ length }, (_, index) => this.#entry(first + index));
  }

  group(index: number): Block {
    // Behind the end of the blocks, which is an entry of its own.
    return this.#entry(this.blocks + 1 + index);
  }

  kindAt(entry: number): number {
    return this.#tables.counts.getUint32(entry * ENTRY_BYTES.counts, true);
  }

  countAt(entry: number): number {
    return this.#tables.counts.getUint32(entry * ENTRY_BYTES.counts + 4, true);
  }

  costAt(entry: number): KindCost {
    const { costs } = this.#tables;
    const at = entry * ENTRY_BYTES.costs;
    return {
      kind: costs.getUint32(at, true),
      priced: costs.getUint32(at + 4, true),
      picoUsd: costs.getFloat64(at + 8, true),
    };
  }

  errorAt(entry: number): ErrorLine {
    const { errors } = this.#tables;
    const at = entry * ENTRY_BYTES.errors;
    return { offset: errors.getUint32(at, true), length: errors.getUint32(at + 4, true) };
  }

  #entry(index: number): Block {
    const { blocks } = this.#tables;
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
      isOpaque: (doubts & OPAQUE) !== 0,
      isCostUnknown: (doubts & COST_UNKNOWN) !== 0,
      counts: range(LAYOUT.counts),
      costs: range(LAYOUT.costs),
      errors: range(LAYOUT.errors),
    };
  }
}

/** The index in the bytes of its file, if they are whole and its segment is still the one that it was made of. */
export function decodeBlockIndex(bytes: Buffer, file: SessionLogFile): BlockIndex | undefined {
  if (bytes.length < 5 || bytes.readUInt32LE(0) !== nodeZlib().crc32(bytes.subarray(4))) return undefined;
  const headerEnd = bytes.indexOf(NEWLINE, 4);
  const header = parseJson(bytes.toString("utf8", 4, Math.max(4, headerEnd))) as unknown as
    BlockHeader | undefined;
  if (header?.version !== BLOCK_INDEX_VERSION || header.session_id !== file.sessionId) return undefined;
  if (stateOf(header.mark, file) === "changed") return undefined;
  let at = headerEnd + 1;
  const table = (length: number): DataView => {
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, length);
    at += length;
    return view;
  };
  return new BlockIndex(header, {
    blocks: table((header.blocks + header.groups + 2) * LAYOUT.bytes),
    counts: table(header.counts * ENTRY_BYTES.counts),
    costs: table(header.costs * ENTRY_BYTES.costs),
    errors: table(header.errors * ENTRY_BYTES.errors),
  });
}

// --- internal ---

const NEWLINE = 0x0a;
interface Tables {
  /** The blocks, then the groups; of each, one more than there are, whose beginning is the end of the last. */
  blocks: DataView;
  counts: DataView;
  costs: DataView;
  errors: DataView;
}
