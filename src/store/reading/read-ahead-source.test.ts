import { createHash } from "node:crypto";
import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { LineCursor, readLines } from "./line-reader.ts";
import { ReadAheadSource } from "./read-ahead-source.ts";

let dir: string;
let file: string;
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  file = path.join(dir, "a.jsonl");
});
afterEach(() => fs.rmSync(dir, { recursive: true }));

const CHUNK_BYTES = 1024 * 1024;

/** A line as its place and a hash of its bytes. */
function told(bytes: Buffer, offset: number): string {
  return `${offset} ${bytes.length} ${createHash("sha256").update(bytes).digest("hex")}`;
}

function straight(): string[] {
  const found: string[] = [];
  for (const line of readLines(file)) if ("bytes" in line) found.push(told(line.bytes, line.offset));
  return found;
}

async function ahead(onWait: () => void = () => undefined): Promise<string[]> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  const lines = new LineCursor(new ReadAheadSource(file, 0, chunk), 0, chunk);
  const found: string[] = [];
  for (;;) {
    if (lines.next()) found.push(told(lines.bytes, lines.offset));
    else if (lines.waiting === undefined) break;
    else {
      onWait();
      await lines.waiting;
    }
  }
  lines.close();
  return found;
}

/** Bytes of lines of these lengths, no two of them alike. */
function linesOf(lengths: readonly number[]): Buffer {
  return Buffer.concat(
    lengths.map((length, index) => Buffer.from(`${`${index} `.repeat(length / 2).slice(0, length)}\n`)),
  );
}

describe("a file that is read ahead", () => {
  it("has the lines that it has read straight through, however long they are", async () => {
    const length = fc.oneof(
      fc.nat(500),
      { weight: 3, arbitrary: fc.nat(20_000) },
      fc.nat(200_000),
      fc.nat(1_500_000),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(length, { maxLength: 60 }), fc.boolean(), async (lengths, isWhole) => {
        const bytes = linesOf(lengths);
        fs.writeFileSync(file, isWhole ? bytes : bytes.subarray(0, -1));
        expect(await ahead()).toEqual(straight());
      }),
      { numRuns: 25 },
    );
  }, 60_000);

  it("is read to where it ends by then, when it grows meanwhile", async () => {
    fs.writeFileSync(file, linesOf(Array.from({ length: 2000 }, () => 1000)));
    let waits = 0;
    const found = await ahead(() => {
      if (++waits <= 3) fs.appendFileSync(file, linesOf([200_000, 50]));
    });
    expect(waits).toBeGreaterThan(3);
    expect(found).toEqual(straight());
  });

  it("may be left in the middle: nothing is written into the chunk of whoever comes next", async () => {
    fs.writeFileSync(file, linesOf(Array.from({ length: 3000 }, () => 1000)));
    const chunk = Buffer.alloc(CHUNK_BYTES);
    const source = new ReadAheadSource(file, 0, chunk);
    const lines = new LineCursor(source, 0, chunk);
    expect(lines.next()).toBe(true);
    expect(source.isReading).toBe(true);
    lines.close();
    await source.ready();
    expect(source.isReading).toBe(false);
  });
});
