import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { eventsIn, importedIn } from "../../test/store-contents.ts";
import type { JsonObject } from "../event/index.ts";
import { openReader } from "../read/index.ts";
import { openStore } from "../record/index.ts";
import { nodeDisk } from "../store/disk/disk.ts";
import { Ledger } from "../store/ledger/ledger.ts";
import { eraseLine, findErasable } from "../store/lifecycle/erase.ts";
import type { ImportReport } from "./report.ts";
import { importSessions } from "./run.ts";
import type { ImportOptions } from "./run.ts";

let folder: string;
/** Transcripts. */
let projects: string;
let dir: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  projects = path.join(folder, "projects", "-work");
  dir = path.join(folder, "store");
  fs.mkdirSync(projects, { recursive: true });
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

async function run(options: ImportOptions = {}, into = dir): Promise<ImportReport> {
  const store = openStore({ dir: into, handleSignals: false });
  try {
    return await importSessions(store, { paths: [projects], ...options });
  } finally {
    store.close();
  }
}

function write(name: string, ...lines: (JsonObject | string)[]): string {
  const file = path.join(projects, name);
  fs.writeFileSync(file, lines.map(textOf).join(""));
  return file;
}

function textOf(line: JsonObject | string): string {
  return typeof line === "string" ? line : `${JSON.stringify(line)}\n`;
}

/** A record at a second of a certain day. */
function record(second: number, more: JsonObject): JsonObject {
  const timestamp = new Date(Date.UTC(2026, 0, 6) + second * 1000).toISOString();
  return { type: "user", sessionId: "s1", uuid: `u${second}`, timestamp, ...more };
}

function said(second: number, text: string, more: JsonObject = {}): JsonObject {
  return record(second, { message: { role: "user", content: text }, ...more });
}

/** A turn of the model: two events, one of them the call. */
function called(second: number, more: JsonObject = {}): JsonObject {
  const message = {
    id: `msg_${second}`,
    model: "claude-opus-4-5-20251101",
    content: [{ type: "tool_use", id: `toolu_${second}`, name: "Bash", input: { command: "ls" } }],
    usage: { input_tokens: 10, output_tokens: 2 },
  };
  return record(second, { type: "assistant", requestId: `req_${second}`, message, ...more });
}

const NO_ID = { type: "permission-mode", permissionMode: "plan", sessionId: "s1" };

function typesOf(session: string): string[] {
  return (eventsIn(dir).get(session) ?? []).map(({ event }) => event);
}

/** What a resumed session's transcript holds: the original's records under its own id, and new ones. */
function resumed(): JsonObject[] {
  const other = { sessionId: "s2" };
  return [said(1, "hi", other), called(2, other), called(9, other)];
}

/** Type and `copy_of` of a session's events, without START. */
function marks(session: string): unknown[] {
  return (eventsIn(dir).get(session) ?? []).map(({ event, copy_of: copyOf }) => [event, copyOf]).slice(1);
}

