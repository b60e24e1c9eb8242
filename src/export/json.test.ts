import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { readSessionDocument, restoreDocument } from "../import/index.ts";
import { openReader } from "../read/index.ts";
import type { Reader } from "../read/index.ts";
import { openStore } from "../record/index.ts";
import type { Session, Store } from "../record/index.ts";
import { exportFile, exportFileName, exportFiles, json } from "./index.ts";

let folder: string;
let stores: Store[];
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  stores = [];
});
afterEach(() => {
  for (const store of stores) store.close();
  fs.rmSync(folder, { recursive: true });
});

function storeIn(name: string, options: { segmentBytes?: number } = {}): Store {
  const store = openStore({ dir: path.join(folder, name), handleSignals: false, ...options });
  stores.push(store);
  return store;
}

const readerOf = (store: Store): Reader => openReader({ dir: store.dir });
const linesOf = (store: Store, session: string): string[] =>
  [...readerOf(store).lines({ session })].map(({ text }) => text);

function recorded(store: Store, id: string, record: (session: Session) => void = () => undefined): string {
  const session = store.startSession({ id, agent: "builder" });
  record(session);
  session.end();
  return id;
}

const AWKWARD = [
  '"events":[',
  "]}",
  "\\",
  '"',
  "\u2028",
  "\u0000",
  "\ud800",
  "```",
  "{",
  "[",
  "},{",
  "é漢😀",
  "\r\n",
  "\u202e",
];
const text = fc.oneof(
  fc.string(),
  fc.constantFrom(...AWKWARD),
  fc.array(fc.constantFrom(...AWKWARD)).map((all) => all.join("")),
);

