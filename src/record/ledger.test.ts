import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { Event } from "../event/index.ts";
import { currentProcess } from "../store/disk/process.ts";
import { Ledger } from "../store/ledger/ledger.ts";
import { OpenSessions } from "../store/ledger/open-sessions.ts";
import { SessionCatalog } from "../store/session/catalog.ts";
import type { Session } from "./session.ts";
import { openStore } from "./store.ts";
import type { Store } from "./store.ts";

let dir: string;
let file: string;
beforeEach(() => {
  dir = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-")), "store");
  file = path.join(dir, "ledger.jsonl");
});
afterEach(() => fs.rmSync(path.dirname(dir), { recursive: true }));

function open(): Store {
  return openStore({ dir, onFault: (error) => expect.unreachable(error.message) });
}

function entries(): Event[] {
  return fs
    .readFileSync(file, "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Event);
}

/** What it says of sessions' lives; what it states for `verify` is in test/evidence.test.ts. */
const EVIDENCE = /^(?:STORE_KEY|EPOCH|SEAL)$/;
const told = (): string[] =>
  entries()
    .filter(({ event }) => !EVIDENCE.test(event))
    .map(({ event, session_id: id, how }) => [event, id, how].filter(Boolean).join(" "));

/** A process that is certainly dead: this one's number, of another start. */
const DEAD = { ...currentProcess(), process_start: "1" };

/** What the ledger says when the process that opened a session was killed. */
function pretendKilled(sessionId: string): void {
  const lines = fs.readFileSync(file, "utf8").split("\n");
  const kept = lines.filter((line) => !(line.includes("SESSION_CLOSED") && line.includes(`"${sessionId}"`)));
  const { process_start: start } = currentProcess();
  fs.writeFileSync(file, kept.join("\n").replaceAll(`"process_start":"${start}"`, `"process_start":"1"`));
}

/** The process died before these were written. */
function withoutEntries(type: string): void {
  const lines = fs.readFileSync(file, "utf8").split("\n");
  fs.writeFileSync(file, lines.filter((line) => !line.includes(type)).join("\n"));
}

describe("the ledger", () => {
  it("begins in a store that was closed before anything happened in it", () => {
    const store = open();
    store.close();
    store.startSession({ id: "late" }).end();
    expect(told()).toContain("SESSION_CLOSED late ended");
    expect(entries().map(({ event }) => event)).toContain("STORE_KEY");
    store.close();
  });

  it("says who opened and closed which session, and how", async () => {
    await using store = open();
    store.startSession({ id: "ended", agent: "a" }).end();
    store.startSession({ id: "closed" }).close();
    store.openSession("closed").close();
    store.close();
    expect(told()).toEqual([
      "STORE_CREATED store",
      "SESSION_OPENED ended",
      "SESSION_CLOSED ended ended",
      "SESSION_OPENED closed",
      "SESSION_CLOSED closed closed",
      "SESSION_OPENED closed",
      "SESSION_CLOSED closed closed",
    ]);
    const [created, opened, closed] = entries().filter(({ event }) => !EVIDENCE.test(event));
    expect(created).toMatchObject({ format: 1, seq: 0, ...currentProcess() });
    expect(opened).toMatchObject({ agent_id: "a", resumed: false, ...currentProcess() });
    expect(closed).toMatchObject({ lines: 2, file: opened?.["file"] });
    expect(entries().map(({ seq }) => seq)).toEqual(entries().map((_, index) => index));
  });

  it("is no session of the store", async () => {
    await using store = open();
    store.startSession({ id: "s" }).end();
    store.close();
    const catalog = new SessionCatalog(dir).refresh();
    expect(catalog.logs.map(({ sessionId }) => sessionId)).toEqual(["s"]);
    expect(catalog.skipped).toEqual([]);
  });

  it("says that a dead process's session was taken over, and from whom", () => {
    const first = open();
    first.startSession({ id: "s" }).close();
    first.close();
    const second = open();
    const opened =
      fs
        .readFileSync(file, "utf8")
        .split("\n")
        .find((line) => line.includes("SESSION_OPENED")) ?? "";
    const { process_start: start } = currentProcess();
    fs.appendFileSync(file, `${opened.replace(`"process_start":"${start}"`, '"process_start":"1"')}\n`);
    second.openSession("s").end();
    second.close();
    expect(told().slice(-3)).toEqual(["SESSION_TAKEN_OVER s", "SESSION_OPENED s", "SESSION_CLOSED s ended"]);
    expect(entries().find(({ event }) => event === "SESSION_TAKEN_OVER")).toMatchObject({
      previous: DEAD,
      ...currentProcess(),
    });
  });

  it("does not call a session taken over whose writer closed it, or is alive", () => {
    const first = open();
    const session = first.startSession({ id: "s" });
    first.startSession({ id: "t" }).close();
    const second = open();
    second.openSession("t").close();
    session.close();
    second.openSession("s").close();
    first.close();
    second.close();
    expect(told().filter((entry) => entry.startsWith("SESSION_TAKEN_OVER"))).toEqual([]);
  });

  it("heals what dead processes left torn when a store is opened, and says so once", () => {
    const first = open();
    const torn = first.startSession({ id: "torn" });
    first.startSession({ id: "whole" }).close();
    torn.log({ event: "CHECKPOINT" });
    torn.close();
    first.close();
    pretendKilled("torn");
    fs.appendFileSync(torn.file, '{"event":"CHECKP');
    open().close();
    open().close();
    expect(fs.readFileSync(torn.file, "utf8").split("\n").at(-2)).toContain('"event":"RECOVERED"');
    expect(told().slice(-2)).toEqual(["SESSION_RECOVERED torn", "SESSION_ABANDONED torn"]);
    expect(entries().at(-2)).toMatchObject({ recovered_seq: 2 });
    expect(entries().at(-1)).toMatchObject({ previous: DEAD });
  });

  it.each([
    ["that the ledger knows of", (_session: Session) => undefined],
    ["that the ledger was not told of any more", (_session: Session) => withoutEntries("SEGMENT_SWITCHED")],
    [
      "behind others that are archived",
      (session: Session) => {
        fs.mkdirSync(path.join(dir, "archive"));
        for (const segment of ["", ".0001"]) {
          const name = path.basename(session.file).replace(".0002.jsonl", `${segment}.jsonl`);
          fs.renameSync(path.join(dir, name), path.join(dir, "archive", name));
        }
      },
    ],
  ])("heals what a dead process left torn in a later segment %s", (_, prepare) => {
    const first = open();
    const torn = first.startSession({ id: "torn" });
    for (let segment = 1; segment < 3; segment++) {
      torn.log({ event: "CHECKPOINT" });
      torn.rotate();
    }
    torn.close();
    first.close();
    pretendKilled("torn");
    prepare(torn);
    fs.appendFileSync(torn.file, '{"event":"CHECKP');
    open().close();
    expect(fs.readFileSync(torn.file, "utf8").split("\n").at(-2)).toContain('"event":"RECOVERED"');
    expect(told().slice(-2)).toEqual(["SESSION_RECOVERED torn", "SESSION_ABANDONED torn"]);
    expect(entries().at(-2)).toMatchObject({ file: path.basename(torn.file) });
  });

  it("heals every torn session of a store that has no ledger yet, and finishes what a healer left", () => {
    const first = open();
    const sessions = ["a", "b"].map((id) => first.startSession({ id }));
    first.close();
    fs.appendFileSync(sessions[0]?.file ?? "", '{"ev');
    fs.writeFileSync(`${sessions[1]?.file}.torn`, '{"event":"CHE');
    fs.rmSync(file);
    open().close();
    for (const { file: log } of sessions) {
      expect(fs.readFileSync(log, "utf8").split("\n").at(-2)).toContain('"event":"RECOVERED"');
    }
    expect(fs.readdirSync(dir).filter((name) => name.endsWith(".torn"))).toEqual([]);
    expect(told()).toEqual(["STORE_CREATED store", "SESSION_RECOVERED a", "SESSION_RECOVERED b"]);
  });

  it("leaves a live session alone, torn as it may look in the middle of a write", () => {
    const first = open();
    const session = first.startSession({ id: "s" });
    session.flush();
    fs.appendFileSync(session.file, '{"ev');
    open().close();
    expect(fs.readFileSync(session.file, "utf8").endsWith('{"ev')).toBe(true);
    first.close();
  });

  it("has a new beginning once it was long, with the sessions that are open still", async () => {
    const first = open();
    const session = first.startSession({ id: "still open" });
    for (let index = 0; index < 200; index++) first.startSession().close();
    // Entries are written at the end of the turn.
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    const second = open();
    second.close();
    expect(told().at(-1)).toBe("STORE_CHECKED store");
    const opened = new OpenSessions(file);
    opened.refresh();
    expect(opened.all).toEqual([
      { sessionId: "still open", agentId: "agent", file: session.file, process: currentProcess() },
    ]);
    expect(opened.bytesSinceCheck).toBe(0);
    session.close();
    first.close();
    opened.refresh();
    expect(opened.all).toEqual([]);
  });

  it("keeps nobody from recording when it cannot be written", async () => {
    const faults: string[] = [];
    fs.mkdirSync(file, { recursive: true });
    const store = openStore({ dir, onFault: (error) => void faults.push(`${error.code} ${error.path}`) });
    const session = store.startSession({ id: "s" });
    expect((await session.append({ event: "CHECKPOINT" })).seq).toBe(1);
    session.end();
    store.close();
    expect(faults).toContain(`IO ${file}`);
    expect(faults.length).toBeLessThanOrEqual(3);
  });

  it("says which segment a log goes on in, and what was lost", () => {
    const faults: unknown[] = [];
    const ledger = new Ledger(path.dirname(dir), (error) => void faults.push(error));
    const session = { sessionId: "s", agentId: "a", file: "/elsewhere/session_1.jsonl" };
    ledger.segmentSwitched(session, { format: 1, segment: 2, first_seq: 10 });
    ledger.sessionGap(session, { count: 3, reason: "full" });
    ledger.close();
    file = ledger.path;
    expect(entries().slice(1)).toMatchObject([
      { event: "SEGMENT_SWITCHED", session_id: "s", file: "session_1.jsonl", segment: 2, first_seq: 10 },
      { event: "SESSION_GAP", session_id: "s", count: 3 },
    ]);
    expect(faults).toEqual([]);
  });
});

describe("openSession", () => {
  it("says which process has the session", () => {
    const [first, second] = [open(), open()];
    const session = first.startSession({ id: "s" });
    expect(() => second.openSession("s")).toThrow(
      `another writer has the session "s": this process itself (${process.pid} on ${os.hostname()}) has it`,
    );
    session.close();
    second.openSession("s").close();
    first.close();
    second.close();
  });
});

describe("openSessionWhenFree", () => {
  it("waits until the other writer lets go", async () => {
    const [first, second] = [open(), open()];
    const session = first.startSession({ id: "s" });
    const waiting = second.openSessionWhenFree("s", { durability: "os" });
    setTimeout(() => session.end(), 20);
    const mine = await waiting;
    expect(session.status().open).toBe(false);
    mine.close();
    first.close();
    second.close();
  });

  it("gives up in time or when told to, and refuses at once what waiting cannot change", async () => {
    const [first, second] = [open(), open()];
    first.startSession({ id: "s" });
    await expect(second.openSessionWhenFree("s", { timeoutMs: 10 })).rejects.toMatchObject({
      code: "SESSION_BUSY",
    });
    const signal = AbortSignal.abort(new Error("no longer wanted"));
    await expect(second.openSessionWhenFree("s", { signal })).rejects.toThrow("no longer wanted");
    await expect(second.openSessionWhenFree("nobody's")).rejects.toMatchObject({ code: "NO_SESSION" });
    await expect(second.openSessionWhenFree("s", { wait: 1 } as object)).rejects.toThrow("unknown option");
    const started = await second.openOrStartSessionWhenFree({ id: "new" });
    expect(started.id).toBe("new");
    first.close();
    second.close();
  });
});
