import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import * as fc from "fast-check";
import { afterEach, beforeEach, expect, it } from "vitest";

import { readDocument } from "./document.ts";

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

it("gives the elements that JSON.parse finds, each from its own place, and the rest, however a document is laid out", () => {
  const file = path.join(folder, "d.json");
  const key = fc.string().map((name) => `k${name}`);
  fc.assert(
    fc.property(
      fc.dictionary(key, fc.jsonValue()),
      fc.array(fc.jsonValue()),
      fc.dictionary(key, fc.jsonValue()),
      fc.constantFrom(undefined, 2, "\t"),
      (before, events, after, indent) => {
        const text = JSON.stringify({ ...before, events, ...after }, null, indent);
        fs.writeFileSync(file, text);
        const found: unknown[] = [];
        for (const item of readDocument(file, "events")) {
          if (item.kind === "rest") {
            expect(item.isWhole).toBe(true);
            expect(JSON.parse(item.text)).toEqual(
              JSON.parse(JSON.stringify({ ...before, events: [], ...after })),
            );
            continue;
          }
          expect(fs.readFileSync(file).subarray(item.offset, item.offset + item.length)).toEqual(item.bytes);
          found.push(JSON.parse(item.bytes.toString("utf8")));
          // A reading that is broken off closes the file.
          for (const again of readDocument(file, "events", item.offset)) {
            expect(again).toMatchObject({ offset: item.offset, length: item.length });
            break;
          }
        }
        expect(JSON.stringify(found)).toBe(JSON.stringify(events));
      },
    ),
    { numRuns: 200 },
  );
});

it("gives the elements of a document that is an array, from its beginning and from any of them", () => {
  const file = path.join(folder, "d.json");
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), fc.constantFrom(undefined, 2, "\t"), (elements, indent) => {
      fs.writeFileSync(file, JSON.stringify(elements, null, indent));
      const items = [...readDocument(file, "events")];
      const rest = items.pop();
      expect(rest).toMatchObject({ kind: "rest", hasArray: true, isWhole: true });
      const found = items.map((item) => ("bytes" in item ? item.bytes.toString("utf8") : ""));
      expect(found.map((text) => JSON.stringify(JSON.parse(text)))).toEqual(
        elements.map((element) => JSON.stringify(element)),
      );
      items.forEach(({ offset }, index) => {
        // At 0 stands the bracket.
        const again = [...readDocument(file, "events", offset)];
        expect(again).toHaveLength(items.length - index + 1);
        expect(again.at(-1)).toMatchObject({ isWhole: true });
      });
    }),
    { numRuns: 100 },
  );
});

it("goes on across its chunks", () => {
  const file = path.join(folder, "d.json");
  const events = Array.from({ length: 2000 }, (_, at) => ({ at, text: 'é]},{"'.repeat(at % 500) }));
  fs.writeFileSync(file, JSON.stringify({ a: 1, events, b: 2 }));
  const found = [...readDocument(file, "events")].flatMap((item) =>
    item.kind === "element" ? [JSON.parse(item.bytes.toString("utf8")) as unknown] : [],
  );
  expect(found).toEqual(events);
});
