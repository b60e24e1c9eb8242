// Whatever happens to the bytes of a log, reading it ends, and gives no event that was not in it. `npm run fuzz:read`
// (test/fuzz-read.ts) does so millions of times.

import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";
import * as zlib from "node:zlib";

import * as fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";

import { testEvents } from "../testing/events.ts";
import { compileGlob } from "./filter/glob.ts";
import { openReader } from "./reader.ts";

const RUNS = Number(process.env["TRACEKEEP_FUZZ_RUNS"] ?? 400);

let dir: string;
beforeAll(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
});
afterAll(() => fs.rmSync(dir, { recursive: true }));

const LINES = testEvents(12, (seq) =>
  seq === 0
    ? { format: 1 }
    : {
        message: `event ${seq} {"event":"FAKE","timestamp":"2026-01-06T22:00:00.000Z"} ö\u2028`,
        deep: { event: "INNER", list: [{ event: "INNER" }] },
      },
).map(({ line }, seq) => (seq === 0 ? line.replace("CHECKPOINT", "START") : line));
const BYTES = Buffer.from(LINES.join(""));
const KNOWN = new Set(LINES);

type Mutation = (bytes: Buffer) => Buffer;

const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  // Cut out, copy to another place, fill, and insert.
  fc.tuple(place, fc.nat(400)).map(([at, length]): Mutation => (bytes) => {
    const from = Math.floor(at * bytes.length);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + length)]);
  }),
  fc.tuple(place, place, fc.nat(600)).map(([at, to, length]): Mutation => (bytes) => {
    const [from, into] = [Math.floor(at * bytes.length), Math.floor(to * bytes.length)];
    return Buffer.concat([
      bytes.subarray(0, into),
      bytes.subarray(from, from + length),
      bytes.subarray(into),
    ]);
  }),
  fc
    .tuple(place, fc.nat(80), fc.constantFrom(0, 0xff, 0x0a, 0x7b, 0x22))
    .map(([at, length, byte]): Mutation => (bytes) => {
      const from = Math.floor(at * bytes.length);
      return Buffer.from(bytes).fill(byte, from, Math.min(from + length, bytes.length));
    }),
  fc
    .tuple(place, fc.constantFrom("\n", "}{", "\r\n", "\ufeff", "[", "]", ",", '"', "\\", "{"))
    .map(([at, text]): Mutation => (bytes) => {
      const from = Math.floor(at * bytes.length);
      return Buffer.concat([bytes.subarray(0, from), Buffer.from(text), bytes.subarray(from)]);
    }),
);

it.each(["plain", "compressed"])(
  "never makes up an event, however a log is damaged: %s",
  (kind) => {
    const file = path.join(dir, kind === "plain" ? "log.jsonl" : "log.jsonl.gz");
    const whole =
      kind === "plain"
        ? BYTES
        : Buffer.concat([zlib.gzipSync(BYTES.subarray(0, 1500)), zlib.gzipSync(BYTES.subarray(1500))]);
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
        const damaged = mutations.reduce<Buffer>((bytes, mutate) => mutate(bytes), whole);
        fs.writeFileSync(file, damaged);
        const found = openReader({ paths: [file] }).lines();
        for (const { event, text } of found) {
          // A byte inside a text may have changed; then it is another text, of the same event.
          expect(event.event).not.toBe("FAKE");
          expect(event.event).not.toBe("INNER");
          // (Bytes that are no UTF-8 come as U+FFFD, and are reported. One that was glued to another has a line of its own.)
          if (kind === "compressed" || text.includes("\ufffd") || damaged.includes(text.trimEnd())) continue;
          expect(KNOWN).toContain(text);
        }
        if (kind === "plain") {
          const untouched = damaged.toString("latin1").split("\n").slice(0, -1);
          const lines = new Set(untouched.map((line) => Buffer.from(`${line}\n`, "latin1").toString("utf8")));
          const surviving = LINES.filter((line) => lines.has(line));
          const texts = new Set([...openReader({ paths: [file] }).lines()].map(({ text }) => text.trim()));
          for (const line of surviving) expect(texts).toContain(line.trim());
        }
      }),
      { numRuns: RUNS },
    );
  },
  600_000,
);

it("is done with evil patterns in a moment", () => {
  const name = "a".repeat(3000);
  const parts = ["*a", "?*", "[a-z]*", "*?", "a*", "**", "[!b]*", "*[ab]", "*aa", "a?*"];
  const repeated = parts.flatMap((part) => [20, 300].map((count) => `${part.repeat(count)}b`));
  // prettier-ignore
  const odd = [
    "[".repeat(500), "[!a-", "*".repeat(5000) + "b", "[a-z]*".repeat(100) + "Z", "[a-".repeat(200), "?".repeat(3001),
    "a".repeat(2999) + "*b", "*" + "a".repeat(2000) + "b", "[]".repeat(300), "*a".repeat(1499) + "*b*",
  ];
  const patterns = [...repeated, ...odd];
  expect(patterns).toHaveLength(30);
  // Each takes steps in proportion to the name times the pattern: none of them doubles with every star.
  for (const pattern of patterns) expect(compileGlob(pattern)(name)).toBe(false);
});
