// A JSON document that holds an array of records, or is one, taken apart in constant memory: its elements one by one, and
// the rest of it. How it is laid out does not matter; an end that is missing costs no more than the element it was cut in.

import * as fs from "node:fs";

import { ioError } from "../base/errors.ts";
import { MAX_READ_LINE_BYTES } from "../format/index.ts";
import { READ_FLAGS } from "../store/reading/whole-file.ts";

/** An element of the array: its bytes, where it begins, and in which line (from 1, or from where reading began). */
export interface DocumentElement {
  kind: "element";
  /** Empty when there are more than 64 MiB of them. */
  bytes: Buffer;
  offset: number;
  length: number;
  line: number;
}

/** The document without the elements of the array, once the file has ended. */
export interface DocumentRest {
  kind: "rest";
  text: string;
  /** Whether there was such an array. */
  hasArray: boolean;
  /** Whether the document came to its end; else `offset` is where what was cut begins. */
  isWhole: boolean;
  offset: number;
  line: number;
}

/**
 * Reads the array under `name` at the top of a document, and what is around it (at most 1 MiB of that). Of a document
 * that is an array, it reads that.
 *
 * @param fromOffset where an element begins; then nothing is known of what is before
 * @throws TracekeepError when the file cannot be read
 */
export function* readDocument(
  path: string,
  name: string,
  fromOffset: number = 0,
): Generator<DocumentElement | DocumentRest, void, undefined> {
  let fd: number;
  try {
    fd = fs.openSync(path, READ_FLAGS);
  } catch (error) {
    throw ioError("read", path, error);
  }
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const scan = new DocumentScan(isArray(fd, chunk, path) ? undefined : name, fromOffset);
    for (let at = fromOffset; ;) {
      const read = readAt(fd, chunk, at, path);
      if (read === 0) break;
      yield* scan.take(chunk.subarray(0, read), at);
      at += read;
    }
    yield scan.rest();
  } finally {
    fs.closeSync(fd);
  }
}

// --- internal ---

const CHUNK_BYTES = 256 * 1024;
const MAX_REST_BYTES = 1024 * 1024;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ARRAY = 0x5b;
const COMMA = 0x2c;
const NEWLINE = 0x0a;
const OPENING: ReadonlySet<number> = new Set([0x7b, ARRAY]);
const CLOSING: ReadonlySet<number> = new Set([0x7d, 0x5d]);
const SPACE: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

class DocumentScan {
  /** Undefined when the document is the array. */
  readonly #name: string | undefined;
  /** How many brackets are open around an element. */
  readonly #elementDepth: number;
  /** How many brackets are open. */
  #depth: number;
  #inArray: boolean;
  #hasArray: boolean;
  #inText = false;
  /** How far the file was read. */
  #end: number;
  #escaped = false;
  #line = 1;
  /** The latest text directly inside the document, which is a field's name where a value follows. */
  #field = "";
  #element: { parts: Buffer[]; offset: number; length: number; line: number } | undefined;
  readonly #rest: Buffer[] = [];
  #restBytes = 0;

  constructor(name: string | undefined, fromOffset: number) {
    this.#name = name === undefined ? undefined : JSON.stringify(name);
    this.#elementDepth = name === undefined ? 1 : 2;
    this.#end = fromOffset;
    this.#inArray = fromOffset > 0;
    this.#hasArray = this.#inArray;
    this.#depth = this.#inArray ? this.#elementDepth : 0;
  }

