import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, expect, it } from "vitest";

import { emptyJournal, IndexJournal, readJournal } from "./index-journal.ts";

let dir: string;
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
});
afterEach(() => fs.rmSync(dir, { recursive: true }));

it("loses no line of a writer that has the journal open while it is folded", () => {
  const [one, other] = [new IndexJournal(dir), new IndexJournal(dir)];
  one.append("folded 1\n");
  other.append("folded 2\n");
  expect(readJournal(dir)).toEqual(["folded 1", "folded 2"]);
  emptyJournal(dir);
  expect(readJournal(dir)).toEqual([]);
  one.append("later 1\n");
  other.append("later 2\n");
  expect(readJournal(dir)).toEqual(["later 1", "later 2"]);
  one.close();
  other.close();
});

it("leaves a file alone that a link of the journal's name leads to", () => {
  const victim = path.join(dir, "victim");
  fs.writeFileSync(victim, "precious\n");
  fs.mkdirSync(path.join(dir, "index"));
  fs.symlinkSync(victim, path.join(dir, "index", "journal.jsonl"));
  emptyJournal(dir);
  const journal = new IndexJournal(dir);
  expect(() => journal.append("line\n")).toThrow("ELOOP");
  expect(fs.readFileSync(victim, "utf8")).toBe("precious\n");
});
