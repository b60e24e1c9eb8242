import { createHash } from "node:crypto";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { textIn } from "./json.ts";
import { readHead, readTranscript } from "./transcript.ts";
import type { Damage, TranscriptItem } from "./transcript.ts";

let folder: string;
let file: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  file = path.join(folder, "transcript.jsonl");
});
afterAll(() => rmSync(folder, { recursive: true }));

const ONE = '{"type":"user","uuid":"1","text":"a \\"{\\" in a text"}';
const TWO = '{"type":"assistant","uuid":"2","message":{"usage":{"input_tokens":4}}}';

/** What reading these bytes gives: records as their uuid, the rest by name and place. */
function read(content: string | Buffer, from = 0): (string | [string, number, number])[] {
  writeFileSync(file, content);
  return [...readTranscript(file, from)].map(short);
}

function short(item: TranscriptItem): string | [string, number, number] {
  return item.kind === "record" ? (textIn(item.record, "uuid") ?? "?") : [item.kind, item.from, item.to];
}

function damageIn(content: string | Buffer): Damage[] {
  writeFileSync(file, content);
  return [...readTranscript(file)].filter((item) => item.kind === "damage");
}

describe("a transcript", () => {
  it("gives each record with its place", () => {
    writeFileSync(file, `${ONE}\n${TWO}\n`);
    const places = [...readTranscript(file)].map(
      (item) => item.kind === "record" && [item.offset, item.line],
    );
    expect(places).toEqual([
      [0, 1],
      [ONE.length + 1, 2],
    ]);
  });

  it("puts up with a byte order mark, CRLF and blank lines", () => {
    expect(read(`\ufeff${ONE}\r\n\r\n  \n${TWO}\r\n`)).toEqual(["1", "2"]);
  });

  it("takes a whole last line without a newline, and leaves an unfinished one for the next time", () => {
    expect(read(`${ONE}\n${TWO}`)).toEqual(["1", "2"]);
    const cut = TWO.slice(0, 40);
    expect(read(`${ONE}\n${cut}`)).toEqual([
      "1",
      ["unfinished", ONE.length + 1, ONE.length + 1 + cut.length],
    ]);
  });

  it("finds every record that was glued to the one before", () => {
    expect(read(`${ONE}${TWO}${ONE} ${TWO}\n${ONE}\n`)).toEqual(["1", "2", "1", "2", "1"]);
    writeFileSync(file, `${ONE}${TWO}\n`);
    expect([...readTranscript(file)].map((item) => item.kind === "record" && item.offset)).toEqual([
      0,
      ONE.length,
    ]);
  });

  it("finds the record that follows one cut off in a string, in a number, or between its parts", () => {
    for (const cut of [10, 40, TWO.length - 4, TWO.length - 1]) {
      const torn = TWO.slice(0, cut);
      const whole = ONE.replace('"uuid"', '"timestamp":"2026-01-01T00:00:00Z","uuid"');
      expect(read(`${torn}${whole}\n${TWO}\n`)).toEqual([["damage", 0, cut], "1", "2"]);
    }
  });

  it("finds a record written into the middle of another, and reports both ends of that", () => {
    const whole = '{"type":"user","uuid":"x","timestamp":"2026-01-01T00:00:00Z"}';
    const content = `${TWO.slice(0, 50)}${whole}${TWO.slice(50)}\n`;
    const end = 50 + whole.length;
    expect(read(content)).toEqual([["damage", 0, 50], "x", ["damage", end, content.length - 1]]);
  });

  it("does not take the parts of a torn record for records", () => {
    const torn =
      '{"type":"assistant","message":{"content":[{"type":"text","text":"hi"}],"usage":{"input_tokens":4},';
    expect(read(`${torn}\n`)).toEqual([["damage", 0, torn.length]]);
  });

  it("reports NUL bytes without keeping them, and goes on behind them", () => {
    const content = Buffer.concat([Buffer.from(`${ONE}\n`), Buffer.alloc(5000), Buffer.from(`${TWO}\n`)]);
    const timed = Buffer.from(content.toString().replace('"uuid":"2"', '"timestamp":"x","uuid":"2"'));
    expect(read(timed)).toEqual(["1", ["damage", ONE.length + 1, ONE.length + 5001], "2"]);
    expect(damageIn(timed)[0]).toMatchObject({ reason: "NUL bytes", fragment: "" });
  });

  it("says that JSON which is no object is none", () => {
    expect(damageIn('"massive error"\n[1]\n42\n').map(({ reason }) => reason)).toEqual(
      Array.from({ length: 3 }, () => "JSON, but not an object"),
    );
  });

  it("uses a record with invalid UTF-8, and keeps the bytes that were replaced", () => {
    const bytes = Buffer.concat([Buffer.from('{"uuid":"ä'), Buffer.from([0xff, 0xfe]), Buffer.from('!"}\n')]);
    expect(read(bytes)).toEqual(["ä\ufffd\ufffd!", ["damage", 11, 13]]);
    const [damage] = damageIn(bytes);
    expect(damage).toMatchObject({ encoding: "latin1" });
    expect(Buffer.from(damage?.fragment ?? "", "latin1")).toEqual(Buffer.from([0xff, 0xfe]));
  });

  it("keeps the beginning of what it cannot read, and the hash of all of it", () => {
    const garbage = "no json here ".repeat(10_000);
    const [damage] = damageIn(`${garbage}\n`);
    expect(damage?.sha256).toBe(createHash("sha256").update(garbage.trimEnd()).digest("hex"));
    expect(damage?.fragment).toBe(garbage.slice(0, 64 * 1024));
  });

  it("passes over a line longer than 64 MiB, with its hash, and reads what follows", () => {
    const mebibyte = Buffer.alloc(1024 * 1024, "x");
    writeFileSync(file, "");
    for (let count = 0; count < 65; count++) appendFileSync(file, mebibyte);
    expect([...readTranscript(file)].map(short)).toEqual([["unfinished", 0, 65 * mebibyte.length]]);
    appendFileSync(file, `\n${TWO}\n`);
    const [damage, record] = readTranscript(file);
    expect(damage).toMatchObject({ kind: "damage", to: 65 * mebibyte.length, reason: "longer than 64 MiB" });
    const hash = createHash("sha256");
    for (let count = 0; count < 65; count++) hash.update(mebibyte);
    expect(damage).toHaveProperty("sha256", hash.digest("hex"));
    expect(record).toMatchObject({ kind: "record", line: 2 });
  });

  it("reads a hostile line of openings in bounded time", () => {
    const openings = '{"a":'.repeat(200_000);
    expect(read(`${openings}\n${TWO}\n`)).toEqual([["damage", 0, openings.length], "2"]);
  });

  it("has a head of bounded size", () => {
    writeFileSync(file, `${ONE}\n`.repeat(1000));
    expect(readHead(file, 10 * (ONE.length + 1))).toHaveLength(11);
    expect(readHead(file, Infinity, 7)).toHaveLength(7);
  });
});

