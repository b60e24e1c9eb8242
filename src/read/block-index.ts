// What an index knows of a long segment, block by block, of more and more blocks as one, and of all of it: which events
// stand in it, of what times, what they cost, and where those are that tell of errors. It is judged from the whole to the
// blocks, so questions that it answers cost what is unclear; others read only the blocks that may hold something (docs/adr/0018).
//
// A file of it is a checksum and a length, a line of JSON of that length (the segment it was made of, the kinds of events in
// it), then its pages, each behind those that tell more of its blocks.

import { checksum32 } from "../base/hash.ts";
import { parseJson } from "../format/index.ts";
import type { SessionLogFile } from "../store/catalog.ts";
import { stateOf } from "../store/file-mark.ts";
import type { FileMark } from "../store/file-mark.ts";
import { BlockPage } from "./block-page.ts";
import type { PagePlace } from "./block-page.ts";

/** Segments shorter than this are read as fast as an index of theirs would be. */
export const MIN_INDEXED_BYTES: number = 1024 * 1024;

/** Type, severity and agent: what a filter by any of them tells apart. */
export interface EventKind {
  type: string;
  /** Rank of the severity. */
  rank: number;
  agent: string;
}

/** The rank from which on lines are listed one by one. */
export const ERROR_RANK = 3;

export const BLOCK_INDEX_VERSION = 3;

/** Reads a part of the file of an index; undefined when that cannot be done. */
export type ReadPart = (from: number, bytes: number) => Buffer | undefined;

interface BlockHeader {
  version: number;
  session_id: string;
  mark: FileMark;
  max_seq: number;
  kinds: EventKind[];
  /** The page of all of it as one block. */
  whole: PagePlace;
}

export class BlockIndex {
  readonly mark: FileMark;
  readonly maxSeq: number;
  readonly kinds: readonly EventKind[];
  /** Where the page of all of it as one block stands. */
  readonly whole: PagePlace;
  readonly #read: ReadPart;

  /** @param read reads pages */
  constructor(header: BlockHeader, read: ReadPart) {
    this.mark = header.mark;
    this.maxSeq = header.max_seq;
    this.kinds = header.kinds;
    this.whole = header.whole;
    this.#read = read;
  }

  /** Undefined when it is damaged. */
  page({ from, length, checksum }: PagePlace): BlockPage | undefined {
    const bytes = this.#read(from, length);
    return bytes?.length === length && checksum32(bytes) === checksum ? new BlockPage(bytes) : undefined;
  }
}

/** The index in a file, if it is one and its segment is still the one that it was made of. */
export function decodeBlockIndex(read: ReadPart, file: SessionLogFile): BlockIndex | undefined {
  let bytes = read(0, FIRST_BYTES);
  if (bytes === undefined || bytes.length < PREFIX_BYTES) return undefined;
  const pagesAt = PREFIX_BYTES + bytes.readUInt32LE(4);
  if (pagesAt > bytes.length) bytes = read(0, pagesAt);
  const line = bytes?.subarray(PREFIX_BYTES, pagesAt);
  if (bytes === undefined || line === undefined || bytes.readUInt32LE(0) !== checksum32(line))
    return undefined;
  const header = parseJson(line.toString("utf8")) as unknown as BlockHeader | undefined;
  if (header?.version !== BLOCK_INDEX_VERSION || header.session_id !== file.sessionId) return undefined;
  if (stateOf(header.mark, file) === "changed") return undefined;
  return new BlockIndex(header, (from, length) => read(pagesAt + from, length));
}

export function encodeBlockIndex(header: Omit<BlockHeader, "version">, pages: readonly Buffer[]): Buffer {
  const line = Buffer.from(`${JSON.stringify({ version: BLOCK_INDEX_VERSION, ...header })}\n`);
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32LE(checksum32(line), 0);
  prefix.writeUInt32LE(line.length, 4);
  return Buffer.concat([prefix, line, ...pages]);
}

// --- internal ---

const PREFIX_BYTES = 8;
/** As much as most of them have before their pages. */
const FIRST_BYTES = 4096;