describe("importing", () => {
  it("makes a session that says where it came from, and does not invent an end", async () => {
    const file = write("s1.jsonl", said(1, "hi", { cwd: "/work" }), called(2));
    expect(await run()).toEqual({
      files: 1,
      sessions: 1,
      events_added: 3,
      events_known: 0,
      skipped: [],
      sessions_deleted: [],
      unfinished: [],
    });
    const [start, first, second, third] = eventsIn(dir).get("s1") ?? [];
    expect(start).toMatchObject({
      event: "START",
      origin: "claude-code",
      project: "/work",
      timestamp: "2026-01-06T00:00:01.000Z",
      imported_at: expect.any(String),
      agent_id: "claude-code",
    });
    expect(first?.source).toEqual({ file, offset: 0, line: 1, id: "u1" });
    expect(second?.source).toMatchObject({ line: 2, id: "u2", part: 0 });
    // Only the last event of a record has no part: what stands last in a log says whether its record is complete.
    expect(third?.source).not.toHaveProperty("part");
    expect(typesOf("s1")).not.toContain("END");
  });

  it("twice adds nothing, not even a line about it", async () => {
    write("s1.jsonl", said(1, "hi"), called(2), "no json\n", NO_ID);
    const once = await run();
    const before = eventsIn(dir);
    expect(await run()).toEqual({ ...once, events_added: 0, events_known: once.events_added });
    expect(eventsIn(dir)).toEqual(before);
  });

  it("adds what a file grew by", async () => {
    const file = write("s1.jsonl", said(1, "hi"));
    await run();
    fs.appendFileSync(file, textOf(called(2)) + textOf(said(3, "bye")));
    expect(await run()).toMatchObject({ events_added: 3, events_known: 1 });
    expect(typesOf("s1")).toEqual([
      "START",
      "USER_MESSAGE",
      "RESUMED",
      "MODEL_RESPONSE",
      "TOOL_CALL",
      "USER_MESSAGE",
    ]);
  });

  it("adds a record glued to the last one, which was complete without a newline", async () => {
    const file = write("s1.jsonl", JSON.stringify(said(1, "hi")));
    expect(await run()).toMatchObject({ events_added: 1, unfinished: [] });
    fs.appendFileSync(file, textOf(said(2, "glued")));
    expect(await run()).toMatchObject({ events_added: 1, skipped: [] });
    expect(await run()).toMatchObject({ events_added: 0, events_known: 2 });
  });

  it("leaves an unfinished last line alone until it is finished", async () => {
    const whole = textOf(said(2, "slowly"));
    const file = write("s1.jsonl", said(1, "hi"), whole.slice(0, 30));
    const from = textOf(said(1, "hi")).length;
    for (const _ of [1, 2])
      expect(await run()).toMatchObject({ unfinished: [{ file, from, to: from + 30 }], skipped: [] });
    fs.appendFileSync(file, whole.slice(30));
    expect(await run()).toMatchObject({ events_added: 1, unfinished: [] });
  });

  it("goes on inside a record when it was interrupted there", async () => {
    write("s1.jsonl", said(1, "hi"), called(2));
    await run();
    const [name = ""] = fs.readdirSync(dir).filter((entry) => /^session_.*\.jsonl$/.test(entry));
    const log = path.join(dir, name);
    const lines = fs.readFileSync(log, "utf8").split("\n");
    // As a killed import leaves it: the record's second event is torn.
    fs.writeFileSync(log, [...lines.slice(0, 3), lines[3]?.slice(0, 50)].join("\n"));
    expect(await run()).toMatchObject({ events_added: 1, events_known: 2 });
    expect(typesOf("s1")).toEqual([
      "START",
      "USER_MESSAGE",
      "MODEL_RESPONSE",
      "RECOVERED",
      "RESUMED",
      "TOOL_CALL",
    ]);
  });

  it("keeps what it cannot read as a GAP of the session around it, and reports it on every run", async () => {
    const file = write("s1.jsonl", "\0\0\0\n", said(1, "hi"), "{torn\n", said(2, "ho"));
    for (const _ of [1, 2]) {
      expect((await run()).skipped).toMatchObject([
        { file, from: 0, to: 3, reason: "NUL bytes" },
        { file, from: 4 + textOf(said(1, "hi")).length, reason: "not JSON: cut off or overwritten" },
      ]);
    }
    const gaps = (eventsIn(dir).get("s1") ?? []).filter(({ event }) => event === "GAP");
    expect(gaps).toMatchObject([
      {
        severity: "WARN",
        count: 1,
        bytes: 3,
        fragment: "",
        source: { file, offset: 0 },
        time_inferred: true,
      },
      { severity: "WARN", count: 1, bytes: 5, fragment: "{torn", fragment_encoding: "utf-8" },
    ]);
  });

  it("gives records without a time that of the record before, and says so", async () => {
    write("s1.jsonl", NO_ID, said(5, "hi"), NO_ID);
    await run();
    const times = (eventsIn(dir).get("s1") ?? [])
      .slice(1)
      .map((event) => [event.timestamp, event.time_inferred]);
    const time = "2026-01-06T00:00:05.000Z";
    expect(times).toEqual([
      [time, true],
      [time, undefined],
      [time, true],
    ]);
  });

  it("keeps several sessions of one file apart, and their order across an interruption", async () => {
    write(
      "mixed.jsonl",
      said(1, "a"),
      said(2, "b", { sessionId: "s2" }),
      said(3, "c"),
      said(4, "d", { sessionId: "s2" }),
    );
    expect(await run()).toMatchObject({ sessions: 2, events_added: 4 });
    expect(typesOf("s2")).toHaveLength(3);
    expect(await run()).toMatchObject({ sessions: 2, events_added: 0, events_known: 4 });
  });

  it("survives a file of more sessions than can be open at once", async () => {
    const records = Array.from({ length: 200 }, (_, index) =>
      said(index, "hi", { sessionId: `s${index % 100}` }),
    );
    write("many.jsonl", ...records);
    expect(await run()).toMatchObject({ sessions: 100, events_added: 200 });
    expect(await run()).toMatchObject({ events_added: 0, events_known: 200 });
  }, 30_000);
});

