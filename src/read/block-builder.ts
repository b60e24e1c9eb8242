// Makes the block index of a segment from its lines. Whoever writes or seals a segment may feed it the same lines as they
// pass by, and has the index without reading anything again.

import * as fs from "node:fs";

import { nodeZlib } from "../base/builtin.ts";
import type { SessionLogFile } from "../store/catalog.ts";
import { LineCursor } from "../store/line-reader.ts";
import { severityRank } from "../event/index.ts";
import { decodeLine } from "../format/index.ts";
import { BLOCK_INDEX_VERSION, COST_UNKNOWN, ENTRY_BYTES, ERROR_RANK, LAYOUT, OPAQUE } from "./block-index.ts";
import type { BlockHeader, EventKind } from "./block-index.ts";
import { costOf, PRICED_FIELD } from "./cost.ts";
import { markOf } from "../store/file-mark.ts";
import type { FileMark } from "../store/file-mark.ts";
import { LineHead } from "./line-head.ts";
import { LineTest } from "./line-test.ts";
import { compareTime, compareWords, readTime, TIME_WORDS } from "./time-words.ts";

export interface BlockOptions {
  /** Bytes of lines after which a block ends. Default: 256 KiB, as much as is read at a time. */
  blockBytes?: number;
  /** Blocks of a group. Default: 64, 16 MiB of lines. */
  groupBlocks?: number;
}

