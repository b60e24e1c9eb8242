// Makes the block index of a segment from its lines. Whoever writes or seals a segment may feed it the same lines as they
// pass by, and has the index without reading anything again.

import * as fs from "node:fs";

import { severityRank } from "../../event/index.ts";
import { decodeLine } from "../../format/index.ts";
import { LineCursor } from "../../store/reading/line-reader.ts";
import type { SessionLogFile } from "../../store/session/catalog.ts";
import { markOf } from "../../store/session/file-mark.ts";
import type { FileMark } from "../../store/session/file-mark.ts";
import { costOf, PRICED_FIELD } from "../lines/cost.ts";
import { LineHead } from "../lines/line-head.ts";
import { LineTest } from "../lines/line-test.ts";
import type { EventKind } from "../lines/line-test.ts";
import { compareTime, compareWords, readTime, TIME_WORDS } from "../lines/time-words.ts";
import { encodeBlockIndex, ERROR_RANK } from "./block-index.ts";
import { COST_UNKNOWN, encodePage, OPAQUE, TIMES_FALL } from "./block-page.ts";
import type { BlockFigures, PagePlace } from "./block-page.ts";
import { PageWriter } from "./paged-file.ts";

export interface BlockOptions {
  /** Bytes of lines after which a block ends. Default: 64 KiB. */
  blockBytes?: number;
  /** Kinds of events to begin with. */
  kinds?: readonly EventKind[];
  /** Blocks of a page, and pages that are told of as one. Default: 32. */
  pageBlocks?: number;
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
  /** That there are; more are added. */
  readonly kinds: EventKind[];
  /** Those of a type and a severity, by both. */
  readonly #kindsOf: { agent: string; kind: number }[][] = [];
  #maxSeq = -1;
  readonly #blocks: OpenBlock[] = [];
  #open: OpenBlock = newBlock(0);
  readonly #blockBytes: number;
  readonly #pageBlocks: number;

  constructor({ blockBytes = BLOCK_BYTES, pageBlocks = PAGE_BLOCKS, kinds = [] }: BlockOptions = {}) {
    this.kinds = [...kinds];
    this.#blockBytes = blockBytes;
    this.#pageBlocks = pageBlocks;
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
      const ofLatest = block.events === 0 ? 1 : compareTime(head.view, head.timeStart, block.max);
      if (ofLatest > 0) readTime(head.view, head.timeStart, block.max);
      else if (ofLatest < 0) block.doubts |= TIMES_FALL;
      block.events++;
      if (this.#priced.judge(buffer, start, end, true, fills) !== "lacking")
        this.#addCost(kind, buffer.subarray(start, end), head.timeOf(buffer));
      this.#maxSeq = Math.max(this.#maxSeq, head.seq);
    }
    this.bytes += end - start;
    return true;
  }

  /** What was taken in since the last call, as one block. */
  takeBlock(): BlockFigures {
    const block = this.#open;
    this.#open = newBlock(this.bytes);
    return block;
  }

  /** @param mark of the file that the lines stand in */
  finish(sessionId: string, mark: FileMark): Buffer {
    this.#close();
    const { pages, whole } = pagesOf(this.#blocks, this.#pageBlocks, this.bytes);
    return encodeBlockIndex(
      { session_id: sessionId, mark, max_seq: this.#maxSeq, kinds: this.kinds, whole },
      pages,
    );
  }

  // --- internal ---

  /** Takes in what a line costs, if it is an event that has a price and is nobody's copy. */
  #addCost(kind: number, line: Buffer, time: string): void {
    const block = this.#open;
    const { type, rank, agent } = this.kinds[kind] ?? {};
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
    const before = this.kinds.findIndex(
      (each) => each.type === type.name && each.rank === rank && each.agent === agent,
    );
    if (before < 0 && this.kinds.length === MAX_KINDS) return undefined;
    const kind = before < 0 ? this.kinds.push({ type: type.name, rank, agent }) - 1 : before;
    kinds.push({ agent, kind });
    return kind;
  }
}

// --- internal ---

const NEWLINE = 0x0a;
const BLOCK_BYTES: number = 64 * 1024;
const PAGE_BLOCKS = 32;
const MAX_KINDS = 1000;
const RANKS = 8;

interface OpenBlock extends BlockFigures {
  counts: Map<number, number>;
  costs: Map<number, { priced: number; picoUsd: number }>;
  errors: number[];
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

/** Pages of blocks, and of those as one, up to a page of all of them as one. @param end where the last block ends */
function pagesOf(
  blocks: readonly OpenBlock[],
  pageBlocks: number,
  end: number,
): { pages: Buffer[]; whole: PagePlace } {
  const writer = new PageWriter();
  let level = blocks;
  do {
    const above: OpenBlock[] = [];
    for (let at = 0; at < level.length; at += pageBlocks) {
      const next = at + pageBlocks;
      const of = level.slice(at, next);
      above.push({ ...sumOf(of), more: writer.add(encodePage(of, level[next]?.from ?? end)) });
    }
    level = above;
  } while (level.length > 1);
  const whole = writer.add(encodePage(level, end));
  return { pages: writer.pages, whole };
}

/** Blocks as one. Where errors stand is told of each by itself. */
export function sumOf(blocks: readonly BlockFigures[]): OpenBlock {
  const sum = newBlock(blocks[0]?.from ?? 0);
  for (const block of blocks) {
    const isFirst = sum.events === 0;
    if (block.events > 0 && (isFirst || compareWords(block.min, sum.min) < 0)) sum.min = block.min;
    if (block.events > 0 && (isFirst || compareWords(block.max, sum.max) > 0)) sum.max = block.max;
    sum.events += block.events;
    sum.doubts |= block.doubts;
    for (const [kind, count] of block.counts) sum.counts.set(kind, (sum.counts.get(kind) ?? 0) + count);
    for (const [kind, cost] of block.costs) addToCosts(sum, kind, cost);
  }
  return sum;
}

function inodeOf({ path }: SessionLogFile): number | undefined {
  return fs.statSync(path, { throwIfNoEntry: false })?.ino;
}
