import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, expect, it } from "vitest";

import { TracekeepError } from "../../base/errors.ts";
import type { JsonObject } from "../../event/index.ts";
import { encodeIdentity, encodeLine } from "../../format/index.ts";
import { SessionCatalog } from "./catalog.ts";

let dir: string;

beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
});
afterEach(() => fs.rmSync(dir, { recursive: true }));

function line(event: string, sessionId: string, seq: number, body: JsonObject = {}): string {
  const parts = {
    event,
    timestamp: `2026-01-06T22:00:${String(seq).padStart(2, "0")}.000Z`,
    severity: "INFO",
    seq,
    id: "019b9f2e-6f10-7c3a-9a52-0c6d2f9e8b41",
    body,
    salt: "q83vEjRWeJCrze8S",
  } as const;
  return encodeLine(parts, encodeIdentity(sessionId, `agent of ${sessionId}`));
}

const start = (sessionId: string, more: JsonObject = {}): string =>
  line("START", sessionId, 0, { format: 1, recorder: "test", origin: "recorded", ...more });
const segment = (sessionId: string, seq: number): string =>
  line("SEGMENT", sessionId, seq, { format: 1, segment: 1, first_seq: seq });

function write(name: string, text: string | Buffer): string {
  const file = path.join(dir, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
  return file;
}

const namesOf = (catalog: SessionCatalog): string[] => catalog.logs.map(({ name }) => name).sort();

it("tells whose log a file is by its first line, whatever the file is called", () => {
  write("session_20260106_c614.jsonl", start("one", { parent_session_id: "root", origin: "codex" }));
  write("anything.jsonl", segment("two", 7) + line("ERROR", "two", 8));
  write("archive/two.jsonl", start("two"));
  const logs = new SessionCatalog(dir)
    .refresh()
    .logs.toSorted((left, right) => (left.path < right.path ? -1 : 1));
  expect(logs).toEqual([
    {
      path: path.join(dir, "anything.jsonl"),
      name: "anything.jsonl",
      archived: false,
      sessionId: "two",
      agentId: "agent of two",
      firstSeq: 7,
      startedAt: "2026-01-06T22:00:07.000Z",
      format: 1,
    },
    {
      path: path.join(dir, "archive/two.jsonl"),
      name: "two.jsonl",
      archived: true,
      sessionId: "two",
      agentId: "agent of two",
      firstSeq: 0,
      startedAt: "2026-01-06T22:00:00.000Z",
      format: 1,
      origin: "recorded",
    },
    {
      path: path.join(dir, "session_20260106_c614.jsonl"),
      name: "session_20260106_c614.jsonl",
      archived: false,
      sessionId: "one",
      agentId: "agent of one",
      firstSeq: 0,
      startedAt: "2026-01-06T22:00:00.000Z",
      format: 1,
      origin: "codex",
      parentSessionId: "root",
    },
  ]);
});

it("says of every file that is no log why, and throws for none of them", () => {
  write("good.jsonl", start("good"));
  const empty = write("empty.jsonl", "");
  const noise = write("noise.jsonl", Buffer.from([0xff, 0xfe, 0x0a, 0x00, 0x0a]));
  const foreign = write("foreign.jsonl", line("TOOL_CALL", "foreign", 0));
  const compressed = write("archive/old.0001.jsonl.gz", "compressed");
  fs.mkdirSync(path.join(dir, "folder.jsonl"));
  fs.symlinkSync(path.join(dir, "good.jsonl"), path.join(dir, "link.jsonl"));
  const catalog = new SessionCatalog(dir).refresh();
  expect(namesOf(catalog)).toEqual(["good.jsonl"]);
  const reasons = new Map(catalog.skipped.map(({ file, reason }) => [file, reason]));
  expect(reasons.get(empty)).toContain("none of its first");
  expect(reasons.get(noise)).toContain("none of its first");
  expect(reasons.get(foreign)).toContain("begins with TOOL_CALL");
  expect(reasons.get(compressed)).toContain("none of its first");
  expect(reasons.get(path.join(dir, "folder.jsonl"))).toContain("EISDIR");
  expect(reasons.get(path.join(dir, "link.jsonl"))).toContain("symbolic link");
  expect(reasons.size).toBe(6);
  expect(catalog.skipped.find(({ file }) => file === noise)).toMatchObject({ from: 0, to: 5 });
});

it("looks at nothing but logs: not at settings, locks, fragments or files that are still being made", () => {
  for (const name of [
    ".tmp-1-x.jsonl",
    "store.lock",
    "a.jsonl.torn",
    "settings.json",
    ".gitignore",
    "a.seal",
  ]) {
    write(name, start("hidden"));
  }
  const catalog = new SessionCatalog(dir).refresh();
  expect([catalog.logs, catalog.skipped]).toEqual([[], []]);
});

it("does not lose a session whose first line is damaged", () => {
  write("damaged.jsonl", `{"event":"STA\n\n${line("TOOL_CALL", "mine", 1)}`);
  expect(new SessionCatalog(dir).refresh().logs).toMatchObject([
    { sessionId: "mine", firstSeq: 1, format: 0 },
  ]);
});

it("finds the file that a session goes on in, never an archived one", () => {
  write("archive/a.0001.jsonl", segment("a", 90));
  write("first.jsonl", start("a"));
  write("second.jsonl", segment("a", 40));
  const catalog = new SessionCatalog(dir).refresh();
  expect(catalog.find("a")?.name).toBe("second.jsonl");
  expect(catalog.find("b")).toBeUndefined();
});

it("notices files that came, went, or changed hands since it last looked", () => {
  const file = write("a.jsonl", start("a"));
  const catalog = new SessionCatalog(dir).refresh();
  write("b.jsonl", start("b"));
  expect(catalog.find("b")).toBeUndefined();
  expect(catalog.refresh().find("b")?.name).toBe("b.jsonl");
  fs.writeFileSync(file, start("other"));
  expect(catalog.find("a")).toBeUndefined();
  expect(catalog.find("other")?.name).toBe("a.jsonl");
  fs.unlinkSync(file);
  expect(catalog.find("other")).toBeUndefined();
  expect(namesOf(catalog.refresh())).toEqual(["b.jsonl"]);
});

it("reads a store without an archive, and refuses a folder that is not there", () => {
  expect(new SessionCatalog(dir).refresh().logs).toEqual([]);
  expect(() => new SessionCatalog(path.join(dir, "missing")).refresh()).toThrow(TracekeepError);
});

it("reads one of two files that hold the same part of a session: the one with more in it", () => {
  const before = write("a (copy).jsonl", start("a"));
  write("a.jsonl", start("a") + line("ERROR", "a", 1));
  write("archive/b.jsonl", start("b"));
  write("b.jsonl", start("b"));
  const catalog = new SessionCatalog(dir).refresh();
  expect(catalog.logs.map((log) => path.relative(dir, log.path)).sort()).toEqual(["a.jsonl", "b.jsonl"]);
  expect(catalog.skipped.map(({ file }) => path.relative(dir, file)).sort()).toEqual([
    "a (copy).jsonl",
    "archive/b.jsonl",
  ]);
  expect(catalog.skipped.find(({ file }) => file === before)).toMatchObject({
    from: 0,
    to: fs.statSync(before).size,
    reason: `it holds the same part of session a as ${path.join(dir, "a.jsonl")}`,
  });
});