describe("any bytes", () => {
  const record = fc
    .record({
      type: fc.string(),
      uuid: fc.string(),
      timestamp: fc.constant("t"),
      more: fc.jsonValue({ maxDepth: 2 }),
    })
    .map((value) => Buffer.from(JSON.stringify(value)));
  const scrap = fc.oneof(
    fc
      .constantFrom("\n", "\n", "\r\n", " ", "\ufeff", '{"', "}", '"', "[1]", "\0\0")
      .map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes)),
    fc.tuple(record, fc.nat()).map(([bytes, cut]) => bytes.subarray(0, cut % (bytes.length + 1))),
    record,
    record,
  );
  const content = fc.array(scrap, { maxLength: 12 }).map((scraps) => Buffer.concat(scraps));

  it("are each in exactly one item, unless they are blank", () => {
    fc.assert(
      fc.property(content, (bytes) => {
        writeFileSync(file, bytes);
        let at = 0;
        for (const item of readTranscript(file)) {
          const from = item.kind === "record" ? item.offset : item.from;
          // Bytes that are no UTF-8 are part of a record and reported besides.
          if (item.kind === "damage" && item.reason.startsWith("not valid UTF-8")) continue;
          expect(bytes.toString("utf8", at, from)).toMatch(/^[\s\ufeff]*$/);
          at = item.kind === "record" ? from + item.bytes.length : item.to;
        }
        expect(bytes.toString("utf8", at)).toMatch(/^[\s\ufeff]*$/);
      }),
      { numRuns: 500 },
    );
  });

  it("give the same records and damage in two goes as in one, wherever the file ended at first", () => {
    fc.assert(
      fc.property(content, fc.nat(), (bytes, at) => {
        const whole = read(bytes);
        const before = read(bytes.subarray(0, at % (bytes.length + 1)));
        const settled = before.filter((item) => item[0] !== "unfinished");
        expect(whole.slice(0, settled.length)).toEqual(settled);
      }),
      { numRuns: 1000 },
    );
  });
});
