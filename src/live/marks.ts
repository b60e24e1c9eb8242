// Marks that some models put into their text to say what comes: an answer as a stream, reasoning, a tool call. A mark
// may come in any number of chunks.

import { checkOptionNames, describe } from "../base/options.ts";

/** What a part of a stream is; `message` is what stands outside of all marks. */
export type StreamPart = "message" | "stream" | "reasoning" | "tool";

/** The two marks around each part. */
export interface StreamMarks {
  stream?: readonly [string, string] | undefined;
  reasoning?: readonly [string, string] | undefined;
  tool?: readonly [string, string] | undefined;
}

/** AiCore's six. */
export const STREAM_MARKS: Readonly<Record<"stream" | "reasoning" | "tool", readonly [string, string]>> = {
  stream: ["<start>", "</end>"],
  reasoning: ["<think>", "</think>"],
  tool: ["<tool>", "</tool>"],
};

/** Text of one part, as it came in one chunk. */
export interface PartText {
  part: StreamPart;
  text: string;
}

/** @throws TypeError, RangeError */
export function checkMarks(owner: string, marks: StreamMarks | false | undefined): StreamMarks {
  if (marks === undefined) return STREAM_MARKS;
  if (marks === false) return {};
  checkOptionNames(`${owner}: marks`, marks, ["stream", "reasoning", "tool"]);
  for (const [part, pair] of Object.entries(marks)) {
    if (pair === undefined) continue;
    if (!Array.isArray(pair) || pair.length !== 2 || !pair.every((mark) => typeof mark === "string")) {
      throw new TypeError(`${owner}: marks.${part} must be two texts, got ${describe(pair)}`);
    }
    if (pair[0] === pair[1] || pair.includes("")) {
      throw new RangeError(`${owner}: marks.${part} must be two different texts that are not empty`);
    }
  }
  return marks;
}

/** Tells the parts of a text apart as it comes. Marks stay in the text, each with the part that it is around. */
export class MarkReader {
  readonly #opens = new Map<string, StreamPart>();
  readonly #closes = new Map<string, StreamPart>();
  readonly #mark: RegExp | undefined;
  /** The same, or an end of the text that may become one. */
  readonly #markOrBegun: RegExp | undefined;
  readonly #firstCharacters: ReadonlySet<string>;
  /** The parts around the current place, the innermost last. */
  readonly #around: StreamPart[] = [];

  constructor(marks: StreamMarks) {
    for (const part of ["stream", "reasoning", "tool"] as const) {
      const [open, close] = marks[part] ?? [];
      if (open === undefined || close === undefined) continue;
      this.#opens.set(open, part);
      this.#closes.set(close, part);
    }
    const all = [...this.#opens.keys(), ...this.#closes.keys()].toSorted((a, b) => b.length - a.length);
    this.#firstCharacters = new Set(all.map((mark) => mark.charAt(0)));
    if (all.length === 0) return;
    const begun = all.flatMap((mark) =>
      Array.from({ length: mark.length - 1 }, (_, index) => mark.slice(0, index + 1)),
    );
    const whole = all.map(escape).join("|");
    this.#mark = new RegExp(whole, "g");
    this.#markOrBegun = new RegExp(`(?<begun>(?:${begun.map(escape).join("|")})$)|${whole}`, "g");
  }

  get part(): StreamPart {
    return this.#around.at(-1) ?? "message";
  }

  /** Whether a mark, or the beginning of one, may stand in a text. */
  mayBeIn(text: string): boolean {
    for (const first of this.#firstCharacters) if (text.includes(first)) return true;
    return false;
  }

  /** Whether the end of a text may be the beginning of a mark: how many characters of it. */
  openEnd(text: string): number {
    if (this.#markOrBegun === undefined) return 0;
    for (const { groups } of text.matchAll(this.#markOrBegun)) {
      if (groups?.["begun"] !== undefined) return groups["begun"].length;
    }
    return 0;
  }

  /** The parts of a text that ends in no piece of a mark. */
  read(text: string): PartText[] {
    const parts: PartText[] = [];
    let at = 0;
    const take = (end: number): void => {
      if (end > at) parts.push({ part: this.part, text: text.slice(at, end) });
      at = end;
    };
    for (const { 0: mark, index } of this.#mark === undefined ? [] : text.matchAll(this.#mark)) {
      const opened = this.#opens.get(mark);
      if (opened !== undefined) {
        take(index);
        this.#around.push(opened);
        continue;
      }
      const closed = this.#around.lastIndexOf(this.#closes.get(mark) ?? "message");
      // The end of something that never began is text like any other.
      if (closed < 0) continue;
      take(index + mark.length);
      this.#around.length = closed;
    }
    take(text.length);
    return parts;
  }
}

// --- internal ---

function escape(literal: string): string {
  return literal.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