describe("a session whose log has several files", () => {
  it("is gone on with where the last import stopped, and nothing of it is counted twice", async () => {
    const into = async (): Promise<ImportReport> => {
      const store = openStore({ dir, handleSignals: false, segmentBytes: 4_096 });
      return importSessions(store, { paths: [projects] }).finally(() => store.close());
    };
    const records = Array.from({ length: 60 }, (_, index) => said(index, "hi ".repeat(50)));
    write("s1.jsonl", ...records.slice(0, 40));
    expect(await into()).toMatchObject({ events_added: 40, events_known: 0 });
    expect(await into()).toMatchObject({ events_added: 0, events_known: 40 });
    write("s1.jsonl", ...records);
    expect(await into()).toMatchObject({ events_added: 20, events_known: 40 });
    expect(fs.readdirSync(dir).filter((name) => /\.\d{4}\.jsonl$/.test(name)).length).toBeGreaterThan(3);
  });
});

describe("a second file of the same session", () => {
  it("adds nothing when it is the first one moved, also where records have no id of their own", async () => {
    const file = write("s1.jsonl", NO_ID, said(1, "hi"), NO_ID, NO_ID, "torn\n", called(2));
    const once = await run();
    const before = importedIn(dir);
    fs.renameSync(file, path.join(projects, "renamed.jsonl"));
    expect(await run()).toMatchObject({ events_added: 0, events_known: once.events_added });
    expect(importedIn(dir)).toEqual(before);
  });

  it("adds only what is new when it is a copy that went on", async () => {
    write("s1.jsonl", NO_ID, said(1, "hi"), called(2));
    await run();
    write("copy.jsonl", NO_ID, said(1, "hi"), called(2), said(3, "more"), NO_ID);
    expect(await run()).toMatchObject({ files: 2, sessions: 1, events_added: 2 });
    expect(await run()).toMatchObject({ events_added: 0 });
  });

  it("adds what is new in a file that was cut back and written anew", async () => {
    const file = write("s1.jsonl", said(1, "hi"), said(2, "a road not taken, for a while"));
    await run();
    fs.writeFileSync(
      file,
      [said(1, "hi"), said(3, "this way"), said(4, "and on, and on")].map(textOf).join(""),
    );
    expect(await run()).toMatchObject({ events_added: 2, events_known: 1 });
    expect(await run()).toMatchObject({ events_added: 0 });
  });

  it("adds what is new where only the last record was written anew, as long as the one before", async () => {
    const file = write("s1.jsonl", said(1, "hi"), said(2, "this"));
    await run();
    fs.writeFileSync(file, [said(1, "hi"), said(3, "that")].map(textOf).join(""));
    expect(await run()).toMatchObject({ events_added: 1, events_known: 1 });
  });
});

describe("a call that another session has", () => {
  it("is kept and marked as a copy of that session's", async () => {
    // Names that would be taken in the wrong order: the original is the one that was written to first.
    const copy = write("a.jsonl", ...resumed());
    const original = write("b.jsonl", said(1, "hi"), called(2));
    fs.utimesSync(original, 1000, 1000);
    fs.utimesSync(copy, 2000, 2000);
    await run();
    expect(marks("s1")).toEqual([
      ["USER_MESSAGE", undefined],
      ["MODEL_RESPONSE", undefined],
      ["TOOL_CALL", undefined],
    ]);
    expect(marks("s2")).toEqual([
      ["USER_MESSAGE", undefined],
      ["MODEL_RESPONSE", "s1"],
      ["TOOL_CALL", "s1"],
      ["MODEL_RESPONSE", undefined],
      ["TOOL_CALL", undefined],
    ]);
  });

  it("is found in what earlier runs imported", async () => {
    write("b.jsonl", said(1, "hi"), called(2));
    await run();
    write("a.jsonl", ...resumed());
    await run();
    // A copy is never taken for the original, in whatever order the store's logs are read.
    for (const id of ["s0", "s3"]) write(`${id}.jsonl`, called(2, { sessionId: id }));
    await run();
    for (const id of ["s0", "s2", "s3"]) {
      const copies = (eventsIn(dir).get(id) ?? []).filter(({ copy_of: copyOf }) => copyOf === "s1");
      expect(copies.map(({ call_id: callId }) => callId)).toEqual(["msg_2", "toolu_2"]);
    }
  });
});