  *take(chunk: Buffer, offset: number): Generator<DocumentElement, void, undefined> {
    // Where in this chunk the present element, and the present stretch outside the array, begin; -1 for none.
    let elementFrom = this.#element === undefined ? -1 : 0;
    let restFrom = this.#inArray ? -1 : 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0;
      if (byte === NEWLINE) this.#line++;
      if (this.#inText) {
        this.#takeText(byte);
        continue;
      }
      if (this.#inArray && this.#depth === this.#elementDepth) {
        const isEnd = byte === COMMA || CLOSING.has(byte);
        if (this.#element !== undefined && isEnd) {
          yield this.#endElement(chunk.subarray(elementFrom, at));
          elementFrom = -1;
        } else if (this.#element === undefined && !isEnd && !SPACE.has(byte)) {
          this.#element = { parts: [], offset: offset + at, length: 0, line: this.#line };
          elementFrom = at;
        }
      }
      const wasInArray = this.#inArray;
      this.#takeStructure(byte);
      if (this.#inArray === wasInArray) continue;
      if (this.#inArray) this.#keepRest(chunk.subarray(restFrom, at + 1));
      restFrom = this.#inArray ? -1 : at;
    }
    this.#end = offset + chunk.length;
    if (elementFrom >= 0) this.#keepElement(chunk.subarray(elementFrom));
    if (restFrom >= 0) this.#keepRest(chunk.subarray(restFrom));
  }

  rest(): DocumentRest {
    const isWhole = this.#element === undefined && this.#depth === 0;
    const { offset = this.#end, line = this.#line } = this.#element ?? {};
    const text = Buffer.concat(this.#rest).toString("utf8");
    return { kind: "rest", text, hasArray: this.#hasArray, isWhole, offset, line };
  }

  // --- internal ---

  #takeText(byte: number): void {
    if (this.#depth === 1 && this.#field.length <= (this.#name?.length ?? 0))
      this.#field += String.fromCharCode(byte);
    if (this.#escaped) this.#escaped = false;
    else if (byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) this.#inText = false;
  }

  #takeStructure(byte: number): void {
    if (byte === QUOTE) {
      this.#inText = true;
      if (this.#depth === 1) this.#field = '"';
    } else if (OPENING.has(byte)) {
      if (byte === ARRAY && this.#isRecords()) this.#inArray = this.#hasArray = true;
      this.#depth++;
    } else if (CLOSING.has(byte)) {
      this.#depth--;
      if (this.#depth === this.#elementDepth - 1) this.#inArray = false;
    }
  }

  /** Whether a bracket that opens here is that of the records. */
  #isRecords(): boolean {
    if (this.#depth !== this.#elementDepth - 1) return false;
    return this.#name === undefined ? !this.#hasArray : this.#field === this.#name;
  }

  #endElement(last: Buffer): DocumentElement {
    this.#keepElement(last);
    const { parts = [], offset = 0, length = 0, line = 1 } = this.#element ?? {};
    this.#element = undefined;
    const bytes = length > MAX_READ_LINE_BYTES ? Buffer.alloc(0) : trimmedEnd(Buffer.concat(parts));
    return { kind: "element", bytes, offset, length: bytes.length === 0 ? length : bytes.length, line };
  }

  #keepElement(bytes: Buffer): void {
    const element = this.#element;
    if (element === undefined) return;
    element.length += bytes.length;
    if (element.length > MAX_READ_LINE_BYTES) element.parts = [];
    // The chunk is used again.
    else element.parts.push(Buffer.from(bytes));
  }

  #keepRest(bytes: Buffer): void {
    this.#restBytes += bytes.length;
    if (this.#restBytes <= MAX_REST_BYTES) this.#rest.push(Buffer.from(bytes));
  }
}

/** Whether a document begins as an array does. */
function isArray(fd: number, chunk: Buffer, path: string): boolean {
  const head = chunk.subarray(0, readAt(fd, chunk, 0, path));
  return head.find((byte) => !SPACE.has(byte)) === ARRAY;
}

function trimmedEnd(bytes: Buffer): Buffer {
  let end = bytes.length;
  while (end > 0 && SPACE.has(bytes[end - 1] ?? 0)) end--;
  return bytes.subarray(0, end);
}

function readAt(fd: number, chunk: Buffer, at: number, path: string): number {
  try {
    return fs.readSync(fd, chunk, 0, chunk.length, at);
  } catch (error) {
    throw ioError("read", path, error);
  }
}
