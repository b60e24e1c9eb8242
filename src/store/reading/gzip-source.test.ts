import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";
import * as zlib from "node:zlib";

import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { SourceDamage } from "./byte-source.ts";
import { LineCursor } from "./line-reader.ts";

let dir: string;
let file: string;
beforeAll(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  file = path.join(dir, "log.jsonl.gz");
});
afterAll(() => fs.rmSync(dir, { recursive: true }));

interface Reading {
  lines: string[];
  damage: readonly SourceDamage[];
}

function read(bytes: Buffer): Reading {
  fs.writeFileSync(file, bytes);
  const cursor = new LineCursor(file);
  const lines: string[] = [];
  try {
    while (cursor.next()) lines.push(cursor.bytes.toString("latin1"));
    return { lines, damage: [...cursor.damage] };
  } finally {
    cursor.close();
  }
}

const LINES = Array.from(
  { length: 100 },
  (_, index) => `{"event":"E${index}","message":"${"x".repeat(index)}"}\n`,
);
const membersOf = (lines: readonly string[], size: number): Buffer[] =>
  Array.from({ length: Math.ceil(lines.length / size) }, (_, index) =>
    zlib.gzipSync(lines.slice(index * size, (index + 1) * size).join("")),
  );

describe("a compressed file", () => {
  it("holds the same lines however it is divided into members", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ maxLength: 50 }), { maxLength: 50 }),
        fc.integer({ min: 1, max: 9 }),
        (texts, size) => {
          const lines = texts.map((text) => `${JSON.stringify(text)}\n`);
          const bytes = Buffer.concat(membersOf(lines, size));
          const plain = lines.map((line) => Buffer.from(line).toString("latin1"));
          expect(read(bytes)).toEqual({ lines: plain, damage: [] });
        },
      ),
      { numRuns: 50 },
    );
  });

  it("cut at any byte gives whole lines up to the cut, and says that it is cut", () => {
    const whole = zlib.gzipSync(LINES.join(""));
    for (let length = 1; length < whole.length; length++) {
      const { lines, damage } = read(whole.subarray(0, length));
      const complete = lines.filter((line) => line.endsWith("\n"));
      expect(complete).toEqual(LINES.slice(0, complete.length));
      expect(lines.length - complete.length).toBeLessThan(2);
      if (length > 3)
        expect(damage).toEqual([{ from: 0, to: length, reason: "the compressed data is cut off" }]);
      const inflate = (): Buffer =>
        zlib.gunzipSync(whole.subarray(0, length), { finishFlush: zlib.constants.Z_SYNC_FLUSH });
      if (length > 18) expect(lines.join("")).toBe(inflate().toString("latin1"));
    }
  });

  it("goes on with the next member behind one that is damaged, cut or no member at all", () => {
    const members = membersOf(LINES, 10);
    const damaged = Buffer.from(members[3] ?? "");
    damaged.fill(0xff, 30, 60);
    const cut = members[6]?.subarray(0, 40) ?? Buffer.alloc(0);
    const parts = [
      ...members.slice(0, 3),
      damaged,
      ...members.slice(4, 6),
      cut,
      Buffer.from("no gzip"),
      ...members.slice(7),
    ];
    const { lines, damage } = read(Buffer.concat(parts));
    const undamaged = LINES.filter((_, index) => ![3, 6].includes(Math.floor(index / 10)));
    expect(lines.filter((line) => undamaged.includes(line))).toEqual(undamaged);
    const start = (index: number): number => Buffer.concat(parts.slice(0, index)).length;
    expect(damage.map(({ from, to }) => [from, to])).toEqual([
      [start(3), start(4)],
      [start(6), start(8)],
    ]);
  });

  it("whose checksum is wrong is read, and reported", () => {
    const bytes = zlib.gzipSync(LINES.join(""));
    bytes.writeUInt32LE(1, bytes.length - 8);
    const { lines, damage } = read(bytes);
    expect(lines).toEqual(LINES);
    expect(damage[0]?.reason).toContain("checksum");
  });

  it("may have a name, a comment and padding in and behind its members", () => {
    const plain = zlib.gzipSync(LINES.join(""));
    const head = Buffer.from([0x1f, 0x8b, 8, 0x1c, 0, 0, 0, 0, 0, 3]);
    const named = Buffer.concat([
      head,
      Buffer.from([2, 0, 7, 7]),
      Buffer.from("log\0about\0"),
      plain.subarray(10),
      Buffer.alloc(512),
    ]);
    expect(read(named)).toEqual({ lines: LINES, damage: [] });
  });

  it("that is made to fill a disk is left where it is known to be one", () => {
    const member = zlib.gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x20), { level: 9 });
    const { lines, damage } = read(Buffer.concat(Array.from({ length: 8 }, () => member)));
    expect(lines.length).toBeLessThan(2);
    expect(damage[0]?.reason).toContain("500 times");
  });
});