/**
 * The index of a segment as the bytes of its file, made in one pass; lines that may tell a price are decoded. Undefined when the segment holds
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
      if (!builder.add(lines.buffer, lines.start, lines.end, lines.fills)) return undefined;
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
  readonly #priced = new LineTest({ texts: [PRICED_FIELD] });
  readonly #kinds: EventKind[] = [];
  /** Those of a type and a severity, by both. */
  readonly #kindsOf: { agent: string; kind: number }[][] = [];
  #maxSeq = -1;
  readonly #blocks: OpenBlock[] = [];
  #open: OpenBlock = newBlock(0);
  readonly #blockBytes: number;
  readonly #groupBlocks: number;

  constructor({ blockBytes = BLOCK_BYTES, groupBlocks = GROUP_BLOCKS }: BlockOptions = {}) {
    this.#blockBytes = blockBytes;
    this.#groupBlocks = groupBlocks;
  }

  /**
   * Takes in the next line, from `start` to `end` with its `\n`. False when it is one kind of event too many.
   *
   * @param fills changes whenever the bytes of the buffer do
   */
  add(buffer: Buffer, start: number, end: number, fills: number): boolean {
    if (this.bytes - this.#open.from >= this.#blockBytes) this.#close();
    const block = this.#open;
    const head = this.#head;
    const agent = head.read(buffer, start, end) ? head.agent(end)?.agent : undefined;
    if (agent === undefined) {
      block.doubts |= OPAQUE;
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
      if (this.#priced.judge(buffer, start, end, true, fills) !== "lacking")
        this.#addCost(kind, buffer.subarray(start, end), head.timeOf(buffer));
      this.#maxSeq = Math.max(this.#maxSeq, head.seq);
    }
    this.bytes += end - start;
    return true;
  }

  /** @param mark of the file that the lines stand in */
  finish(sessionId: string, mark: FileMark): Buffer {
    this.#close();
    const end = newBlock(this.bytes);
    const groups = groupsOf(this.#blocks, this.#groupBlocks);
    const tables: Tables = { blocks: [], counts: [], costs: [], errors: [] };
    for (const block of [...this.#blocks, end]) addEntry(tables, block);
    // The errors of a group are those of its blocks, which stand there already.
    let errors = 0;
    for (const group of [...groups, end]) {
      addEntry(tables, { ...group, errors: [] }, errors);
      errors += group.errors.length / 2;
    }
    const header: BlockHeader = {
      version: BLOCK_INDEX_VERSION,
      session_id: sessionId,
      mark,
      max_seq: this.#maxSeq,
      kinds: this.#kinds,
      blocks: this.#blocks.length,
      groups: groups.length,
      counts: tables.counts.length,
      costs: tables.costs.length,
      errors: tables.errors.length,
      group_blocks: this.#groupBlocks,
    };
    const content = [Buffer.from(`${JSON.stringify(header)}\n`), ...Object.values(tables).flat()];
    const bytes = Buffer.concat([Buffer.alloc(4), ...content]);
    bytes.writeUInt32LE(nodeZlib().crc32(bytes.subarray(4)), 0);
    return bytes;
  }

  // --- internal ---

  /** Takes in what a line costs, if it is an event that has a price and is nobody's copy. */
  #addCost(kind: number, line: Buffer, time: string): void {
    const block = this.#open;
    const { type, rank, agent } = this.#kinds[kind] ?? {};
    const decoded = decodeLine(line);
    const event = decoded.kind === "event" ? decoded.event : undefined;
    const isAsItBegins =
      event?.event === type &&
      event?.timestamp === time &&
      event.agent_id === agent &&
      severityRank(event.severity) === rank;
    // One that is none, or says another thing further on, is for whoever asks for money to decode and to report.
    if (event === undefined || !isAsItBegins) {
      block.doubts |= COST_UNKNOWN;
      return;
    }
    const picoUsd = costOf(event);
    if (picoUsd !== undefined) addToCosts(block, kind, { priced: 1, picoUsd: Number(picoUsd) });
  }

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
const GROUP_BLOCKS = 64;
const MAX_KINDS = 1000;
const RANKS = 8;

interface OpenBlock {
  from: number;
  min: Int32Array;
  max: Int32Array;
  events: number;
  /** {@link OPAQUE}, {@link COST_UNKNOWN}. */
  doubts: number;
  /** By the kind of event. */
  counts: Map<number, number>;
  costs: Map<number, { priced: number; picoUsd: number }>;
  /** Offset in the block and length, in turns. */
  errors: number[];
}

/** Entries, in the order in which they stand in the file. */
interface Tables {
  blocks: Buffer[];
  counts: Buffer[];
  costs: Buffer[];
  errors: Buffer[];
}

function newBlock(from: number): OpenBlock {
  const [min, max] = [new Int32Array(TIME_WORDS), new Int32Array(TIME_WORDS)];
  return { from, min, max, events: 0, doubts: 0, counts: new Map(), costs: new Map(), errors: [] };
}

function addToCosts(
  block: OpenBlock,
  kind: number,
  { priced, picoUsd }: { priced: number; picoUsd: number },
): void {
  const sum = block.costs.get(kind) ?? { priced: 0, picoUsd: 0 };
  block.costs.set(kind, sum);
  sum.priced += priced;
  sum.picoUsd += picoUsd;
  // From nine thousand dollars on.
  if (!Number.isSafeInteger(sum.picoUsd)) block.doubts |= COST_UNKNOWN;
}

function groupsOf(blocks: readonly OpenBlock[], groupBlocks: number): OpenBlock[] {
  const groups: OpenBlock[] = [];
  for (const [index, block] of blocks.entries()) {
    if (index % groupBlocks === 0) groups.push(newBlock(block.from));
    const group = groups.at(-1) ?? block;
    const isFirst = group.events === 0;
    if (block.events > 0 && (isFirst || compareWords(block.min, group.min) < 0)) group.min = block.min;
    if (block.events > 0 && (isFirst || compareWords(block.max, group.max) > 0)) group.max = block.max;
    group.events += block.events;
    group.doubts |= block.doubts;
    for (const [kind, count] of block.counts) group.counts.set(kind, (group.counts.get(kind) ?? 0) + count);
    for (const [kind, cost] of block.costs) addToCosts(group, kind, cost);
    for (const number of block.errors) group.errors.push(number);
  }
  return groups;
}

/** @param errors how many stand before those of the block; default: all that there are */
function addEntry(tables: Tables, block: OpenBlock, errors: number = tables.errors.length): void {
  const entry = Buffer.alloc(LAYOUT.bytes);
  entry.writeDoubleLE(block.from, LAYOUT.from);
  for (let word = 0; word < TIME_WORDS; word++) {
    entry.writeInt32BE(block.min[word] ?? 0, LAYOUT.minTime + word * 4);
    entry.writeInt32BE(block.max[word] ?? 0, LAYOUT.maxTime + word * 4);
  }
  entry.writeUInt32LE(block.events, LAYOUT.events);
  entry.writeUInt32LE(block.doubts, LAYOUT.doubts);
  entry.writeUInt32LE(tables.counts.length, LAYOUT.counts);
  entry.writeUInt32LE(tables.costs.length, LAYOUT.costs);
  entry.writeUInt32LE(errors, LAYOUT.errors);
  tables.blocks.push(entry);
  for (const count of block.counts) tables.counts.push(numbers(count));
  for (const [kind, { priced, picoUsd }] of block.costs) {
    const cost = Buffer.alloc(ENTRY_BYTES.costs);
    cost.writeUInt32LE(kind, 0);
    cost.writeUInt32LE(priced, 4);
    cost.writeDoubleLE(picoUsd, 8);
    tables.costs.push(cost);
  }
  for (let at = 0; at < block.errors.length; at += 2)
    tables.errors.push(numbers(block.errors.slice(at, at + 2)));
}

function numbers(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value, index * 4);
  return bytes;
}

function inodeOf({ path }: SessionLogFile): number | undefined {
  return fs.statSync(path, { throwIfNoEntry: false })?.ino;
}