describe("what was taken out of the store", () => {
  afterEach(() => vi.useRealTimers());

  it("does not come back when its transcript is imported again, unless that is asked for", async () => {
    // Retention looks twice at a clock that has passed long after the newest event.
    vi.useFakeTimers({ toFake: ["Date"], now: Date.UTC(2026, 0, 6, 1) });
    write("s1.jsonl", said(1, "one"));
    write("s2.jsonl", said(2, "two", { sessionId: "s2" }));
    await run();
    const store = openStore({ dir, handleSignals: false, keepSchedule: false });
    await store.updateSettings({ retention: { archive_retention_days: 0 }, legal_hold: ["s2"] });
    const { steps } = await store.retain();
    store.close();
    expect(steps).toMatchObject([{ action: "delete", error: null }]);
    write("s1.jsonl", said(1, "one"), said(3, "more"));
    expect(await run()).toMatchObject({
      events_added: 0,
      events_known: 1,
      sessions_deleted: ["s1"],
      skipped: [],
    });
    expect(
      openReader({ dir })
        .sessions()
        .toArray()
        .map(({ session_id: id }) => id),
    ).toEqual(["s2"]);
    expect(await run({ again: true })).toMatchObject({ events_added: 2, sessions_deleted: [] });
    expect(await run()).toMatchObject({ events_added: 0, events_known: 3, sessions_deleted: [] });
  });

  it("does not come back as the line that was erased, also when the transcript has moved", async () => {
    const file = write("s1.jsonl", said(1, "keep"), said(2, "secret plan"));
    const store = openStore({ dir, handleSignals: false });
    await importSessions(store, { paths: [projects] });
    store.openSession("s1").end();
    store.close();
    const erasable = findErasable(dir, "s1", 2);
    const ledger = new Ledger(dir, (error) => expect.unreachable(error.message));
    await eraseLine(nodeDisk, ledger, erasable, "request");
    ledger.close();
    const read = (): string =>
      openReader({ dir })
        .lines()
        .toArray()
        .map(({ text }) => text)
        .join("");
    expect(read()).not.toContain("secret plan");
    expect(await run()).toMatchObject({ events_added: 0 });
    fs.renameSync(file, path.join(projects, "moved.jsonl"));
    expect(await run()).toMatchObject({ events_added: 0 });
    expect(read()).not.toContain("secret plan");
    expect(await run({ again: true })).toMatchObject({ events_added: 1 });
  });
});