describe("the document of a session", () => {
  it("comes back as the very lines that went out, whatever was recorded", async () => {
    const here = storeIn("here");
    const there = storeIn("there");
    let count = 0;
    const draft = fc.record(
      {
        // A type is a key of END's event_counts. After an object with the key "\\", JSON.parse of Node 24.21 takes a key
        // that is one escaped character, such as "\n", for that one.
        event: text.filter((type) => type !== "\\"),
        message: text,
        result: fc.jsonValue(),
        call_id: text,
        "1": fc.jsonValue(),
      },
      { requiredKeys: ["event"] },
    );
    await fc.assert(
      fc.asyncProperty(text, fc.array(draft, { maxLength: 12 }), async (id, drafts) => {
        const session = `${++count}${id}`;
        const title = `events ${id}`;
        const recording = here.startSession({ id: session, agent: `a${id}`, title });
        for (const each of drafts) recording.log(each);
        recording.end();
        const { files } = await exportFiles(readerOf(here), json(), path.join(folder, "out"), {
          sessions: [session],
          empty: true,
        });
        const restored = restoreDocument(there, files[0] ?? "");
        expect(restored.events).toBe(drafts.length + 2);
        expect(linesOf(there, restored.sessionId)).toEqual(linesOf(here, restored.sessionId));
        expect(JSON.parse(fs.readFileSync(files[0] ?? "", "utf8"))).toMatchObject({ tracekeep_session: 1 });
      }),
      { numRuns: 60 },
    );
  });

  it("holds a log of several files as the one sequence that it is", async () => {
    const here = storeIn("here", { segmentBytes: 4096 });
    const id = recorded(here, "long", (session) => {
      for (let turn = 0; turn < 40; turn++) session.userMessage("x".repeat(400));
    });
    expect(readerOf(here).session(id).session.files.length).toBeGreaterThan(2);
    const file = path.join(folder, "long.json");
    await exportFile(readerOf(here), json(), file, { sessions: [id] });
    const there = storeIn("there", { segmentBytes: 4096 });
    const restored = restoreDocument(there, file);
    expect(linesOf(there, id)).toEqual(linesOf(here, id));
    // It can be gone on with, like any other.
    const session = there.openSession(id);
    session.userMessage("and on");
    session.close();
    const numbers = [...readerOf(there).events({ session: id })].map(({ seq }) => seq);
    expect(numbers.length).toBeGreaterThan(restored.events + 1);
    expect(numbers).toEqual(numbers.map((_, seq) => seq));
  });

  it("comes back also when another program has laid it out anew", async () => {
    const here = storeIn("here");
    const id = recorded(
      here,
      "laid-out",
      (session) => void session.toolCall("bash", { a: [1, { b: "]}" }] }),
    );
    const file = path.join(folder, "s.json");
    await exportFile(readerOf(here), json(), file, { sessions: [id] });
    fs.writeFileSync(file, JSON.stringify(JSON.parse(fs.readFileSync(file, "utf8")), null, 4));
    const there = storeIn("there");
    restoreDocument(there, file);
    expect(linesOf(there, id)).toEqual(linesOf(here, id));
  });

  it("is refused when its id is taken, and may have another, whose calls count as copies", async () => {
    const here = storeIn("here");
    const id = recorded(
      here,
      "run",
      (session) =>
        void session
          .modelCall({ model: "m" })
          .result("done", { input_tokens: 10, output_tokens: 1, cost_usd: 1 }),
    );
    const file = path.join(folder, "run.json");
    await exportFile(readerOf(here), json(), file, { sessions: [id] });
    expect(() => restoreDocument(here, file)).toThrow(expect.objectContaining({ code: "SESSION_EXISTS" }));
    restoreDocument(here, file, { id: "run-again" });
    const { session } = readerOf(here).session("run-again");
    expect(session.cost_usd).toBe(1);
    expect(session.copies.cost_usd).toBe(1);
    expect([...readerOf(here).events({ session: "run-again" })].map(({ id: each }) => each)).toEqual(
      [...readerOf(here).events({ session: "run" })].map(({ id: each }) => each),
    );
  });

  it("that is cut anywhere is refused and leaves nothing behind", async () => {
    const here = storeIn("here");
    const id = recorded(here, "cut", (session) => session.userMessage("hello"));
    const file = path.join(folder, "cut.json");
    await exportFile(readerOf(here), json(), file, { sessions: [id] });
    const whole = fs.readFileSync(file);
    const there = storeIn("there");
    // The last two bytes are the closing brace and a newline nobody needs.
    for (let length = 0; length < whole.length - 2; length += 7) {
      fs.writeFileSync(file, whole.subarray(0, length));
      expect(() => restoreDocument(there, file)).toThrow(expect.objectContaining({ name: "TracekeepError" }));
    }
    expect([...readerOf(there).sessions()]).toEqual([]);
    expect(
      fs.readdirSync(there.dir).filter((name) => name.includes("session_") || name.startsWith(".tmp")),
    ).toEqual([]);
  });

  it.each([
    [
      "some of a session's events",
      (lines: string[]) => [lines[0], ...lines.slice(2)],
      "event 1 was to come here",
    ],
    [
      "events of two sessions",
      (lines: string[]) => [lines[0], lines[1]?.replace('"session_id":"odd"', '"session_id":"other"')],
      "another session",
    ],
    ["an event without an id", (lines: string[]) => [lines[0]?.replace(/"id":"[^"]*",/, "")], "no id"],
    ["what is no event", () => ['{"a":1}'], 'no "event"'],
    ["no events", () => [], "no event"],
  ])("is refused when it holds %s", async (_, change, reason) => {
    const here = storeIn("here");
    const id = recorded(here, "odd", (session) => session.userMessage("hello"));
    const lines = linesOf(here, id).map((line) => line.trimEnd());
    const file = path.join(folder, "odd.json");
    fs.writeFileSync(
      file,
      `{"tracekeep_session":1,"session_id":"odd","events":[${change(lines).join(",")}]}`,
    );
    const there = storeIn("there");
    expect(() => restoreDocument(there, file)).toThrow(reason);
    expect([...readerOf(there).sessions()]).toEqual([]);
  });

  it("of a newer version, or of another program, says so", () => {
    const file = path.join(folder, "s.json");
    fs.writeFileSync(file, '{"tracekeep_session":2,"session_id":"s","events":[]}');
    expect(() => readSessionDocument(file)).toThrow(expect.objectContaining({ code: "FORMAT_TOO_NEW" }));
    fs.writeFileSync(file, '{"session_id":"s","events":[]}');
    expect(() => readSessionDocument(file)).toThrow(expect.objectContaining({ code: "BAD_EVENT" }));
    fs.writeFileSync(file, '{"session_id":"s","start_time":"2026-01-06T22:00:00","events":[]}');
    expect(() => readSessionDocument(file)).toThrow(
      expect.objectContaining({ hint: `it is one of decepticon: tracekeep import decepticon ${file}` }),
    );
  });

  it("that somebody wrote secrets into does not bring them into the store", async () => {
    const here = storeIn("here");
    const id = recorded(here, "secret", (session) => session.userMessage("hello KEY"));
    const file = path.join(folder, "s.json");
    await exportFile(readerOf(here), json(), file, { sessions: [id] });
    fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace("KEY", `sk-ant-api03-${"a1B2".repeat(20)}`));
    const there = storeIn("there");
    restoreDocument(there, file);
    expect(linesOf(there, id).join("")).not.toContain("a1B2a1B2");
  });
});

describe("files of exports", () => {
  it("lie under the day of the session's start, also over midnight, and escape no folder", async () => {
    const here = storeIn("here");
    for (const id of ["a", "../../b", "x".repeat(1000)]) {
      const session = here.startSession({ id, startedAt: "2026-01-06T23:59:00Z" });
      session.log({ event: "NOTE", timestamp: "2026-01-07T00:01:00Z" });
      session.end();
    }
    const out = path.join(folder, "out");
    const { files, sessions } = await exportFiles(readerOf(here), json(), out);
    expect(sessions).toBe(3);
    expect(files.map((file) => path.dirname(path.relative(out, file)))).toEqual(Array(3).fill("2026/01/06"));
    expect(files.map((file) => path.basename(file))).toContain("session_%2E%2E%2F%2E%2E%2Fb.json");
    expect(new Set(files).size).toBe(3);
  });

  it("are replaced whole, and an export that fails leaves the earlier one", async () => {
    const here = storeIn("here");
    const id = recorded(here, "s", (session) => session.userMessage("one"));
    const file = path.join(folder, "s.json");
    await exportFile(readerOf(here), json(), file, { sessions: [id] });
    const before = fs.readFileSync(file, "utf8");
    recorded(here, "other", (session) => session.userMessage("two"));
    await expect(exportFile(readerOf(here), json(), file)).rejects.toThrow("there are several");
    expect(fs.readFileSync(file, "utf8")).toBe(before);
    expect(fs.readdirSync(folder).filter((name) => name.startsWith(".tmp"))).toEqual([]);
  });

  it("have a name without a date when nothing is known of it", () => {
    const { session } = readerOf(storeWith("s")).session("s");
    expect(exportFileName({ ...session, started_at: null }, ".md")).toBe(
      path.join("undated", "session_s.md"),
    );
  });
});

function storeWith(id: string): Store {
  const store = storeIn("here");
  recorded(store, id);
  return store;
}
