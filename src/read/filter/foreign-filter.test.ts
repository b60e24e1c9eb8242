// Lines of other programs are left undecoded where what a filter asks for does not stand in them. That must never leave
// out an event.

import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import * as fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";

import { openReader } from "../reader.ts";
import { compileFilter } from "./filter.ts";
import type { EventFilter } from "./filter.ts";

let dir: string;
beforeAll(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
});
afterAll(() => fs.rmSync(dir, { recursive: true }));

const word = fc.constantFrom(
  "ERROR",
  "tool/call",
  "a",
  "é",
  "\u2028",
  "💥",
  "WARN",
  "GAP",
  "bash",
  "true",
  '"',
);
const record = fc.record(
  {
    event: word,
    type: word,
    severity: word,
    agent_id: word,
    tool: fc.oneof(word, fc.boolean(), fc.constant(null)),
    n: fc.integer({ min: 0, max: 3 }),
    deep: fc.record({ tool: word, list: fc.array(word, { maxLength: 2 }) }, { requiredKeys: [] }),
    timestamp: fc.constantFrom("2026-01-06T22:00:00Z", "no time"),
  },
  { requiredKeys: [] },
);
/** JSON has several ways to write the same text. */
const line = fc
  .tuple(record, fc.constantFrom("plain", "escaped", "slashes", "pretty"))
  .map(([value, way]) => {
    if (way === "pretty") return JSON.stringify(value, undefined, 2);
    const text = JSON.stringify(value);
    if (way === "slashes") return text.replaceAll("/", "\\/");
    if (way === "plain") return text;
    return text.replace(/[a-zA-Z\u0080-\uffff](?=[^"\\]*"[,}\]])/g, (character) => {
      return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
    });
  });
const filter: fc.Arbitrary<EventFilter> = fc.record(
  {
    event: fc.array(fc.oneof(word, fc.constant("(untyped)")), { minLength: 1, maxLength: 2 }),
    severity: fc.constantFrom("INFO", "WARN", "ERROR"),
    agent: fc.constantFrom("*", "bas?", "[a-z]*", "*R*", "é", "b*h"),
    // Not a severity: one that was filled in stands in no line.
    text: word.filter((text) => text !== "WARN" && text !== "ERROR"),
    where: fc.subarray(
      [
        "tool=bash",
        "tool=true",
        "tool!=a",
        "n>1",
        'deep.tool="é"',
        "deep.list.0~a",
        "severity=INFO",
        "seq<5",
        'tool~"\\""',
      ],
      { minLength: 1, maxLength: 2 },
    ),
  },
  { requiredKeys: [] },
);

it("finds in lines of others what reading all of them finds", async () => {
  const file = path.join(dir, "foreign.jsonl");
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 12 }), filter, async (lines, asked) => {
      fs.writeFileSync(file, `${lines.join("\n")}\n`);
      const reader = openReader({ paths: [file] });
      const { accepts } = compileFilter(asked, 0);
      const wanted = [...reader.events()].filter(accepts);
      expect([...reader.events(asked)]).toEqual(wanted);
      expect((await reader.count(asked)).events).toBe(wanted.length);
    }),
    { numRuns: Number(process.env["TRACEKEEP_FUZZ_RUNS"] ?? 200) },
  );
}, 600_000);
