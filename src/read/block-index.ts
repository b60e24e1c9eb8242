// What an index knows of a long segment, block by block: which events stand in it, of what times, and where those are
// that tell of errors. Questions that it answers cost as much as there are blocks; others read only the blocks that may
// hold something (docs/adr/0018).
//
// A file of it is a checksum, a line of JSON (the segment it was made of, and the kinds of events in it), then three
// tables of little-endian numbers: the blocks, how many events of each kind each of them has, and the errors.

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

export interface Block {
  from: number;
  to: number;
  /** Where its earliest and its latest time stand in {@link BlockIndex.times}, as texts of 24 bytes. */
  minTime: number;
  maxTime: number;
  events: number;
  /** Some of its lines have to be decoded to be understood: it has to be read, whatever is asked. */
  isOpaque: boolean;
  /** From which entry of their tables to which. */
  counts: readonly [number, number];
  errors: readonly [number, number];
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
  blocks: number;
  counts: number;
  errors: number;
}

export const BLOCK_INDEX_VERSION = 1;
/** Where in an entry of the table of blocks its parts stand, and how long it is. */
export const LAYOUT = {
  from: 0,
  minTime: 8,
  maxTime: 32,
  events: 56,
  opaque: 60,
  counts: 64,
  errors: 68,
  bytes: 72,
};

export class BlockIndex {
  readonly mark: FileMark;
  readonly maxSeq: number;
  readonly kinds: readonly EventKind[];
  readonly blocks: number;
  readonly times: DataView;
  readonly #tables: Tables;

  constructor(header: BlockHeader, tables: Tables) {
    this.mark = header.mark;
    this.maxSeq = header.max_seq;
    this.kinds = header.kinds;
    this.blocks = header.blocks;
    this.times = tables.blocks;
    this.#tables = tables;
  }

  block(index: number): Block {
    const { blocks } = this.#tables;
    const at = index * LAYOUT.bytes;
    const next = at + LAYOUT.bytes;
    return {
      from: blocks.getFloat64(at, true),
      to: blocks.getFloat64(next, true),
      minTime: at + LAYOUT.minTime,
      maxTime: at + LAYOUT.maxTime,
      events: blocks.getUint32(at + LAYOUT.events, true),
      isOpaque: blocks.getUint32(at + LAYOUT.opaque, true) !== 0,
      counts: [blocks.getUint32(at + LAYOUT.counts, true), blocks.getUint32(next + LAYOUT.counts, true)],
      errors: [blocks.getUint32(at + LAYOUT.errors, true), blocks.getUint32(next + LAYOUT.errors, true)],
    };
  }

  kindAt(entry: number): number {
    return this.#tables.counts.getUint32(entry * 8, true);
  }

  countAt(entry: number): number {
    return this.#tables.counts.getUint32(entry * 8 + 4, true);
  }

  errorAt(entry: number): ErrorLine {
    const { errors } = this.#tables;
    return { offset: errors.getUint32(entry * 8, true), length: errors.getUint32(entry * 8 + 4, true) };
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
    blocks: table((header.blocks + 1) * LAYOUT.bytes),
    counts: table(header.counts * 8),
    errors: table(header.errors * 8),
  });
}

// --- internal ---

const NEWLINE = 0x0a;
interface Tables {
  /** One more than there are: the last one's beginning is the end of all. */
  blocks: DataView;
  counts: DataView;
  errors: DataView;
}
