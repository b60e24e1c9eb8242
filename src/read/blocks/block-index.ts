// What an index knows of a long segment, block by block, of more and more blocks as one, and of all of it: which events
// stand in it, of what times, what they cost, and where those are that tell of errors. It is judged from the whole to the
// blocks, so questions that it answers cost what is unclear; others read only the blocks that may hold something (docs/adr/0018).
//
// Its line (paged-file.ts) says which segment it was made of, and which kinds of events are in it.

import type { SessionLogFile } from "../../store/session/catalog.ts";
import { stateOf } from "../../store/session/file-mark.ts";
import type { FileMark } from "../../store/session/file-mark.ts";
import type { EventKind } from "../lines/line-test.ts";
import type { BlockPage, PagePlace } from "./block-page.ts";
import { encodePagedFile, openPagedFile } from "./paged-file.ts";
import type { PagedFile } from "./paged-file.ts";

/** Segments shorter than this are read as fast as an index of theirs would be. */
export const MIN_INDEXED_BYTES: number = 1024 * 1024;

/** The rank from which on lines are listed one by one. */
export const ERROR_RANK = 3;

export const BLOCK_INDEX_VERSION = 4;

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
  readonly #file: PagedFile;

  constructor(header: BlockHeader, file: PagedFile) {
    this.mark = header.mark;
    this.maxSeq = header.max_seq;
    this.kinds = header.kinds;
    this.whole = header.whole;
    this.#file = file;
  }

  /** Undefined when it is damaged. */
  page(place: PagePlace): BlockPage | undefined {
    return this.#file.page(place);
  }
}

/** The index in a file, if it is one and its segment is still the one that it was made of. */
export function openBlockIndex(dir: string, name: string, file: SessionLogFile): BlockIndex | undefined {
  const opened = openPagedFile(dir, name);
  const header = opened?.header as BlockHeader | undefined;
  if (opened === undefined || header?.version !== BLOCK_INDEX_VERSION) return undefined;
  if (header.session_id !== file.sessionId || stateOf(header.mark, file) === "changed") return undefined;
  return new BlockIndex(header, opened);
}

export function encodeBlockIndex(header: Omit<BlockHeader, "version">, pages: readonly Buffer[]): Buffer {
  return encodePagedFile({ version: BLOCK_INDEX_VERSION, ...header }, pages);
}
