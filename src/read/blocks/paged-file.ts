// Files of an index of which a question reads a part: a checksum and a length, a line of JSON of that length, then pages,
// each behind those that tell more of its blocks.

import { checksum32 } from "../../base/hash.ts";
import { parseJson } from "../../format/index.ts";
import { readIndexFile } from "../../store/disk/index-file.ts";
import { BlockPage } from "./block-page.ts";
import type { PagePlace } from "./block-page.ts";

export class PagedFile {
  /** What the line says; whatever that is. */
  readonly header: unknown;
  readonly #read: (from: number, bytes: number) => Buffer | undefined;
  readonly #pagesAt: number;

  /** @param pagesAt where the first page begins */
  constructor(header: unknown, read: (from: number, bytes: number) => Buffer | undefined, pagesAt: number) {
    this.header = header;
    this.#read = read;
    this.#pagesAt = pagesAt;
  }

  /** Undefined when it is damaged. */
  page(place: PagePlace): BlockPage | undefined {
    const bytes = this.pageBytes(place);
    return bytes && new BlockPage(bytes);
  }

  pageBytes({ from, length, checksum }: PagePlace): Buffer | undefined {
    const bytes = this.#read(this.#pagesAt + from, length);
    return bytes?.length === length && checksum32(bytes) === checksum ? bytes : undefined;
  }
}

/** Undefined when there is none of that name, or its line is damaged. */
export function openPagedFile(dir: string, name: string): PagedFile | undefined {
  const read = (from: number, bytes: number): Buffer | undefined => readIndexFile(dir, name, bytes, from);
  let bytes = read(0, FIRST_BYTES);
  if (bytes === undefined || bytes.length < PREFIX_BYTES) return undefined;
  const pagesAt = PREFIX_BYTES + bytes.readUInt32LE(4);
  if (pagesAt > bytes.length) bytes = read(0, pagesAt);
  const line = bytes?.subarray(PREFIX_BYTES, pagesAt);
  if (bytes === undefined || line === undefined || bytes.readUInt32LE(0) !== checksum32(line))
    return undefined;
  return new PagedFile(parseJson(line.toString("utf8")), read, pagesAt);
}

export function encodePagedFile(header: object, pages: readonly Buffer[]): Buffer {
  const line = Buffer.from(`${JSON.stringify(header)}\n`);
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32LE(checksum32(line), 0);
  prefix.writeUInt32LE(line.length, 4);
  return Buffer.concat([prefix, line, ...pages]);
}

/** Pages one behind the other. */
export class PageWriter {
  readonly pages: Buffer[] = [];
  #from = 0;

  add(page: Buffer): PagePlace {
    this.pages.push(page);
    const from = this.#from;
    this.#from += page.length;
    return { from, length: page.length, checksum: checksum32(page) };
  }
}

// --- internal ---

const PREFIX_BYTES = 8;
/** As much as most of them have before their pages. */
const FIRST_BYTES = 4096;
