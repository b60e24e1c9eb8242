// Text as a model writes it, a few characters at a time, made into few events: the first text at once, so that nobody
// has to wait to see that something happens, and what follows in pieces of a quarter of a second or 8 Ki characters.
// Nothing is lost by that: an event keeps the exact text, and when each chunk of it came.

import { setImmediate } from "node:timers";

import { integerOption } from "../base/options.ts";
import { uuidv7 } from "../base/ids.ts";
import type { EventDraft } from "../event/index.ts";
import { checkMarks, MarkReader } from "./marks.ts";
import type { StreamMarks, StreamPart } from "./marks.ts";

export interface TokenStreamOptions {
  /** Marks around parts of the text; false for none. Default: {@link STREAM_MARKS}. */
  marks?: StreamMarks | false | undefined;
  /** Longest time that text waits for more before it is written, in milliseconds, 1 to 60,000. Default 250. */
  flushIntervalMs?: number | undefined;
  /** Text written together at most, in UTF-16 units, 1 to 1,048,576; a chunk is never cut for it. Default 8,192. */
  flushLength?: number | undefined;
}

/** Text that came in one piece: how long after the first of its event, in milliseconds, and its UTF-16 units. */
export type ChunkTime = [timeOffsetMs: number, length: number];

/** What an event of a stream carries. */
export interface StreamBody {
  stream_id: string;
  /** Where in the stream's whole text this text begins, in UTF-16 units. */
  position: number;
  content: string;
  chunks: ChunkTime[];
}

/** Where the text goes. */
export interface TokenStreamOutput {
  /** An event to be recorded. */
  write(draft: EventDraft): void;
  /** Whether anybody wants to know of text before it is written. */
  isHeard(): boolean;
  /** Text that will stand in an event later. */
  announce(draft: EventDraft & StreamBody): void;
}

/** Types of the events by what they hold. */
const TYPES: Readonly<Record<StreamPart, string>> = {
  message: "AGENT_MESSAGE",
  stream: "STREAM",
  reasoning: "REASONING",
  tool: "STREAM",
};

/** Text waiting to be written. */
interface Pending extends StreamBody {
  part: StreamPart;
  /** When the first of it came, on both clocks. */
  startMs: number;
  wallMs: number;
  lastChunk: number;
  /** Of its chunks and its text, what subscribers were told already. */
  announcedChunks: number;
  announcedLength: number;
}

export class TokenStream {
  readonly id: string = uuidv7(Date.now());
  readonly #output: TokenStreamOutput;
  readonly #marks: MarkReader;
  readonly #flushIntervalMs: number;
  readonly #flushLength: number;
  readonly #createdMs = performance.now();
  #firstMs: number | undefined;
  #lastMs = 0;
  #chunkCount = 0;
  /** Of the whole text so far. */
  #length = 0;
  #held: Chunk[] = [];
  #pending: Pending | undefined;
  #timer: NodeJS.Timeout | undefined;
  #hasWritten = false;
  #announcing = false;