describe("what stands in the way", () => {
  it("of one session stops its file only", async () => {
    write("s1.jsonl", said(1, "hi"));
    write("s2.jsonl", said(2, "ho", { sessionId: "s2" }), said(3, "ho", { sessionId: "x".repeat(2000) }));
    const store = openStore({ dir, handleSignals: false });
    const live = store.startSession({ id: "s1", origin: "claude-code" });
    const report = await run();
    expect(report.skipped.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('another writer has the session "s1"'),
      expect.stringContaining("at most 1024 bytes"),
    ]);
    expect(typesOf("s2")).toEqual(["START", "USER_MESSAGE"]);
    live.close();
    expect(await run()).toMatchObject({ events_added: 1, skipped: [{}] });
  });

  it("is another import at the same time: neither doubles what the other adds", async () => {
    const text = "x".repeat(2000);
    const known = Array.from({ length: 3000 }, (_, index) => said(index, text));
    const file = write("s1.jsonl", ...known);
    await run();
    fs.appendFileSync(file, textOf(called(5000)));
    const reports = await Promise.all([run(), run()]);
    expect(reports.flatMap(({ skipped }) => skipped)).toMatchObject([
      { reason: "another import has just added to the session s1" },
    ]);
    expect(await run()).toMatchObject({ events_added: 0, events_known: 3002, skipped: [] });
  });

  it("is said when a session was recorded live", async () => {
    write("s1.jsonl", said(1, "hi"));
    const store = openStore({ dir, handleSignals: false });
    store.startSession({ id: "s1" }).close();
    expect((await run()).skipped).toMatchObject([
      { reason: 'the session s1 is in the store already, from "recorded"' },
    ]);
    expect(typesOf("s1")).toEqual(["START"]);
  });

  it("is said of a file that was named and is no transcript; in folders such files are passed over", async () => {
    const other = write("notes.jsonl", { note: 1 });
    const empty = write("empty.jsonl");
    const link = path.join(projects, "link.jsonl");
    fs.symlinkSync(other, link);
    expect(await run()).toMatchObject({ files: 0, skipped: [] });
    expect((await run({ paths: [other, empty, link] })).skipped).toMatchObject([
      {
        file: other,
        reason:
          "not a transcript of claude-code, codex, decepticon, vivarium, aicore, agentlogsafe or sentinel",
      },
      { file: empty, reason: "empty" },
      { file: link, reason: "a symbolic link, and those are never followed" },
    ]);
    await expect(run({ paths: [path.join(folder, "nowhere")] })).rejects.toThrow("nowhere");
  });

  it("cannot be a damaged line of the store", async () => {
    const file = write("s1.jsonl", called(1), called(2));
    await run();
    const [name = ""] = fs.readdirSync(dir).filter((entry) => /^session_.*\.jsonl$/.test(entry));
    const log = path.join(dir, name);
    fs.writeFileSync(log, fs.readFileSync(log, "utf8").replace('"metadata":{', '"metadata":['));
    fs.appendFileSync(file, textOf(called(3)));
    expect(await run()).toMatchObject({ events_added: 2, events_known: 4 });
  });
});

describe("an import", () => {
  it("takes the tools' own folders when it is given none", async () => {
    fs.renameSync(path.join(folder, "projects"), path.join(folder, "projects-"));
    fs.mkdirSync(path.join(folder, ".claude"));
    fs.renameSync(path.join(folder, "projects-"), path.join(folder, ".claude", "projects"));
    projects = path.join(folder, ".claude", "projects", "-work");
    write("s1.jsonl", said(1, "hi"));
    expect(await run({ paths: undefined, env: {}, home: folder })).toMatchObject({
      files: 1,
      events_added: 1,
    });
  });

  it("tells how far it is, stops when asked to, and goes on from there", async () => {
    const lines = Array.from({ length: 3000 }, (_, index) => said(index, "x".repeat(2000)));
    write("s1.jsonl", ...lines);
    const stop = new AbortController();
    const done: number[] = [];
    const onProgress = ({ bytesDone }: { bytesDone: number }): void => {
      done.push(bytesDone);
      stop.abort(new Error("enough"));
    };
    await expect(run({ signal: stop.signal, onProgress })).rejects.toThrow("enough");
    expect(done).toHaveLength(1);
    const before = typesOf("s1").length - 1;
    expect(before).toBeGreaterThan(100);
    expect(await run()).toMatchObject({ events_added: 3000 - before, events_known: before });
  });

  it("of any part of a file and then the whole is the same as of the whole at once", async () => {
    const lines = [
      textOf(NO_ID),
      textOf(said(1, "ä hi")),
      textOf(called(2)),
      "torn\0\0\n",
      JSON.stringify(said(3, "glued")),
      textOf(called(4)),
      '{"type":"user","mess',
      textOf(said(5, "x", { sessionId: "s2" })),
      textOf(NO_ID),
      textOf(NO_ID),
      textOf(called(4, { uuid: "again" })),
      "42\n",
      JSON.stringify(said(6, "end")),
    ];
    const bytes = Buffer.from(lines.join(""));
    const file = path.join(projects, "s1.jsonl");
    fs.writeFileSync(file, bytes);
    await run();
    const whole = importedIn(dir);
    let round = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: bytes.length }), { minLength: 1, maxLength: 3 }),
        async (cuts) => {
          const into = path.join(folder, `store-${round++}`);
          for (const cut of cuts.toSorted((left, right) => left - right)) {
            fs.writeFileSync(file, bytes.subarray(0, cut));
            await run({}, into);
          }
          fs.writeFileSync(file, bytes);
          await run({}, into);
          expect(importedIn(into)).toEqual(whole);
        },
      ),
      { numRuns: 60 },
    );
  }, 30_000);
});
