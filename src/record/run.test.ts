import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { Ajv2020 } from "ajv/dist/2020.js";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { TracekeepError } from "../base/errors.ts";
import { eventSchema } from "../event/index.ts";
import type { Event } from "../event/index.ts";
import { openReader } from "../read/index.ts";
import { nodeDisk } from "../store/disk/disk.ts";
import { currentSession } from "./context.ts";
import { log, startSession, traced, withSession } from "./run.ts";
import type { Session } from "./session.ts";
import { openStore } from "./store.ts";
import type { Store } from "./store.ts";

let store: Store;
beforeEach(() => {
  store = openStore({ dir: fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-")), handleSignals: false });
});
afterEach(() => {
  store.close();
  fs.rmSync(store.dir, { recursive: true });
});

const eventsOf = (file: string): Event[] =>
  fs
    .readFileSync(file, "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Event);

/** Events by session id, over the whole store. */
function allEvents(): Map<string, Event[]> {
  const files = fs.readdirSync(store.dir).filter((name) => /^session_.*\.jsonl$/.test(name));
  return new Map(
    files
      .map((name) => eventsOf(path.join(store.dir, name)))
      .map((events) => [events[0]?.session_id ?? "", events]),
  );
}

describe("withSession", () => {
  it("writes START, what happened, and END with the final counts", async () => {
    const file = await withSession({ store, agent: "a", title: "T", project: "/p" }, (session) => {
      session.userMessage("hello");
      session.toolCall("bash", { command: "true" }).result({ exit_code: 0 });
      session.toolCall("bash", { command: "false" }).error(new Error("exit 1"));
      return session.file;
    });
    const events = eventsOf(file);
    expect(events.map(({ event }) => event)).toEqual([
      "START",
      "USER_MESSAGE",
      "TOOL_CALL",
      "TOOL_RESULT",
      "TOOL_CALL",
      "TOOL_RESULT",
      "END",
    ]);
    expect(events[0]).toMatchObject({
      format: 1,
      origin: "recorded",
      title: "T",
      project: "/p",
      durability: "interval",
      pid: process.pid,
    });
    expect(events.at(-1)).toMatchObject({ reason: "NORMAL", events: 6, tool_calls: 2, tool_errors: 1 });
  });

  it("records the error that ends it, and throws that very error on", async () => {
    const boom = new Error("boom");
    let file = "";
    await expect(
      withSession({ store }, (session) => {
        file = session.file;
        throw boom;
      }),
    ).rejects.toBe(boom);
    expect(eventsOf(file).at(-1)).toMatchObject({
      event: "END",
      reason: "ERROR",
      error: { message: "boom" },
    });
  });

  it("closes the store that it opened, so that a server that names one with each run does not run out of files", async () => {
    const openFiles = (): number => fs.readdirSync("/proc/self/fd").length;
    const own = { dir: path.join(store.dir, "own"), handleSignals: false };
    const run = (): Promise<void> =>
      withSession({ store: own }, (session) => void session.checkpoint("done"));
    await run();
    const before = openFiles();
    for (let count = 0; count < 5; count++) await run();
    await expect(withSession({ store: own, id: "x".repeat(2000) }, () => undefined)).rejects.toThrow(
      RangeError,
    );
    expect(openFiles()).toBeLessThanOrEqual(before);
    expect([...openReader({ dir: own.dir }).sessions()].map(({ status }) => status)).toEqual(
      Array.from({ length: 6 }, () => "ended"),
    );
  });

  it("keeps a store that it opened until the last session in it is over", async () => {
    const own = { dir: path.join(store.dir, "own"), handleSignals: false };
    let inner: Session | undefined;
    await withSession({ store: own, id: "outer" }, () => {
      inner = startSession({ id: "inner" });
    });
    inner?.checkpoint("the outer one is over");
    inner?.end();
    const { event_counts: counts } = await openReader({ dir: own.dir }).count();
    expect(counts).toEqual({ START: 2, CHECKPOINT: 1, END: 2 });
  });

  it("records a nested run in the store of the one around it", async () => {
    await withSession({ store, id: "outer" }, () => withSession({ id: "inner" }, () => undefined));
    expect([...allEvents().keys()].toSorted()).toEqual(["inner", "outer"]);
  });

  it("says of an option that is the store's where it belongs", async () => {
    await expect(withSession({ dir: store.dir } as never, () => undefined)).rejects.toThrow(
      /unknown option "dir"; known options: store, id/,
    );
  });

  it.each([".tracekeep", null])("refuses %j for a store, and says what it takes", async (wrong) => {
    await expect(withSession({ store: wrong as never }, () => undefined)).rejects.toThrow(
      "startSession: store must be a store, or options such as { dir }, got",
    );
  });

  it("makes a nested run the child of the one around it, also across awaits", async () => {
    let parent = "";
    let child = "";
    await withSession({ store }, async (outer) => {
      parent = outer.id;
      await new Promise((resolve) => setTimeout(resolve, 1));
      await withSession({ store }, async (inner) => {
        child = inner.id;
        await Promise.resolve();
        expect(currentSession()).toBe(inner);
      });
      expect(currentSession()).toBe(outer);
    });
    expect(currentSession()).toBeUndefined();
    expect(allEvents().get(child)?.[0]).toMatchObject({ parent_session_id: parent });
  });

  it("keeps what runs at the same time apart", async () => {
    const run = (name: string) =>
      withSession({ store, agent: name }, async (session) => {
        for (let step = 0; step < 20; step++) {
          await new Promise((resolve) => setImmediate(resolve));
          log({ event: "CHECKPOINT", message: name });
        }
        return session.id;
      });
    const ids = await Promise.all(["a", "b", "c"].map(run));
    const all = allEvents();
    ids.forEach((id, index) => {
      const messages = all
        .get(id)
        ?.filter(({ event }) => event === "CHECKPOINT")
        .map((event) => event["message"]);
      expect(messages).toEqual(Array(20).fill("abc"[index]));
    });
  });
});

describe("traced", () => {
  it("calls a tool by its function's name where it is given none, and asks for one where there is none", async () => {
    const add = traced(function add(a: number, b: number) {
      return a + b;
    });
    const id = await withSession({ store }, (session) => {
      expect(add(1, 2)).toBe(3);
      return session.id;
    });
    expect(allEvents().get(id)).toContainEqual(expect.objectContaining({ event: "TOOL_CALL", tool: "add" }));
    expect(() => traced(() => 1)).toThrow('traced("read_page", fn)');
    expect(() => traced("add", undefined as unknown as () => void)).toThrow("the function to wrap");
  });

  it("pairs call and result by call_id and measures the time, for values, promises and errors", async () => {
    const add = traced("add", (a: number, b: number) => a + b);
    const fail = traced("fail", async () => Promise.reject(new TypeError("no")));
    const id = await withSession({ store }, async (session) => {
      expect(add(1, 2)).toBe(3);
      await expect(fail()).rejects.toThrow("no");
      return session.id;
    });
    const events = allEvents().get(id) ?? [];
    const calls = events.filter(({ event }) => event === "TOOL_CALL");
    const results = events.filter(({ event }) => event === "TOOL_RESULT");
    expect(calls.map((call) => [call["tool"], call["args"]])).toEqual([
      ["add", [1, 2]],
      ["fail", []],
    ]);
    expect(results.map((result) => [result.call_id, result["status"]])).toEqual([
      [calls[0]?.call_id, "ok"],
      [calls[1]?.call_id, "error"],
    ]);
    expect(results[0]).toMatchObject({ result: 3, parent_id: calls[0]?.id, duration_ms: expect.any(Number) });
    expect(results[1]).toMatchObject({ severity: "ERROR", error: { name: "TypeError", message: "no" } });
  });
});

describe("recording never hurts the program", () => {
  it("leaves a rejection that nobody handles unhandled, and one that is handled handled", async () => {
    const seen: unknown[] = [];
    const listener = (error: unknown): void => void seen.push(error);
    const others = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection");
    process.on("unhandledRejection", listener);
    try {
      await withSession({ store }, async () => {
        const fail = traced("fail", async (why: string) => Promise.reject(new Error(why)));
        void fail("unhandled");
        await fail("handled").catch(() => undefined);
      });
      await new Promise((resolve) => setTimeout(resolve, 0));
    } finally {
      process.removeListener("unhandledRejection", listener);
      for (const other of others) process.on("unhandledRejection", other);
    }
    expect(seen).toEqual([new Error("unhandled")]);
  });

  it("gives back what was done although the session could not be ended", async () => {
    const faults: TracekeepError[] = [];
    const own = openStore({ dir: store.dir, handleSignals: false, onFault: (error) => faults.push(error) });
    const value = await withSession({ store: own }, (session) => {
      session.close();
      session.log({ event: "late" });
      return "done";
    });
    expect(value).toBe("done");
    expect(faults.map(({ code }) => code)).toEqual(["CLOSED"]);
  });
});

describe("startSession", () => {
  it("ends by itself at the end of its scope", async () => {
    let file: string;
    {
      await using session = startSession({ store });
      file = session.file;
    }
    expect(eventsOf(file).at(-1)).toMatchObject({ event: "END", reason: "scope_exit" });
  });

  it("refuses an id that is taken, and unknown options by name", () => {
    store.startSession({ id: "mine", agent: "a" }).end();
    expect(() => store.startSession({ id: "mine", agent: "other" })).toThrow(
      expect.objectContaining({ code: "SESSION_EXISTS" }),
    );
    expect(() => store.startSession({ agnet: "x" } as object)).toThrow('did you mean "agent"?');
    expect(() => openStore({ durabilty: "os" } as object)).toThrow('did you mean "durability"?');
    expect(() => openStore({ segmentBytes: 100 })).toThrow("segmentBytes must be a whole number from 4096");
    expect(() => store.startSession({ startedAt: "yesterday" })).toThrow(RangeError);
  });

  it.each([
    [
      "a name instead of options",
      () => startSession("reviewer" as never),
      "startSession: options must be an object",
    ],
    ["the same of a store", () => store.startSession("reviewer" as never), 'an object, got "reviewer"'],
    ["options of openSession", () => store.openSession("s", { durabilty: "os" } as object), '"durability"?'],
    [
      "redaction: false",
      () => openStore({ redaction: false as never }),
      "redaction must be an object, got boolean",
    ],
    ["one path for several", () => openReader({ paths: "logs" as never }), "paths must be an array"],
    ["no options at all", () => openStore(null as never), "got null"],
  ])("refuses %s before anything is created", (_, misuse, message) => {
    const before = fs.readdirSync(store.dir);
    expect(misuse).toThrow(TypeError);
    expect(misuse).toThrow(message);
    expect(fs.readdirSync(store.dir)).toEqual(before);
  });

  it("refuses misspelt options of an append, and a scope without a function, which starts no session", async () => {
    const session = store.startSession({ id: "s" });
    const misspelt = { durabilty: "fsync" } as object;
    expect(() => session.append({ event: "x" }, misspelt)).toThrow('append: unknown option "durabilty"');
    expect(() => session.appendSync({ event: "x" }, misspelt)).toThrow('did you mean "durability"?');
    await expect(withSession({ store }, undefined as never)).rejects.toThrow(
      "withSession: action must be a function, got undefined",
    );
    expect(allEvents().size).toBe(1);
  });

  it("gives the second session of the same agent and day another name", () => {
    const agent = "Claude-Orch-Prime-20260106-c614";
    const names = [1, 2].map(() => path.basename(store.startSession({ agent }).file));
    expect(names[0]).toBe("session_20260106_c614.jsonl");
    expect(names[1]).toMatch(/^session_20260106_c614-[0-9a-f]{12}\.jsonl$/);
  });

  it("stores an id as it is given, and lets none reach the path", () => {
    const session = store.startSession({ id: "../../etc/passwd *?\u0000", agent: "a-b-c-../../x" });
    session.end();
    expect(path.dirname(session.file)).toBe(store.dir);
    expect(eventsOf(session.file)[0]).toMatchObject({
      session_id: "../../etc/passwd *?\u0000",
      agent_id: "a-b-c-../../x",
    });
  });
});

describe("openSession", () => {
  it("goes on numbering, says RESUMED with the first event only, and counts the whole session at its end", () => {
    store.startSession({ id: "s", agent: "a" }).close();
    store.openSession("s").close();
    const session = store.openSession("s");
    session.log({ event: "nav" });
    session.end();
    const events = eventsOf(session.file);
    expect(events.map(({ event, seq }) => [event, seq])).toEqual([
      ["START", 0],
      ["RESUMED", 1],
      ["nav", 2],
      ["END", 3],
    ]);
    expect(events[3]).toMatchObject({ events: 3, event_counts: { START: 1, RESUMED: 1, nav: 1 } });
    expect(events.every(({ agent_id: agent }) => agent === "a")).toBe(true);
  });

  it("goes on in the last file of a session that has several, and counts all of them at its end", () => {
    const rotating = openStore({ dir: store.dir, segmentBytes: 4_096, durability: "os" });
    const first = rotating.startSession({ id: "long" });
    for (let count = 0; count < 40; count++) first.toolCall("bash").result({ count });
    first.rotate();
    first.close();
    // One store has not heard of the later files; the other one wrote them.
    for (const other of [store, rotating, openStore({ dir: store.dir })]) {
      const session = other.openSession("long");
      session.checkpoint("more");
      expect(session.file).toMatch(/\.\d{4}\.jsonl$/);
      session.close();
    }
    store.openSession("long").end();
    const { session, report } = openReader({ dir: store.dir }).session("long");
    expect(report.skipped).toEqual([]);
    const [end] = openReader({ dir: store.dir }).events({ session: "long", last: 1 });
    expect(session).toMatchObject({ status: "ended", tool_calls: 40 });
    expect(end).toMatchObject({
      event: "END",
      tool_calls: 40,
      events: session.events - 1,
      seq: session.events - 1,
    });
    expect(session.files.length).toBeGreaterThan(3);
  });

  it("counts right when its END is what would have begun another file", () => {
    for (let bytes = 3_000; bytes < 3_600; bytes += 40) {
      const session = openStore({ dir: store.dir, segmentBytes: 4_096 }).startSession({ id: `s${bytes}` });
      session.checkpoint("x".repeat(bytes));
      session.end();
      const [end] = openReader({ dir: store.dir }).events({ session: `s${bytes}`, last: 1 });
      expect(end).toMatchObject({ event: "END", events: end?.seq });
    }
    expect(fs.readdirSync(store.dir).some((name) => name.endsWith(".0001.jsonl"))).toBe(true);
  });

  it("ends what it went on with although the log was deleted meanwhile, and with nothing of it missing", () => {
    const faults: string[] = [];
    const other = openStore({
      dir: store.dir,
      handleSignals: false,
      onFault: ({ message }) => faults.push(message),
    });
    other.startSession({ id: "s" }).close();
    const session = other.openSession("s");
    session.log({ event: "nav" });
    fs.rmSync(session.file);
    session.end();
    expect(faults).toEqual([expect.stringContaining("was deleted while it was being written to")]);
    expect(eventsOf(session.file).map(({ event }) => event)).toEqual([
      "START",
      "RESUMED",
      "nav",
      "DEGRADED",
      "END",
    ]);
    expect(eventsOf(session.file).at(-1)).toMatchObject({ events: 4, event_counts: { nav: 1 } });
  });

  it("finds no session that is not there, and no second writer gets in", () => {
    expect(() => store.openSession("nobody")).toThrow(expect.objectContaining({ code: "NO_SESSION" }));
    const session = store.startSession({ id: "s" });
    expect(() => store.openSession("s")).toThrow(expect.objectContaining({ code: "SESSION_BUSY" }));
    session.end();
  });

  it("refuses to add to a session of a newer format", () => {
    const session = store.startSession({ id: "s" });
    session.end();
    fs.writeFileSync(session.file, fs.readFileSync(session.file, "utf8").replace('"format":1', '"format":2'));
    expect(() => openStore({ dir: store.dir, handleSignals: false }).openSession("s")).toThrow(
      expect.objectContaining({ code: "FORMAT_TOO_NEW" }),
    );
  });
});

describe("time", () => {
  it("goes on by the monotonic clock when the wall clock fell behind, and says so once", () => {
    let wallMs = Date.parse("2026-01-06T22:00:00Z");
    let monotonicMs = 0;
    const clock = { wallMs: () => wallMs, monotonicMs: () => monotonicMs };
    const session = openStore({ dir: store.dir, handleSignals: false, clock }).startSession({ id: "s" });
    session.log({ event: "before" });
    wallMs -= 3_600_000;
    monotonicMs += 5;
    session.log({ event: "after" });
    monotonicMs += 5;
    session.log({ event: "later" });
    session.end();
    const events = eventsOf(session.file).map(({ event, timestamp }) => [event, timestamp.slice(11, 23)]);
    expect(events.slice(1, -1)).toEqual([
      ["before", "22:00:00.000"],
      ["CLOCK_STEP", "22:00:00.005"],
      ["after", "22:00:00.005"],
      ["later", "22:00:00.010"],
    ]);
    expect(eventsOf(session.file)[2]).toMatchObject({
      expected: "2026-01-06T22:00:00.005Z",
      actual: "2026-01-06T21:00:00.000Z",
    });
  });
});

describe("receipts", () => {
  it("say what was reached, for append, appendSync and the handles", async () => {
    const session = store.startSession({ id: "s", durability: "os" });
    const appended = await session.append({ event: "nav" }, { durability: "fsync" });
    expect(appended).toEqual({ sessionId: "s", seq: 1, id: expect.any(String), durability: "fsync" });
    expect(session.appendSync({ event: "nav" })).toMatchObject({ seq: 2, durability: "os" });
    const handle = session.userMessage("hi");
    expect(await handle.receipt()).toMatchObject({ seq: 3, id: handle.id, durability: "os" });
    expect(() => session.append({ event: "nav" }, { durability: "forever" as "os" })).toThrow(RangeError);
    session.end();
    expect(eventsOf(session.file).map(({ id }) => id)).toContain(appended.id);
  });

  it("are refused for a session that is closed, while log stays silent and says so in status", async () => {
    const faults: TracekeepError[] = [];
    const own = openStore({ dir: store.dir, handleSignals: false, onFault: (error) => faults.push(error) });
    const session = own.startSession();
    session.end();
    expect(() => session.log({ event: "late" })).not.toThrow();
    await expect(session.append({ event: "late" })).rejects.toMatchObject({ code: "CLOSED" });
    expect(() => session.appendSync({ event: "late" })).toThrow(TracekeepError);
    expect(session.status()).toMatchObject({ open: false, refused: 3, lastError: { code: "CLOSED" } });
    expect(faults).toHaveLength(3);
  });
});

describe("the JSON Schema of the package", () => {
  it("holds for every line that is written, and for no line without what its type always has", () => {
    const valid = new Ajv2020({ strict: false }).compile(eventSchema());
    const session = store.startSession({ id: "s", agent: "a", title: "T", metadata: { run: 1 } });
    session.toolCall("bash", { when: new Date(0), huge: 2n ** 70n }).error(new Error("no"));
    session.modelCall({ model: "m" }).result("yes", { input_tokens: 1, output_tokens: 1, cost_usd: 0.1 });
    session.retrieval("what").result(["found"]);
    session.delegate("task").result("done");
    session.decision("go", { confidence: 1 });
    session.policyCheck("p", "ok");
    session.humanApproval("me", "ok");
    session.log({ event: "nav", seq: 7, timestamp: "no time" });
    session.end();
    for (const event of eventsOf(session.file))
      expect([event.event, valid(event), valid.errors]).toEqual([event.event, true, null]);
    const [start] = eventsOf(session.file);
    expect(valid({ ...start, format: undefined })).toBe(false);
    expect(valid({ ...start, severity: "LOUD" })).toBe(false);
    expect(valid({ ...start, salt: "short" })).toBe(false);
  });
});

it.runIf(fs.existsSync("/proc/self/fd"))(
  "closes a store that was opened for one session with it",
  async () => {
    const descriptors = (): number => fs.readdirSync("/proc/self/fd").length;
    const options = { dir: path.join(store.dir, "own"), handleSignals: false };
    await withSession({ store: options }, () => undefined);
    const before = descriptors();
    for (let round = 0; round < 5; round++) await withSession({ store: options }, () => undefined);
    expect(() => startSession({ store: options, id: "" })).toThrow(RangeError);
    expect(descriptors()).toBe(before);
    const ledger = eventsOf(path.join(options.dir, "ledger.jsonl")).map(({ event }) => event);
    expect(ledger.filter((event) => event === "SESSION_CLOSED")).toHaveLength(6);
  },
);

it("takes a parent that is undefined as none that was named", async () => {
  await withSession({ store }, (parent) => {
    const child = store.startSession({ parent: undefined });
    child.end();
    expect(eventsOf(child.file)[0]).toMatchObject({ parent_session_id: parent.id });
  });
});

it("opens a store whose folder for spilled events cannot be read, and says so", () => {
  const directory = path.join(store.dir, "no-folder");
  fs.writeFileSync(directory, "");
  const faults: string[] = [];
  const other = openStore({
    dir: store.dir,
    handleSignals: false,
    spill: { directory },
    onFault: ({ message }) => faults.push(message),
  });
  other.startSession().end();
  other.close();
  expect(faults).toEqual([expect.stringContaining("look for spilled events in")]);
});

it("says who goes on with a session also when the first events of it are lost", () => {
  const options = { dir: store.dir, handleSignals: false, spill: false, onFault: () => undefined } as const;
  store.startSession({ id: "s" }).close();
  const other = openStore(options);
  const session = other.openSession("s");
  session.log({ event: "LOST" });
  vi.spyOn(nodeDisk, "write").mockImplementationOnce(() => {
    throw Object.assign(new Error("ENOSPC"), { code: "ENOSPC" });
  });
  expect(() => session.flush()).toThrow(expect.objectContaining({ code: "DISK_FULL" }));
  vi.restoreAllMocks();
  session.log({ event: "KEPT" });
  session.end();
  other.close();
  const types = eventsOf(session.file).map(({ event }) => event);
  expect(types).toEqual(["START", "GAP", "RESUMED", "KEPT", "END"]);
});

it("lets onFault begin a session for what it hears of while another one is begun", () => {
  const noFolder = path.join(store.dir, "no-folder");
  fs.writeFileSync(noFolder, "");
  let alerts: Session | undefined;
  let isHeard = false;
  const other = openStore({
    dir: store.dir,
    handleSignals: false,
    // No key can be had there, which is told for each session.
    env: { XDG_STATE_HOME: noFolder },
    onFault: ({ message }) => {
      if (isHeard) return;
      isHeard = true;
      alerts = other.startSession({ id: "alerts" });
      alerts.log({ event: "ERROR", message });
    },
  });
  const session = other.startSession({ id: "main" });
  for (const each of [session, alerts]) each?.end();
  other.close();
  expect([...allEvents().keys()].sort()).toEqual(["alerts", "main"]);
});

it("cuts START as well where it would be longer than a line may be", () => {
  const other = openStore({ dir: store.dir, handleSignals: false, maxLineBytes: 4_096 });
  const session = other.startSession({ title: "T", metadata: { notes: "n".repeat(10_000) } });
  session.end();
  other.close();
  const [line = ""] = fs.readFileSync(session.file, "utf8").split("\n");
  expect(Buffer.byteLength(line)).toBeLessThan(4_096);
  expect(eventsOf(session.file)[0]).toMatchObject({
    event: "START",
    format: 1,
    title: "T",
    truncated: [{ path: "metadata.notes", bytes: 10_000 }],
  });
});

it("leaves the caller's own object as it is", () => {
  const session = store.startSession();
  const draft = { event: "CHECKPOINT", count: 1 };
  session.event(draft);
  draft.count = 2;
  session.event(draft);
  session.end();
  expect(eventsOf(session.file).map(({ count }) => count)).toEqual([undefined, 1, 2, undefined]);
});

describe("what is private stays private", () => {
  it("makes folders 0700 and files 0600 whatever the umask, and keeps git out", () => {
    const before = process.umask(0);
    try {
      const own = openStore({ dir: path.join(store.dir, "nested", "store"), handleSignals: false });
      const session = own.startSession({ id: "s" });
      session.end();
      expect(fs.statSync(own.dir).mode & 0o777).toBe(0o700);
      for (const name of fs.readdirSync(own.dir, { recursive: true }) as string[]) {
        const stat = fs.statSync(path.join(own.dir, name));
        expect(stat.mode & 0o777, name).toBe(stat.isDirectory() ? 0o700 : 0o600);
      }
      expect(fs.readFileSync(path.join(own.dir, ".gitignore"), "utf8")).toBe("*\n");
    } finally {
      process.umask(before);
    }
  });

  it("refuses a store that is a symbolic link", () => {
    const link = path.join(store.dir, "link");
    fs.symlinkSync(store.dir, link);
    expect(() => openStore({ dir: link })).toThrow(expect.objectContaining({ code: "BAD_STORE" }));
  });
});
