import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import * as fc from "fast-check";
import { expect, it } from "vitest";

import { openReader } from "../reader.ts";
import { NeedleSearch } from "./needle.ts";

it("finds what a search of each line alone finds", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", '"', "é", "読"), maxLength: 30 });
  fc.assert(
    fc.property(
      fc.array(text),
      fc.string({ unit: fc.constantFrom("a", "b", '"', "é"), minLength: 1, maxLength: 10 }),
      (lines, needle) => {
        const buffer = Buffer.from(lines.map((line) => `${line}\n`).join(""));
        const search = new NeedleSearch(Buffer.from(needle));
        let start = 0;
        for (const line of lines) {
          const end = start + Buffer.byteLength(line) + 1;
          expect(search.isIn(buffer, start, end, 1)).toBe(line.includes(needle));
          start = end;
        }
      },
    ),
    { numRuns: 1000 },
  );
});

it("searches every file anew, though all are read into one buffer", () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  for (const [name, message] of Object.entries({ a: "late 読む", b: "読む", c: "nothing", d: "x 読む" })) {
    fs.writeFileSync(
      path.join(dir, `${name}.jsonl`),
      `{"event":"A"}\n{"event":"B","message":"${message}"}\n`,
    );
  }
  const found = openReader({ paths: [dir] }).events({ text: "読む" });
  expect([...found].map(({ message }) => message)).toEqual(["late 読む", "読む", "x 読む"]);
  fs.rmSync(dir, { recursive: true });
});