  /** @throws TypeError, RangeError */
  constructor(options: TokenStreamOptions, output: TokenStreamOutput) {
    const owner = "stream";
    this.#output = output;
    this.#marks = new MarkReader(checkMarks(owner, options.marks));
    this.#flushIntervalMs = integerOption(owner, "flushIntervalMs", options.flushIntervalMs, {
      min: 1,
      max: 60_000,
      default: 250,
    });
    this.#flushLength = integerOption(owner, "flushLength", options.flushLength, {
      min: 1,
      max: 1_048_576,
      default: 8_192,
    });
  }

  /** Takes a chunk, which came at a time of the monotonic clock. */
  push(text: string, atMs: number): void {
    this.#firstMs ??= atMs;
    this.#lastMs = atMs;
    const chunk = { text, atMs, number: this.#chunkCount++ };
    if (this.#held.length === 0 && !this.#marks.mayBeIn(text)) {
      this.#take(this.#marks.part, chunk);
      return;
    }
    this.#held.push(chunk);
    const all = this.#held.map((held) => held.text).join("");
    this.#release(all, all.length - this.#marks.openEnd(all));
  }

  /** Writes what waits. A piece of a mark at the end goes on waiting for the rest of it. */
  flush(): void {
    if (this.#pending !== undefined) this.#write({});
  }

  /** Writes what is left, together with the figures of the whole stream and `extra`. */
  end(extra: Readonly<Record<string, unknown>> = {}): void {
    const all = this.#held.map((chunk) => chunk.text).join("");
    this.#release(all, all.length);
    const nowMs = performance.now();
    this.#pending ??= this.#newPending(this.#marks.part, nowMs);
    this.#write({
      duration_ms: rounded(nowMs - this.#createdMs),
      chunk_count: this.#chunkCount,
      ...(this.#firstMs === undefined ? {} : { first_token_ms: rounded(this.#firstMs - this.#createdMs) }),
      ...rateOf(this.#chunkCount, this.#lastMs - (this.#firstMs ?? 0)),
      ...extra,
    });
  }

  // --- internal ---

  /** Sorts the first `length` characters of what is held into parts. */
  #release(all: string, length: number): void {
    for (const { part, text } of this.#marks.read(all.slice(0, length))) {
      let left = text.length;
      for (let chunk = this.#held[0]; left > 0 && chunk !== undefined; chunk = this.#held[0]) {
        const taken = chunk.text.slice(0, left);
        this.#take(part, { ...chunk, text: taken });
        chunk.text = chunk.text.slice(taken.length);
        if (chunk.text === "") this.#held.shift();
        left -= taken.length;
      }
    }
  }

  #take(part: StreamPart, { text, atMs, number }: Chunk): void {
    if (this.#pending !== undefined && this.#pending.part !== part) this.#write({});
    const pending = (this.#pending ??= this.#newPending(part, atMs));
    const offsetMs = rounded(atMs - pending.startMs);
    const last = pending.chunks.at(-1);
    const isSameChunk = pending.lastChunk === number && pending.announcedChunks < pending.chunks.length;
    if (isSameChunk && last !== undefined) last[1] += text.length;
    else pending.chunks.push([offsetMs, text.length]);
    pending.lastChunk = number;
    pending.content += text;
    this.#length += text.length;
    if (!this.#hasWritten || pending.content.length >= this.#flushLength) this.#write({});
    else {
      this.#timer ??= setTimeout(() => this.flush(), this.#flushIntervalMs).unref();
      this.#announceSoon();
    }
  }

  /** At the end of the turn, because a model may say much in one; what is written by then need not be announced. */
  #announceSoon(): void {
    if (this.#announcing || !this.#output.isHeard()) return;
    this.#announcing = true;
    setImmediate(() => {
      this.#announcing = false;
      const pending = this.#pending;
      if (pending === undefined || pending.announcedChunks === pending.chunks.length) return;
      this.#output.announce({
        ...this.#draft(pending),
        position: pending.position + pending.announcedLength,
        content: pending.content.slice(pending.announcedLength),
        chunks: pending.chunks.slice(pending.announcedChunks),
      });
      pending.announcedChunks = pending.chunks.length;
      pending.announcedLength = pending.content.length;
    });
  }

  #newPending(part: StreamPart, startMs: number): Pending {
    return {
      part,
      startMs,
      wallMs: Date.now() - (performance.now() - startMs),
      lastChunk: -1,
      announcedChunks: 0,
      announcedLength: 0,
      stream_id: this.id,
      position: this.#length,
      content: "",
      chunks: [],
    };
  }

  #draft({ part, wallMs, position, content, chunks }: Pending): EventDraft & StreamBody {
    return {
      event: TYPES[part],
      timestamp: new Date(wallMs),
      stream_id: this.id,
      ...(part === "tool" ? { part } : {}),
      position,
      content,
      chunks,
    };
  }

  #write(extra: Readonly<Record<string, unknown>>): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const pending = this.#pending;
    this.#pending = undefined;
    if (pending === undefined) return;
    this.#hasWritten = true;
    this.#output.write({ ...this.#draft(pending), ...extra });
  }
}

/**
 * The pieces of an event of a stream, as the chunks came. Of any other event nothing.
 *
 * @example for (const { text, offsetMs } of streamChunks(event)) console.log(offsetMs, text);
 */
export function streamChunks(event: Readonly<Record<string, unknown>>): { text: string; offsetMs: number }[] {
  const { content, chunks } = event;
  if (typeof content !== "string" || !Array.isArray(chunks)) return [];
  const pieces: { text: string; offsetMs: number }[] = [];
  let at = 0;
  for (const chunk of chunks as unknown[]) {
    if (!Array.isArray(chunk) || typeof chunk[0] !== "number" || typeof chunk[1] !== "number") return [];
    const [offsetMs, length] = chunk as ChunkTime;
    pieces.push({ offsetMs, text: content.slice(at, at + length) });
    at += length;
  }
  return pieces;
}

// --- internal ---

/** A chunk, or what is left of it. */
interface Chunk {
  text: string;
  atMs: number;
  number: number;
}

function rateOf(count: number, forMs: number): { chunks_per_second?: number } {
  return count > 1 && forMs > 0 ? { chunks_per_second: rounded(((count - 1) / forMs) * 1000) } : {};
}

/** To a tenth of a millisecond: more digits would only make lines longer. */
function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
