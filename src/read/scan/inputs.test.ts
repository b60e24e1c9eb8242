import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import * as zlib from "node:zlib";

import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { testEvents } from "../../testing/events.ts";
import type { EventFilter } from "../filter/filter.ts";
import type { ReadReport } from "../lines/report.ts";
import { openReader } from "../reader.ts";

let dir: string;
beforeAll(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
});
afterAll(() => fs.rmSync(dir, { recursive: true }));

function write(name: string, text: string | Buffer): string {
  const file = path.join(dir, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
  return file;
}

/** What reading a text as a file finds: the types of its events, and the bytes that are reported. */
function readText(
  text: string | Buffer,
  filter: EventFilter = {},
): { types: string[]; skipped: string[]; report: ReadReport } {
  const bytes = Buffer.from(text);
  const events = openReader({ paths: [write("any.jsonl", bytes)] }).events(filter);
  const types = [...events].map(({ event }) => event);
  const skipped = events.report.skipped.map(({ from, to }) => bytes.toString("latin1", from, to));
  return { types, skipped, report: events.report };
}

const LINES = testEvents(100).map(({ line }) => line);

describe("any JSON Lines", () => {
  it("are events whatever they lack: of no type, of no time, of their type's severity", () => {
    const text =
      '{"a":1}\n{"type":"ERROR","ts":1700000000}\n{"event":"X","agent_id":null,"timestamp":5e14}\n';
    const [first, second, third] = openReader({ paths: [write("odd.jsonl", text)] }).events();
    expect(first).toMatchObject({
      event: "(untyped)",
      timestamp: "",
      severity: "INFO",
      seq: 0,
      session_id: "odd",
      a: 1,
    });
    expect(second).toMatchObject({
      event: "ERROR",
      timestamp: "2023-11-14T22:13:20.000Z",
      severity: "ERROR",
      seq: 1,
    });
    expect(third).toMatchObject({ agent_id: "", timestamp: "" });
  });

  it.each([
    ["a time that is missing", '{"event":"A"}'],
    ["a time without an offset", '{"event":"A","timestamp":"2026-01-06T22:00:00"}'],
    ["a time that is no time", '{"event":"A","timestamp":"yesterday"}'],
    ["a time that is null", '{"event":"A","timestamp":null}'],
  ])("with %s match no time at all, and are counted", (_, line) => {
    const never = readText(`${line}\n`, { since: "9000d" });
    expect(never).toMatchObject({ types: [], skipped: [], report: { read: 1, timeless: 1 } });
    expect(readText(`${line}\n`, { until: "2100-01-01T00:00:00Z" }).types).toEqual([]);
    expect(readText(`${line}\n`, { severity: "INFO" }).types).toEqual(["A"]);
  });

  it.each([
    ["one object a line", '{"event":"A"}\n{"event":"B"}\n', []],
    ["no newline at the end", '{"event":"A"}\n{"event":"B"}', []],
    ["blank lines", '\n{"event":"A"}\n \t\n{"event":"B"}\n\n', []],
    ["CRLF", '{"event":"A"}\r\n{"event":"B"}\r\n', []],
    ["a byte order mark", '\ufeff{"event":"A"}\n{"event":"B"}\n', []],
    ["objects glued together", '{"event":"A"}{"event":"B"}\n', []],
    ["an array on one line", '[{"event":"A"},{"event":"B"}]\n', []],
    ["an array over lines", '[\n{"event":"A"},\n{"event":"B"}\n]\n', []],
    [
      "pretty-printed objects",
      JSON.stringify({ event: "A", x: { y: ["}"] } }, null, 2) + '\n{\n  "event": "B"\n}\n',
      [],
    ],
    ["a pretty-printed array", JSON.stringify([{ event: "A" }, { event: "B" }], null, 4), []],
    ["NUL bytes between", '{"event":"A"}\n\0\0\0\n{"event":"B"}\n', ["\0\0\0"]],
    ["NUL bytes before", '\0\0{"event":"A"}\n{"event":"B"}\n', ["\0\0"]],
    ["a line cut off", '{"event":"A"}\n{"event":"C","m\n{"event":"B"}\n', ['{"event":"C","m']],
    ["a cut line glued to the next", '{"event":"C","m{"event":"A"}\n{"event":"B"}\n', ['{"event":"C","m']],
    [
      "a record written into another",
      '{"event":"C","m"X{"event":"A"}:1}\n{"event":"B"}\n',
      ['{"event":"C","m"X', ":1}"],
    ],
    ["a cut end", '{"event":"A"}\n{"event":"B"}\n{"event":"C', ['{"event":"C']],
    ["a cut beginning", 'ent":"C"}\n{"event":"A"}\n{"event":"B"}\n', ['ent":"C"}']],
    ["what is no object", '{"event":"A"}\n42\n"text"\nnull\n{"event":"B"}\n', ["42", '"text"', "null"]],
    ["a program's other output", '{"event":"A"}\nServer started\n{"event":"B"}\n', ["Server started"]],
    ["single quotes", '{\'event\':\'C\'}\n{"event":"A"}\n{"event":"B"}\n', ["{'event':'C'}"]],
    ["a comma behind each", '{"event":"A"},\n{"event":"B"},\n', []],
    ["spaces around them", ' {"event":"A"} \n\t{"event":"B"}\t\n', []],
    ["a key that comes twice", '{"event":"C","event":"A"}\n{"event":"B"}\n', []],
    ["half of a surrogate pair", '{"event":"A","m":"\\ud800"}\n{"event":"B"}\n', []],
    [
      "what JSON has no number for",
      '{"event":"A"}\n{"event":"C","n":NaN}\n{"event":"B"}\n',
      ['{"event":"C","n":NaN}'],
    ],
    ["a comment", '// events\n{"event":"A"}\n{"event":"B"}\n', ["// events"]],
    ["keys without quotes", '{event:"C"}\n{"event":"A"}\n{"event":"B"}\n', ['{event:"C"}']],
    ["a log level in front", 'INFO {"event":"A"}\n{"event":"B"}\n', ["INFO"]],
    [
      "an open pretty-printed object",
      '{"event":"A"}\n{\n  "event": "C",\n{"event":"B"}\n',
      ['{\n  "event": "C",'],
    ],
  ])("are read with %s", (_, text, damage) => {
    const { types, skipped } = readText(text);
    expect(types.filter((type) => type !== "C")).toEqual(["A", "B"]);
    expect(skipped).toEqual(damage);
  });

  it("are read on both sides of a line of 100 MB, whose place is told", () => {
    const file = path.join(dir, "long.jsonl");
    const [first, last] = ['{"event":"A"}\n', '{"event":"B"}\n'];
    const fd = fs.openSync(file, "w");
    fs.writeSync(fd, `${first}{"event":"C","m":"`);
    const chunk = Buffer.alloc(10_000_000, "x");
    for (let count = 0; count < 10; count++) fs.writeSync(fd, chunk);
    fs.writeSync(fd, `"}\n${last}`);
    fs.closeSync(fd);
    const found = openReader({ paths: [file] }).events();
    expect([...found].map(({ event }) => event)).toEqual(["A", "B"]);
    const to = fs.statSync(file).size - last.length;
    expect(found.report.skipped).toMatchObject([{ file, from: first.length, to }]);
  });

  it("with bytes that are no UTF-8 are read with U+FFFD, and reported", () => {
    const { types, skipped } = readText(Buffer.from('{"event":"A","m":"\xff"}\n{"event":"B"}\n', "latin1"));
    expect(types).toEqual(["A", "B"]);
    expect(skipped).toEqual(['{"event":"A","m":"\xff"}\n']);
  });

  it("never give an event that is only a piece of a broken one", () => {
    const nested =
      '{"event":"OUTER","original_event":{"event":"INNER","timestamp":"2026-01-06T22:00:00.000Z"},"m\n';
    expect(readText(nested + '{"event":"A"}\n').types).toEqual(["A"]);
  });

  it("are filtered by session and agent as their events tell", () => {
    const file = write(
      "two.jsonl",
      '{"event":"A","session_id":"s-1","agent_id":"x"}\n{"event":"B","session_id":"s-2","agent_id":"y"}\n',
    );
    const reader = openReader({ paths: [file] });
    const typesOf = (filter: EventFilter): string[] => [...reader.events(filter)].map(({ event }) => event);
    expect(typesOf({ session: "s-1" })).toEqual(["A"]);
    expect(typesOf({ session: "y" })).toEqual(["B"]);
    expect(typesOf({ agent: "[x-z]" })).toEqual(["A", "B"]);
    expect([...reader.sessions()].map(({ session_id, events }) => [session_id, events])).toEqual([
      ["s-1", 1],
      ["s-2", 1],
    ]);
  });
});

describe("files and folders", () => {
  it("are read in order, compressed or not, and folders by name", async () => {
    write("logs/b.jsonl.gz", zlib.gzipSync('{"event":"B"}\n'));
    write("logs/a.jsonl", '{"event":"A"}\n');
    write("logs/deep/c.ndjson", '{"event":"C"}\n');
    write("logs/notes.txt", '{"event":"NO"}\n');
    const single = write("single.log.gz", zlib.gzipSync('{"event":"D"}\n'));
    fs.symlinkSync(single, path.join(dir, "link"));
    const reader = openReader({ cwd: dir, paths: ["logs", "link"] });
    expect([...reader.events()].map(({ event }) => event)).toEqual(["A", "B", "C", "D"]);
    expect([...reader.events({ last: 2 })].map(({ event }) => event)).toEqual(["C", "D"]);
    expect((await reader.count()).events).toBe(4);
  });

  it("give the latest events of all of them, whichever have a time", () => {
    write("late.jsonl", '{"event":"A","ts":10}\n{"event":"B","ts":20}\n');
    write("early.jsonl", '{"event":"C"}\n{"event":"D","ts":5}\n{"event":"E"}\n');
    const last = (count: number): string =>
      [...openReader({ cwd: dir, paths: ["late.jsonl", "early.jsonl"] }).events({ last: count })]
        .map(({ event }) => event)
        .join("");
    expect([1, 2, 3, 4, 5].map(last)).toEqual(["B", "AB", "ABE", "ABDE", "ABCDE"]);
  });

  it("cannot be subscribed to, and have no index, which is said", () => {
    const reader = openReader({ paths: [write("files.jsonl", '{"event":"A"}\n')] });
    for (const ask of [() => reader.subscribe(), () => reader.follow(), () => reader.blockIndexes()])
      expect(ask).toThrow("only a store can");
    expect([...reader.children()]).toEqual([]);
  });

  it("with a store in them give its logs, and not what an index has derived of them", async () => {
    write("project/.tracekeep/ledger.jsonl", "");
    write("project/.tracekeep/session_20260106_c614.jsonl", '{"event":"A"}\n');
    write("project/.tracekeep/index/sessions.jsonl", '{"tracekeep":"sessions"}\n');
    write("project/.tracekeep/index/journal.jsonl", "\u0001 sessions\n");
    write("project/index/journal.jsonl", '{"event":"B"}\n');
    for (const paths of [["project/.tracekeep", "project/index"], ["project"]]) {
      const events = openReader({ cwd: dir, paths }).events();
      expect([...events].map(({ event }) => event)).toEqual(["A", "B"]);
      expect(events.report.hasDamage).toBe(false);
    }
  });

  it("that are not there are an error", () => {
    expect(() => [...openReader({ cwd: dir, paths: ["nowhere"] }).events()]).toThrow(
      "there is no file or folder",
    );
  });

  it("that hold no log are named, in every kind of read", async () => {
    write("docs/notes.txt", "no log");
    write("a.jsonl", '{"event":"A"}\n');
    const reader = openReader({ cwd: dir, paths: ["docs", "a.jsonl"] });
    const named = [path.join(dir, "docs")];
    const events = reader.events();
    expect([...events]).toHaveLength(1);
    expect(events.report).toMatchObject({ emptyFolders: named, hasDamage: false });
    const sessions = reader.sessions();
    expect([...sessions]).toHaveLength(1);
    expect(sessions.report.emptyFolders).toEqual(named);
    const { events: count, report } = await reader.count();
    expect(count).toBe(1);
    expect(report.emptyFolders).toEqual(named);
  });

  it("tell how far they are read", async () => {
    const file = write("progress.jsonl", '{"event":"A"}\n'.repeat(40_000));
    const seen: number[] = [];
    const events = openReader({ paths: [file] }).events({
      event: "NONE",
      onProgress: ({ bytes, bytesTotal }) => seen.push(bytes / bytesTotal),
    });
    for await (const _ of events) expect.unreachable();
    expect(seen.length).toBe(5);
    expect(seen).toEqual(seen.toSorted((left, right) => left - right));
    expect(events.report.bytes).toBe(events.report.bytesTotal);
  });

  it("are read on from a cursor", () => {
    const file = write("cursor.jsonl", LINES.join(""));
    const reader = openReader({ paths: [file] });
    const after = { session_id: "cursor", seq: 97 };
    expect(() => [...reader.events({ after: { session_id: "other", seq: 1 } })]).toThrow("go on");
    expect([...reader.events({ after })].map(({ seq }) => seq).length).toBe(100);
  });
});

/** Every byte takes minutes. */
const IS_LONG_RUN = process.env["TRACEKEEP_FUZZ_RUNS"] !== undefined;

describe("a file cut at any byte", () => {
  const lines = LINES.map((line, index) =>
    index > 0 ? line : line.replace("CHECKPOINT", "START").replace('"message":"event 0"', '"format":1'),
  );
  const plain = Buffer.from(lines.join(""));

  function check(file: string, bytes: Buffer, readable: Buffer): void {
    fs.writeFileSync(file, bytes);
    const found = openReader({ paths: [file] }).lines();
    const texts = [...found].map(({ text }) => text);
    const complete = readable.toString("utf8").split("\n").length - 1;
    expect(texts.slice(0, complete)).toEqual(lines.slice(0, complete));
    // Without its first line nobody knows that it is a log; then an object that is whole is an event without its newline.
    expect(texts.length - complete).toBeLessThan(complete === 0 ? 2 : 1);
    const isWhole = bytes === readable && readable.at(-1) === 0x0a;
    expect(found.report.skippedCount > 0).toBe(bytes !== readable || (!isWhole && texts.length === complete));
  }

  it("gives exactly its whole events, and says what is cut", () => {
    const file = path.join(dir, "cut.jsonl");
    for (let length = 1; length < plain.length; length++) {
      // Every byte in the long run; else of some lines, and around the end of every line.
      const isNear = plain.subarray(length - 2, length + 2).includes(0x0a);
      if (!IS_LONG_RUN && !isNear && length >= 1000 && length % 97 !== 0) continue;
      const bytes = plain.subarray(0, length);
      check(file, bytes, bytes);
    }
  }, 300_000);

  it("gives the same when it is compressed", () => {
    const whole = zlib.gzipSync(plain, { level: 9 });
    const file = path.join(dir, "cut.jsonl.gz");
    for (let length = 1; length < whole.length; length++) {
      const bytes = whole.subarray(0, length);
      check(file, bytes, length > 18 ? inflate(bytes) : Buffer.alloc(0));
    }
  }, 300_000);
});

function inflate(bytes: Buffer): Buffer {
  return zlib.gunzipSync(bytes, { finishFlush: zlib.constants.Z_SYNC_FLUSH });
}

describe("a stream", () => {
  it("is read as a file with the same bytes is, however its chunks fall", async () => {
    const text = `\ufeff{"event":"Ä"}\n${LINES.join("")}{"event":"B"}{"event":"C"}\n{"event":"D"`;
    const expected = readText(text);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 3000 }), { maxLength: 40 }), async (sizes) => {
        const bytes = Buffer.from(text);
        const chunks: Buffer[] = [];
        let at = 0;
        for (const size of [...sizes, bytes.length]) chunks.push(bytes.subarray(at, (at += size)));
        const events = openReader({
          input: Readable.from(chunks.filter(({ length }) => length > 0)),
        }).events();
        const types: string[] = [];
        for await (const { event } of events) types.push(event);
        expect(types).toEqual(expected.types);
        expect(events.report.skippedCount).toBe(expected.skipped.length);
      }),
      { numRuns: 30 },
    );
  });

  it("gives its last events, and counts", async () => {
    const input = (): AsyncIterable<string> => Readable.from(LINES);
    const seqs: number[] = [];
    for await (const { seq } of openReader({ input: input() }).events({ last: 3 })) seqs.push(seq);
    expect(seqs).toEqual([97, 98, 99]);
    expect((await openReader({ input: input() }).count()).event_counts).toEqual({ CHECKPOINT: 100 });
  });

  it("can be aborted while it brings nothing", async () => {
    const controller = new AbortController();
    const input = new Readable({ read: () => undefined });
    const reading = openReader({ input }).count({ signal: controller.signal });
    setImmediate(() => controller.abort(new Error("enough")));
    await expect(reading).rejects.toThrow("enough");
  });

  it("that fails says why, and one that is compressed how to read it", async () => {
    const failing = Readable.from(
      (async function* () {
        yield '{"event":"A"}\n';
        throw new Error("connection lost");
      })(),
    );
    await expect(openReader({ input: failing }).count()).rejects.toThrow("connection lost");
    const { report } = await openReader({ input: Readable.from([zlib.gzipSync("{}\n")]) }).count();
    expect(report.skipped[0]?.reason).toContain("gzip -dc");
    expect(() => [...openReader({ input: Readable.from(["{}\n"]) }).events()]).toThrow("for await");
  });
});
