// Where the lines of a reader come from: a file, a compressed file, a stream. Bytes in order, and nothing known of lines.

import * as fs from "node:fs";

import { ioError } from "../../base/errors.ts";
import { READ_FLAGS } from "./whole-file.ts";

/** What {@link ByteSource.read} returns when the next bytes have not come yet. */
export const WAITING = -1;

export interface ByteSource {
  /** What it is called in reports. */
  readonly path: string;
  /** Puts the next bytes into `into` from `at` on and returns how many: 0 at the end, or {@link WAITING}. */
  read(into: Buffer, at: number): number;
  /** Bytes used so far of what is stored: for a compressed file, the compressed ones. */
  readonly used: number;
  /** Places of what is stored that could not be read, in order. */
  readonly damage: readonly SourceDamage[];
  /**
   * Only of a source that reads ahead into its reader's chunk: goes on to the next bytes there, from {@link at} on, puts
   * those that the reader still holds in front of them, and returns how many there are, 0 or {@link WAITING}. The bytes before are
   * written over from now on.
   */
  advance?(held: Buffer): number;
  readonly at?: number;
  /** Only where a read may return {@link WAITING}: settled when it is worth another try. */
  ready?(): Promise<void>;
  close(): void;
}

export interface SourceDamage {
  from: number;
  to: number;
  reason: string;
}

/** The bytes of a file as they are stored. */
export class FileSource implements ByteSource {
  readonly path: string;
  readonly damage: readonly SourceDamage[] = [];
  used: number;
  readonly #fd: number;
  readonly #ownsFd: boolean;

  /** @param fd of the file when it is open already; it stays open */
  constructor(path: string, offset: number, fd?: number) {
    this.path = path;
    this.used = offset;
    this.#ownsFd = fd === undefined;
    this.#fd = fd ?? openForReading(path);
  }

  read(into: Buffer, at: number): number {
    const count = readAt(this.path, this.#fd, into, at, this.used);
    this.used += count;
    return count;
  }

  seek(offset: number): void {
    this.used = offset;
  }

  get size(): number {
    return sizeOf(this.path, this.#fd);
  }

  /** When it was changed last. */
  get modifiedMs(): number {
    try {
      return fs.fstatSync(this.#fd).mtimeMs;
    } catch (error) {
      throw ioError("read", this.path, error);
    }
  }

  /** The first bytes of the file, wherever reading is. */
  head(bytes: number): Buffer {
    const head = Buffer.alloc(bytes);
    return head.subarray(0, readAt(this.path, this.#fd, head, 0, 0));
  }

  close(): void {
    if (this.#ownsFd) fs.closeSync(this.#fd);
  }
}

export function openForReading(path: string): number {
  try {
    return fs.openSync(path, READ_FLAGS);
  } catch (error) {
    throw ioError("open", path, error);
  }
}

/** Reads into `into` from `at` to its end, or less. */
export function readAt(path: string, fd: number, into: Buffer, at: number, position: number): number {
  try {
    return fs.readSync(fd, into, at, into.length - at, position);
  } catch (error) {
    throw ioError("read", path, error);
  }
}

export function sizeOf(path: string, fd: number): number {
  try {
    return fs.fstatSync(fd).size;
  } catch (error) {
    throw ioError("read", path, error);
  }
}
