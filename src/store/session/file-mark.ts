// What a file looked like when something was derived from it, and whether that still holds.

import * as fs from "node:fs";

import { nodeZlib } from "../../base/builtin.ts";
import { READ_FLAGS } from "../reading/whole-file.ts";
import type { SessionLogFile } from "./catalog.ts";

/** A file as it was. */
export interface FileMark {
  name: string;
  /** Bytes that were taken in: all of it, or up to the end of its last whole line. */
  size: number;
  modified_ms: number;
  /** Checksums of the first and the last 4 KiB of those bytes. */
  head: number;
  tail: number;
}

/** Whether a file has to be read from its beginning. */
export function isCompressed(path: string): boolean {
  return path.endsWith(".gz");
}

/** Whether a file has the size and the time of change that it had. */
export function isAsMarked(path: string, mark: FileMark | undefined): boolean {
  const stat = fs.statSync(path, { throwIfNoEntry: false });
  return stat !== undefined && stat.size === mark?.size && stat.mtimeMs === mark.modified_ms;
}

/** What has become of a file: the same bytes, more behind them, or another file. */
export function stateOf(known: FileMark, file: SessionLogFile | undefined): "same" | "grown" | "changed" {
  if (file === undefined || known.name !== file.name) return "changed";
  const stat = fs.statSync(file.path, { throwIfNoEntry: false });
  if (stat === undefined || stat.size < known.size) return "changed";
  if (stat.size === known.size) return stat.mtimeMs === known.modified_ms ? "same" : "changed";
  // A log is only ever added to; a file that was put in its place begins or goes on in another way.
  const now = isCompressed(file.path) ? undefined : markOf(file, known.size);
  return now?.head === known.head && now.tail === known.tail ? "grown" : "changed";
}

/** @param offset how much of it was taken in, if not all; undefined when it cannot be read */
export function markOf(
  file: Pick<SessionLogFile, "path" | "name">,
  offset: number | undefined,
): FileMark | undefined {
  const marked = new MarkedFile(file);
  try {
    return marked.mark(isCompressed(file.path) ? undefined : offset);
  } finally {
    marked.close();
  }
}

/** A file that is marked again and again as it grows. It stays open in between, and its beginning is read once. */
export class MarkedFile {
  readonly name: string;
  readonly #fd: number | undefined;
  /** Checksum of its first 4 KiB, once it is as long. */
  #head: number | undefined;

  constructor(file: Pick<SessionLogFile, "path" | "name">) {
    this.name = file.name;
    try {
      this.#fd = fs.openSync(file.path, READ_FLAGS);
    } catch {
      // There is nothing to mark then.
    }
  }

  /** @param offset how much of it was taken in, if not all; undefined when it cannot be read */
  mark(offset?: number): FileMark | undefined {
    if (this.#fd === undefined) return undefined;
    try {
      const stat = fs.fstatSync(this.#fd);
      const size = offset ?? stat.size;
      const head = this.#head ?? this.#checksum(0, Math.min(EDGE_BYTES, size));
      if (size >= EDGE_BYTES) this.#head = head;
      const tail = size <= EDGE_BYTES ? head : this.#checksum(size - EDGE_BYTES, EDGE_BYTES);
      return { name: this.name, size, modified_ms: stat.mtimeMs, head, tail };
    } catch {
      return undefined;
    }
  }

  close(): void {
    if (this.#fd !== undefined) fs.closeSync(this.#fd);
  }

  // --- internal ---

  #checksum(at: number, length: number): number {
    const count = fs.readSync(this.#fd ?? -1, edge, 0, length, at);
    return checksumOfEdge(edge.subarray(0, count));
  }
}

export function checksumOfEdge(bytes: Buffer): number {
  return nodeZlib().crc32(bytes);
}

/** How much of a file's beginning and end a mark goes by. */
export const EDGE_BYTES = 4096;

// --- internal ---

const edge: Buffer = Buffer.allocUnsafeSlow(EDGE_BYTES);
