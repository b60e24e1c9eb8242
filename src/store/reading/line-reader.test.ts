import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { TracekeepError } from "../../base/errors.ts";
import { MAX_READ_LINE_BYTES } from "../../format/index.ts";
import { LineCursor, readFirstLine, readLastLine, readLines, readLinesBackwards } from "./line-reader.ts";
import type { LogLine } from "./line-reader.ts";

let directory: string;
let file: string;

beforeAll(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  file = path.join(directory, "lines");
});
afterAll(() => fs.rmSync(directory, { recursive: true }));

/** What the readers must agree with: the text cut behind each newline. */
function split(text: string): { text: string; offset: number }[] {
  const lines: { text: string; offset: number }[] = [];
  let offset = 0;
  for (const part of text.split(/(?<=\n)/)) {
    if (part !== "") lines.push({ text: part, offset });
    offset += Buffer.byteLength(part);
  }
  return lines;
}

function collect(lines: Iterable<LogLine>): { text: string; offset: number }[] {
  const collected: { text: string; offset: number }[] = [];
  for (const line of lines) {
    if (!("bytes" in line)) throw new Error("no line of this test is too long");
    collected.push({ text: line.bytes.toString(), offset: line.offset });
  }
  return collected;
}

/** Lines whose lengths lie around the sizes at which the readers read on, and ordinary ones. */
const lineText = fc.oneof(
  { weight: 8, arbitrary: fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\n", " ")) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(4096, 65_536, 131_072, 262_144, 524_288), fc.integer({ min: -2, max: 2 }))
      .map(([length, more]) => "x".repeat(length + more)),
  },
);
const fileText = fc
  .tuple(fc.array(lineText, { maxLength: 12 }), fc.boolean())
  .map(([lines, whole]) => lines.join("\n") + (whole && lines.length > 0 ? "\n" : ""));

describe("reading lines", () => {
  it("gives every line once, in order, with its exact offset, wherever reads happen to end", () => {
    fc.assert(
      fc.property(fileText, (text) => {
        fs.writeFileSync(file, text);
        expect(collect(readLines(file))).toEqual(split(text));
      }),
      { numRuns: 150 },
    );
  });

  it("gives the same lines backwards", () => {
    fc.assert(
      fc.property(fileText, (text) => {
        fs.writeFileSync(file, text);
        expect(collect(readLinesBackwards(file)).toReversed()).toEqual(split(text));
      }),
      { numRuns: 150 },
    );
  });

  it("knows first line, last whole line and the length of an unfinished one", () => {
    fc.assert(
      fc.property(fileText, (text) => {
        fs.writeFileSync(file, text);
        const lines = split(text);
        const tail = lines.at(-1)?.text.endsWith("\n") === false ? lines.pop() : undefined;
        const last = lines.at(-1);
        expect(readFirstLine(file)?.toString()).toBe((lines[0] ?? tail)?.text);
        const { line, offset, tailBytes } = readLastLine(file);
        expect(line?.toString()).toBe(last?.text);
        expect([offset, tailBytes]).toEqual([last?.offset ?? 0, Buffer.byteLength(tail?.text ?? "")]);
      }),
      { numRuns: 100 },
    );
  });

  it("goes on from the offset of any line", () => {
    fs.writeFileSync(file, "one\ntwo\nthree\n");
    expect(collect(readLines(file, { fromOffset: 4 }))).toEqual([
      { text: "two\n", offset: 4 },
      { text: "three\n", offset: 8 },
    ]);
    expect([...readLines(file, { fromOffset: 8 })].map(({ line }) => line)).toEqual([1]);
  });

  it("numbers lines from 1 and keeps a view only until the next step", () => {
    fs.writeFileSync(file, "a\nb\n");
    const cursor = new LineCursor(file);
    expect(cursor.next()).toBe(true);
    expect([cursor.line, cursor.bytes.toString()]).toEqual([1, "a\n"]);
    expect(cursor.next()).toBe(true);
    expect([cursor.line, cursor.bytes.toString()]).toEqual([2, "b\n"]);
    expect(cursor.next()).toBe(false);
    cursor.close();
  });

  it("sees what was appended while it read, and stops where the file then ends", () => {
    fs.writeFileSync(file, "first\n".repeat(100_000));
    let lines = 0;
    for (const line of readLines(file)) {
      if (lines++ === 0) fs.appendFileSync(file, "late\nunfinish");
      if (lines > 100_001) expect("bytes" in line && line.bytes.toString()).toBe("unfinish");
    }
    expect(lines).toBe(100_002);
  });

  it("stops at an abort", () => {
    fs.writeFileSync(file, "a\nb\nc\n");
    const abort = new AbortController();
    const lines = readLines(file, { signal: abort.signal });
    lines.next();
    abort.abort(new Error("enough"));
    expect(() => lines.next()).toThrow("enough");
  });
});

describe("a line over 64 MiB", () => {
  it("is passed over by forward and backward reading, in bounded memory, and its place is told", () => {
    const fd = fs.openSync(file, "w");
    fs.writeSync(fd, "before\n");
    const piece = Buffer.alloc(8 * 1024 * 1024, "x");
    for (let index = 0; index < 20; index++) fs.writeSync(fd, piece);
    fs.writeSync(fd, "\nafter\n");
    fs.closeSync(fd);
    const length = 20 * piece.length + 1;
    const place = { tooLong: true, offset: 7, length };
    const heldBefore = process.memoryUsage().arrayBuffers;
    const forwards = [...readLines(file)];
    expect(process.memoryUsage().arrayBuffers - heldBefore).toBeLessThan(3 * MAX_READ_LINE_BYTES);
    expect(forwards.map((line) => ("bytes" in line ? line.offset : line))).toEqual([
      0,
      { ...place, line: 2 },
      7 + length,
    ]);
    const backwards = [...readLinesBackwards(file)];
    expect(backwards.map((line) => ("bytes" in line ? line.offset : line))).toEqual([
      7 + length,
      { ...place, line: 0 },
      0,
    ]);
    expect(readLastLine(file).line?.toString()).toBe("after\n");
  });

  it("is no first and no last line", () => {
    fs.writeFileSync(file, "");
    fs.truncateSync(file, MAX_READ_LINE_BYTES + 1);
    expect(readFirstLine(file)).toBeUndefined();
    expect(readLastLine(file).line).toBeUndefined();
    expect([...readLines(file)]).toEqual([
      { tooLong: true, offset: 0, length: MAX_READ_LINE_BYTES + 1, line: 1 },
    ]);
  });
});

describe("what cannot be read", () => {
  it("is refused with the path: a link, a missing file, a folder", () => {
    fs.writeFileSync(file, "a\n");
    const link = path.join(directory, "link");
    fs.symlinkSync(file, link);
    for (const bad of [link, path.join(directory, "missing"), directory]) {
      for (const read of [() => [...readLines(bad)], () => readFirstLine(bad), () => readLastLine(bad)]) {
        expect(read).toThrow(TracekeepError);
        expect(read).toThrow(bad);
      }
    }
  });
});
