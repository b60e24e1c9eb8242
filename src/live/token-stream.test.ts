import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { EventDraft } from "../event/index.ts";
import { STREAM_MARKS } from "./marks.ts";
import type { StreamMarks } from "./marks.ts";
import { streamChunks, TokenStream } from "./token-stream.ts";
import type { StreamBody } from "./token-stream.ts";

/** What comes of chunks, each with its time of the monotonic clock. */
function streamed(
  chunks: readonly { text: string; atMs: number }[],
  options: { marks?: StreamMarks; flushLength?: number },
): (EventDraft & StreamBody)[] {
  const drafts: (EventDraft & StreamBody)[] = [];
  const stream = new TokenStream(
    { ...options, flushIntervalMs: 60_000 },
    {
      write: (draft) => drafts.push(draft as EventDraft & StreamBody),
      isHeard: () => false,
      announce: () => undefined,
    },
  );
  for (const { text, atMs } of chunks) stream.push(text, atMs);
  stream.end();
  return drafts;
}

/** The text of each part, one part after the other. */
function partsOf(drafts: readonly (EventDraft & StreamBody)[]): [string, string][] {
  const parts: [string, string][] = [];
  for (const { event, content, part } of drafts) {
    const name = part === undefined ? event : `${event} ${String(part)}`;
    const last = parts.at(-1);
    if (content === "") continue;
    if (last?.[0] === name) last[1] += content;
    else parts.push([name, content]);
  }
  return parts;
}

const rounded = (ms: number): number => Math.round(ms * 10) / 10;

describe("TokenStream", () => {
  const marked: [StreamMarks, string[]][] = [
    [
      STREAM_MARKS,
      ["<start>", "</end>", "<think>", "</think>", "<tool>", "</tool>", "<", "think", "a", "é😀"],
    ],
    // Marks that overlap with themselves, and ones that others begin with.
    [{ reasoning: ["[[", "]]"], tool: ["[[[!", "!]"] }, ["[", "]", "[[", "]]", "!", "a"]],
    [{ stream: ["<a", "<a>"], tool: ["aa", "<aaa"] }, ["<", "a", ">", "<a", "<a>", "aa"]],
  ];

  it("tells the same parts apart and keeps text, lengths and times, wherever the text is cut", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...marked).chain(([marks, pieces]) =>
          fc.record({
            marks: fc.constant(marks),
            text: fc.array(fc.constantFrom(...pieces), { maxLength: 30 }).map((some) => some.join("")),
          }),
        ),
        fc.array(fc.nat({ max: 200 }), { maxLength: 40 }),
        fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 41, maxLength: 41 }),
        fc.integer({ min: 1, max: 50 }),
        ({ marks, text }, places, pausesMs, flushLength) => {
          const within = new Set(places.map((at) => at % (text.length + 1)));
          const cuts = [...within.add(0).add(text.length)].toSorted((a, b) => a - b);
          let atMs = 1_000;
          const chunks = cuts.slice(1).map((cut, index) => {
            atMs += (pausesMs[index] ?? 0) / 10;
            return { text: text.slice(cuts[index], cut), atMs };
          });
          const drafts = streamed(chunks, { marks, flushLength });

          expect(partsOf(drafts)).toEqual(partsOf(streamed([{ text, atMs: 0 }], { marks })));
          let position = 0;
          for (const draft of drafts) {
            expect(draft.position).toBe(position);
            expect(draft.chunks.reduce((sum, [, length]) => sum + length, 0)).toBe(draft.content.length);
            expect(
              streamChunks({ ...draft })
                .map((piece) => piece.text)
                .join(""),
            ).toBe(draft.content);
            position += draft.content.length;
          }
          expect(drafts.map(({ content }) => content).join("")).toBe(text);

          // Each chunk ends where one of the recorded ones does, and each recorded one has the time of its chunk.
          const ends = new Set([0]);
          let end = 0;
          for (const draft of drafts) {
            const first = chunkAt(chunks, draft.position);
            for (const [offsetMs, length] of draft.chunks) {
              if (length > 0) expect(offsetMs).toBe(rounded(chunkAt(chunks, end).atMs - first.atMs));
              ends.add((end += length));
            }
          }
          for (const cut of cuts) expect(ends).toContain(cut);
        },
      ),
      { numRuns: 500 },
    );
  });
});

/** The chunk in which the character at a place of the whole text came. */
function chunkAt(
  chunks: readonly { text: string; atMs: number }[],
  position: number,
): { text: string; atMs: number } {
  let start = 0;
  for (const chunk of chunks) {
    if (position < start + chunk.text.length) return chunk;
    start += chunk.text.length;
  }
  return chunks.at(-1) ?? { text: "", atMs: 0 };
}
