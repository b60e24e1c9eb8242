// The Merkle tree over a log that is being written, and the leaf of each line in a file beside it. That file is an aid,
// not evidence: it saves a resumed session from hashing everything again, and lets `verify` name the line that was
// changed. The log and its seal decide.

import * as fs from "node:fs";

import { TracekeepError } from "../../base/errors.ts";
import {
  decodeTombstone,
  HASH_BYTES,
  hashFromBase64,
  hashLeaf,
  hashLineAt,
  MerkleTree,
} from "../../format/index.ts";
import type { Checkpoint, Hash } from "../../format/index.ts";
import { writeAll } from "../disk/disk.ts";
import type { Disk } from "../disk/disk.ts";
import { readLogLines } from "../reading/log-lines.ts";
import { READ_FLAGS } from "../reading/whole-file.ts";

/** Leaves gathered before they are written out. */
const MAX_PENDING_LEAVES = 2048;

export class LogTree {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #tree: MerkleTree;
  #pending: Hash[] = [];
  /** Leaves before those. */
  #flushed: number;

  private constructor(disk: Disk, path: string, tree: MerkleTree) {
    this.#disk = disk;
    this.#path = path;
    this.#tree = tree;
    this.#flushed = tree.size;
  }

  /**
   * The tree over a log as it is on the disk now. The leaves of what is sealed come from the file beside it when they
   * give the sealed root, otherwise from the log; those of all other lines from the log.
   *
   * @param sealed the log's latest seal; what it covers must still be there
   * @throws TracekeepError `SEAL_BROKEN` when log and seal disagree; or when something cannot be read or written
   */
  static open(disk: Disk, files: readonly string[], leaves: string, sealed: Checkpoint | undefined): LogTree {
    const log = LogTree.ofLeaves(disk, leaves, sealed);
    let lines = 0;
    for (const line of readLogLines(files)) {
      if (!("bytes" in line))
        throw new TracekeepError("SEAL_BROKEN", "a line is too long to be hashed", {
          path: line.file,
          offset: line.offset,
        });
      if (line.bytes.at(-1) !== 0x0a) break;
      lines++;
      if (line.seq < log.size) continue;
      log.#add(leafOf(line.bytes));
      if (log.size === sealed?.size && log.#tree.root() !== sealed.root)
        throw broken(files, "its lines are not those that were sealed");
    }
    if (sealed !== undefined && lines < sealed.size)
      throw broken(files, `${sealed.size} lines were sealed and ${lines} are there`);
    return log;
  }

  /** The tree over what is sealed, if the file of leaves gives it; an empty one otherwise. */
  static ofLeaves(disk: Disk, leaves: string, sealed: Checkpoint | undefined): LogTree {
    const fromFile = sealed === undefined ? undefined : treeOfLeaves(leaves, sealed);
    const log = new LogTree(disk, leaves, fromFile ?? new MerkleTree());
    log.#truncateFile(log.size);
    return log;
  }

  /** Number of lines. */
  get size(): number {
    return this.#tree.size;
  }

  root(): Hash {
    return this.#tree.root();
  }

  /** The tree as it is now, for later. */
  snapshot(): MerkleTree {
    return new MerkleTree(this.#tree);
  }

  /** Takes in whole lines that were just written. Their bytes are others while it runs, and the same when it returns. */
  add(bytes: Uint8Array): void {
    for (let start = 0; start < bytes.length;) {
      const end = bytes.indexOf(0x0a, start) + 1;
      if (end === 0) throw new RangeError("only whole lines are hashed");
      this.#add(hashLineAt(bytes, start, end));
      start = end;
    }
  }

  /** Writes out the leaves gathered so far. @throws when that fails */
  flush(): void {
    if (this.#pending.length === 0) return;
    const pending = Buffer.from(this.#pending.join(""), "latin1");
    const first = this.#flushed;
    this.#flushed += this.#pending.length;
    this.#pending = [];
    const fd = this.#disk.exists(this.#path) ? this.#disk.open(this.#path) : this.#disk.create(this.#path);
    try {
      // Another writer of the same lines may have written some of them. Where leaves are missing, the file ends.
      const size = this.#disk.size(fd);
      const known = size / HASH_BYTES - first;
      const bytes =
        known < 0 || !Number.isInteger(known) ? pending.subarray(0, 0) : pending.subarray(known * HASH_BYTES);
      writeAll(this.#disk, fd, bytes, bytes.length, size);
    } finally {
      this.#disk.close(fd);
    }
  }

  // --- internal ---

  #add(leaf: Hash): void {
    this.#tree.append(leaf);
    this.#pending.push(leaf);
    if (this.#pending.length >= MAX_PENDING_LEAVES) this.flush();
  }

  #truncateFile(leaves: number): void {
    if (!this.#disk.exists(this.#path)) return;
    const fd = this.#disk.open(this.#path);
    try {
      this.#disk.truncate(fd, leaves * HASH_BYTES);
    } finally {
      this.#disk.close(fd);
    }
  }
}

/** The leaves in a file, up to `count`; fewer when the file has fewer. */
export function* readLeaves(path: string, count: number = Infinity): Generator<Hash, void, undefined> {
  let fd: number;
  try {
    fd = fs.openSync(path, READ_FLAGS);
  } catch {
    return;
  }
  try {
    const chunk = Buffer.alloc(2048 * HASH_BYTES);
    let left = count;
    for (let position = 0; left > 0; position += chunk.length) {
      const text = chunk.toString("latin1", 0, fs.readSync(fd, chunk, 0, chunk.length, position));
      for (let at = 0; at + HASH_BYTES <= text.length && left > 0; at += HASH_BYTES, left--) {
        yield text.slice(at, at + HASH_BYTES);
      }
      if (text.length < chunk.length) return;
    }
  } finally {
    fs.closeSync(fd);
  }
}

/** The leaf of a line: its hash, or what a tombstone says was the hash of the line before it. */
export function leafOf(line: Buffer): Hash {
  const tombstone = line.includes(ERASED) ? decodeTombstone(line.toString("utf8")) : undefined;
  return (tombstone === undefined ? undefined : hashFromBase64(tombstone.erased)) ?? hashLeaf(line);
}

// --- internal ---

const ERASED = Buffer.from(',"erased":"');

function treeOfLeaves(leaves: string, sealed: Checkpoint): MerkleTree | undefined {
  const tree = new MerkleTree();
  for (const leaf of readLeaves(leaves, sealed.size)) tree.append(leaf);
  return tree.size === sealed.size && tree.root() === sealed.root ? tree : undefined;
}

function broken(files: readonly string[], reason: string): TracekeepError {
  return new TracekeepError("SEAL_BROKEN", `the log does not hold what its seal says: ${reason}`, {
    path: files[0] ?? "",
    hint: "nothing more of it is sealed, so that what happened stays to be seen: tracekeep verify",
  });
}
