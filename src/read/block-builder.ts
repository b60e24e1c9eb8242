// Makes the block index of a segment from its lines. Whoever writes or seals a segment may feed it the same lines as they
// pass by, and has the index without reading anything again.

import * as fs from "node:fs";

import { nodeZlib } from "../base/builtin.ts";
import type { SessionLogFile } from "../store/catalog.ts";
import { LineCursor } from "../store/line-reader.ts";
import { BLOCK_INDEX_VERSION, ERROR_RANK, LAYOUT } from "./block-index.ts";
import type { BlockHeader, EventKind } from "./block-index.ts";
import { markOf } from "../store/file-mark.ts";
import type { FileMark } from "../store/file-mark.ts";
import { LineHead } from "./line-head.ts";
import { compareTime, readTime, TIME_WORDS } from "./time-words.ts";

export interface BlockOptions {
  /** Bytes of lines after which a block ends. Default: 256 KiB, as much as is read at a time. */
  blockBytes?: number;
}

/**
 * The index of a segment as the bytes of its file, made in one pass, about 0.4 s a GB. Undefined when the segment holds
 * more kinds of events than an index is good for, or cannot be read.
 */
export function buildBlockIndex(file: SessionLogFile, options: BlockOptions = {}): Buffer | undefined {
  const builder = new BlockBuilder(options);
  const inode = inodeOf(file);
  const lines = new LineCursor(file.path);
  try {
    while (lines.next()) {
      // An unfinished line may still become another.
      if (lines.tooLong || lines.buffer[lines.end - 1] !== NEWLINE) break;
      if (!builder.add(lines.buffer, lines.start, lines.end)) return undefined;
    }
  } finally {
    lines.close();
  }
  const mark = markOf(file, builder.bytes);
  // Put in its place meanwhile, another file is not the one that was read.
  return mark === undefined || inode !== inodeOf(file) ? undefined : builder.finish(file.sessionId, mark);
}

export class BlockBuilder {
  /** Taken in so far. */
  bytes = 0;
  readonly #head = new LineHead();
  readonly #kinds: EventKind[] = [];
  /** Those of a type and a severity, by both. */
  readonly #kindsOf: { agent: string; kind: number }[][] = [];
  #maxSeq = -1;
  readonly #blocks: OpenBlock[] = [];
  #open: OpenBlock = newBlock(0);
  readonly #blockBytes: number;

  constructor({ blockBytes = BLOCK_BYTES }: BlockOptions = {}) {
    this.#blockBytes = blockBytes;
  }

  /** Takes in the next line, from `start` to `end` with its `\n`. False when it is one kind of event too many. */
  add(buffer: Buffer, start: number, end: number): boolean {
    if (this.bytes - this.#open.from >= this.#blockBytes) this.#close();
    const block = this.#open;
    const head = this.#head;
    const agent = head.read(buffer, start, end) ? head.agent(end)?.agent : undefined;
    if (agent === undefined) {
      block.isOpaque = true;
    } else {
      const kind = this.#kindOf(agent);
      if (kind === undefined) return false;
      block.counts.set(kind, (block.counts.get(kind) ?? 0) + 1);
      if (head.rank >= ERROR_RANK) block.errors.push(this.bytes - block.from, end - start);
      if (block.events === 0 || compareTime(head.view, head.timeStart, block.min) < 0)
        readTime(head.view, head.timeStart, block.min);
      if (block.events === 0 || compareTime(head.view, head.timeStart, block.max) > 0)
        readTime(head.view, head.timeStart, block.max);
      block.events++;
      this.#maxSeq = Math.max(this.#maxSeq, head.seq);
    }
    this.bytes += end - start;
    return true;
  }

  /** @param mark of the file that the lines stand in */
  finish(sessionId: string, mark: FileMark): Buffer {
    this.#close();
    const end = newBlock(this.bytes);
    const blocks = Buffer.alloc((this.#blocks.length + 1) * LAYOUT.bytes);
    const counts: number[] = [];
    const errors: number[] = [];
    for (const [index, block] of [...this.#blocks, end].entries()) {
      const at = index * LAYOUT.bytes;
      blocks.writeDoubleLE(block.from, at + LAYOUT.from);
      for (let word = 0; word < TIME_WORDS; word++) {
        blocks.writeInt32BE(block.min[word] ?? 0, at + LAYOUT.minTime + word * 4);
        blocks.writeInt32BE(block.max[word] ?? 0, at + LAYOUT.maxTime + word * 4);
      }
      blocks.writeUInt32LE(block.events, at + LAYOUT.events);
      blocks.writeUInt32LE(Number(block.isOpaque), at + LAYOUT.opaque);
      blocks.writeUInt32LE(counts.length / 2, at + LAYOUT.counts);
      blocks.writeUInt32LE(errors.length / 2, at + LAYOUT.errors);
      for (const [kind, count] of block.counts) counts.push(kind, count);
      for (const number of block.errors) errors.push(number);
    }
    const header: BlockHeader = {
      version: BLOCK_INDEX_VERSION,
      session_id: sessionId,
      mark,
      max_seq: this.#maxSeq,
      kinds: this.#kinds,
      blocks: this.#blocks.length,
      counts: counts.length / 2,
      errors: errors.length / 2,
    };
    const content = [Buffer.from(`${JSON.stringify(header)}\n`), blocks, numbers(counts), numbers(errors)];
    const bytes = Buffer.concat([Buffer.alloc(4), ...content]);
    bytes.writeUInt32LE(nodeZlib().crc32(bytes.subarray(4)), 0);
    return bytes;
  }

  // --- internal ---

  #close(): void {
    if (this.bytes > this.#open.from) this.#blocks.push(this.#open);
    this.#open = newBlock(this.bytes);
  }

  #kindOf(agent: string): number | undefined {
    const { type, rank } = this.#head;
    if (type.index < 0) return undefined;
    const kinds = (this.#kindsOf[type.index * RANKS + rank] ??= []);
    for (const known of kinds) if (known.agent === agent) return known.kind;
    if (this.#kinds.length === MAX_KINDS) return undefined;
    const kind = this.#kinds.push({ type: type.name, rank, agent }) - 1;
    kinds.push({ agent, kind });
    return kind;
  }
}

// --- internal ---

const NEWLINE = 0x0a;
const BLOCK_BYTES = 256 * 1024;
const MAX_KINDS = 1000;
const RANKS = 8;

interface OpenBlock {
  from: number;
  min: Int32Array;
  max: Int32Array;
  events: number;
  isOpaque: boolean;
  /** By the kind of event. */
  counts: Map<number, number>;
  /** Offset in the block and length, in turns. */
  errors: number[];
}

function newBlock(from: number): OpenBlock {
  const [min, max] = [new Int32Array(TIME_WORDS), new Int32Array(TIME_WORDS)];
  return { from, min, max, events: 0, isOpaque: false, counts: new Map(), errors: [] };
}

function numbers(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value, index * 4);
  return bytes;
}

function inodeOf({ path }: SessionLogFile): number | undefined {
  return fs.statSync(path, { throwIfNoEntry: false })?.ino;
}
