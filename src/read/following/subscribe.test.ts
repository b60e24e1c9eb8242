// Subscriptions, with writers in this process and files written as another process would.

import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { encodeIdentity, encodeLine } from "../../format/index.ts";
import { hubOf } from "../../live/index.ts";
import type { LiveEvent } from "../../live/index.ts";
import { openStore } from "../../record/index.ts";
import type { Session, Store } from "../../record/index.ts";
import { openReader } from "../reader.ts";
import type { Reader } from "../reader.ts";
import type { SubscribeOptions } from "./subscribe-options.ts";

let dir: string;
let store: Store;
let reader: Reader;
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  store = openStore({ dir, handleSignals: false, durability: "os" });
  reader = openReader({ dir });
});
afterEach(() => {
  store.close();
  expect(hubOf(dir).size).toBe(0);
  fs.rmSync(dir, { recursive: true });
});

/** Takes so many events, then leaves. */
async function take(events: AsyncGenerator<LiveEvent>, count: number): Promise<LiveEvent[]> {
  const taken: LiveEvent[] = [];
  for await (const event of events) if (taken.push(event) === count) break;
  return taken;
}

async function all(options: SubscribeOptions): Promise<LiveEvent[]> {
  const events: LiveEvent[] = [];
  for await (const event of reader.subscribe(options)) events.push(event);
  return events;
}

const seqs = (events: readonly LiveEvent[]): unknown[] => events.map((event) => event["seq"]);
const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);

/** Lines as another process would have written them. */
function foreignLines(
  sessionId: string,
  from: number,
  to: number,
  types: Record<number, string> = {},
): string {
  const line = (seq: number): string => {
    const event = types[seq] ?? (seq === 0 ? "START" : "CHECKPOINT");
    const body = event === "START" ? { format: 1 } : event === "SEGMENT" ? { format: 1, first_seq: seq } : {};
    const id = `019b9f2e-6f10-7c3a-9a52-${String(seq).padStart(12, "0")}`;
    const timestamp = "2026-01-06T22:00:00.000Z";
    return encodeLine(
      { event, timestamp, severity: "INFO", seq, id, body, salt: "q83vEjRWeJCrze8S" },
      encodeIdentity(sessionId, "a"),
    );
  };
  return range(from, to).map(line).join("");
}

describe("subscribe", () => {
  it("gives what is recorded from now on, and every subscriber all of it", async () => {
    const session = store.startSession({ id: "s" });
    session.userMessage("before");
    const one = reader.subscribe();
    const other = reader.subscribe();
    session.userMessage("after");
    session.userMessage("after that");
    const [first, second] = await Promise.all([take(one, 2), take(other, 2)]);
    expect(first.map((event) => event["message"])).toEqual(["after", "after that"]);
    expect(second).toEqual(first);
  });

  it("gives an event recorded in this process within one turn of the event loop", async () => {
    const session = store.startSession();
    await turn();
    const events = reader.subscribe();
    const next = events.next();
    // Whatever the watch on the folder says about START has been said.
    await sleep(20);
    let given = false;
    void next.then(() => (given = true));
    session.userMessage("now");
    await turn();
    await turn();
    expect(given).toBe(true);
    await events.return();
  });

  it("gives long events without reading them from the log, which has them before the turn ends", async () => {
    const session = store.startSession({ id: "s" });
    const events = reader.subscribe({ session: "s" });
    const given = (async (): Promise<unknown[]> => seqs(await take(events, 40)))();
    for (let n = 0; n < 20; n++) {
      await sleep(1);
      session.checkpoint("short");
      session.checkpoint("long ".repeat(10_000));
    }
    expect(await given).toEqual(range(1, 41));
    expect(events.report.read).toBe(0);
  });

  it("gives a slow subscriber whole events, however many wait before them", async () => {
    const session = store.startSession({ id: "s" });
    const events = reader.subscribe({ session: "s", policy: "drop-oldest" });
    for (let n = 0; n < 200; n++)
      session.log({ event: "nav", message: `${n} ${"x".repeat(2_000)}`, to: [n] });
    await turn();
    const given = await take(events, 200);
    expect(given.map((event) => event["to"])).toEqual(range(0, 200).map((n) => [n]));
    expect(events.report.read).toBe(0);
  });

  it("begins at the beginning or at a cursor, and ends with its session", async () => {
    const session = store.startSession({ id: "s" });
    for (let n = 1; n < 10; n++) session.checkpoint(`event ${n}`);
    const running = all({ session: "s", from: "beginning" });
    const later = all({ session: "s", from: { session: "s", seq: 7 } });
    await sleep(20);
    session.checkpoint("one more");
    session.end();
    expect(seqs(await running)).toEqual(range(0, 12));
    expect(seqs(await later)).toEqual(range(7, 12));
    expect(await all({ session: "s" })).toEqual([]);
    expect(seqs(await all({ session: "s", from: "beginning", event: "CHECKPOINT" }))).toEqual(range(1, 11));
  });

  it("goes on with a session that goes on after its END", async () => {
    const session = store.startSession({ id: "s" });
    session.end();
    const again = store.openSession("s");
    again.checkpoint("more");
    again.end();
    expect((await all({ session: "s", from: "beginning" })).map(({ event }) => event)).toEqual([
      "START",
      "END",
      "RESUMED",
      "CHECKPOINT",
      "END",
    ]);
  });

  it("waits for a session that does not exist yet, without creating it", async () => {
    const files = fs.readdirSync(dir).length;
    const events = all({ session: "later" });
    await sleep(20);
    expect(fs.readdirSync(dir)).toHaveLength(files);
    store.startSession({ id: "other" }).end();
    const session = store.startSession({ id: "later" });
    session.checkpoint("here");
    session.end();
    expect((await events).map(({ event, session_id }) => [session_id, event])).toEqual(
      ["START", "CHECKPOINT", "END"].map((event) => ["later", event]),
    );
  });

  it("filters as every read does, and lets the lowest severity be changed while it runs", async () => {
    const session = store.startSession();
    const events = reader.subscribe({ minSeverity: "ERROR", event: ["ERROR", "CHECKPOINT"] });
    session.checkpoint("not severe");
    session.error("severe");
    session.userMessage("not asked for");
    expect((await events.next()).value).toMatchObject({ event: "ERROR", error: "severe" });
    events.minSeverity = "INFO";
    session.userMessage("not asked for");
    session.checkpoint("fine");
    expect((await events.next()).value).toMatchObject({ event: "CHECKPOINT", message: "fine" });
    expect(() => (events.minSeverity = "LOUD" as never)).toThrow(RangeError);
    await events.return();
  });

  it("begins with the last ones that are there, none of them twice", async () => {
    const session = store.startSession({ id: "s" });
    for (let n = 1; n < 10; n++) session.checkpoint(`event ${n}`);
    const events = reader.subscribe({ last: 3 });
    for (let n = 10; n < 13; n++) session.checkpoint(`event ${n}`);
    expect(seqs(await take(events, 6))).toEqual([7, 8, 9, 10, 11, 12]);
  });

  it("ends when nothing came for a while, and after a time whatever comes", async () => {
    const session = store.startSession();
    const idle = reader.subscribe({ idleTimeoutMs: 60 });
    const total = reader.subscribe({ totalTimeoutMs: 60 });
    const stop = new AbortController();
    const recording = (async (): Promise<void> => {
      while (!stop.signal.aborted) {
        session.checkpoint("tick");
        await sleep(5);
      }
    })();
    let given = 0;
    for await (const _ of total) given++;
    expect(total.endedBy).toBe("total timeout");
    expect(given).toBeGreaterThan(0);
    stop.abort();
    await recording;
    for await (const _ of idle);
    expect(idle.endedBy).toBe("idle timeout");
  });

  it("is left by break, by return while it waits, and by its signal with its reason", async () => {
    const stop = new AbortController();
    const waiting = reader.subscribe();
    const next = waiting.next();
    const aborted = all({ signal: stop.signal });
    await sleep(10);
    await waiting.return();
    expect(await next).toEqual({ done: true, value: undefined });
    stop.abort(new Error("enough"));
    await expect(aborted).rejects.toThrow("enough");
    await expect(all({ signal: stop.signal })).rejects.toThrow("enough");
  });

  it("refuses options it does not know or understand", () => {
    const refused: [object, RegExp][] = [
      [{ sesion: "s" }, /did you mean "session"/],
      [{ from: "later" }, /from must be/],
      [{ from: { session: "s", seq: -1 } }, /from must be/],
      [{ policy: "drop" }, /policy must be one of catch-up/],
      [{ minSeverity: "LOUD" }, /minSeverity must be one of/],
      [{ capacity: 0 }, /capacity/],
      [{ from: "beginning", last: 3 }, /last/],
      [{ volatile: 1 }, /volatile/],
      [{ where: "tool" }, /./],
    ];
    for (const [options, message] of refused) expect(() => reader.subscribe(options)).toThrow(message);
  });
});

describe("a subscriber that is too slow", () => {
  const record = async (session: Session, count: number): Promise<void> => {
    for (let n = 0; n < count; n++) {
      session.checkpoint(`event ${n}`);
      if (n % 500 === 0) await turn();
    }
    await turn();
  };

  it("reads on from the logs and misses nothing", async () => {
    const session = store.startSession({ id: "s" });
    const events = reader.subscribe({ session: "s", capacity: 10 });
    const given: LiveEvent[] = [
      (await Promise.all([events.next(), session.log({ event: "nav" })]))[0].value as LiveEvent,
    ];
    await record(session, 5_000);
    expect(hubOf(dir).size).toBe(0);
    session.end();
    for await (const event of events) given.push(event);
    expect(seqs(given)).toEqual(range(1, 5_003));
  });

  it("loses the oldest, and is told how many, when it says so", async () => {
    const session = store.startSession({ id: "s" });
    const events = reader.subscribe({ session: "s", capacity: 100, policy: "drop-oldest" });
    const first = events.next();
    session.checkpoint("first");
    await first;
    await record(session, 5_000);
    session.end();
    const given: LiveEvent[] = [];
    for await (const event of events) given.push(event);
    expect(given[0]).toMatchObject({ event: "GAP", count: 5_001 - 100, from_seq: 2, volatile: true });
    expect(seqs(given.slice(1))).toEqual(range(5_003 - 100, 5_003));
    expect(events.droppedEvents).toBe(4_901);
  });

  it("is given events in order also when more come while it reads those before them from the log", async () => {
    const session = store.startSession({ id: "s" });
    const events = reader.subscribe({ session: "s", capacity: 5_000, policy: "drop-oldest" });
    const first = events.next();
    session.checkpoint("first");
    await first;
    // The beginning of a file is always looked for on disk, and the read makes a pause on the way.
    session.rotate();
    for (let n = 0; n < 1_500; n++) session.checkpoint(`event ${n}`);
    session.flush();
    const second = events.next();
    for (let n = 1_500; n < 1_600; n++) session.checkpoint(`event ${n}`);
    session.flush();
    session.end();
    const given = [(await second).value as LiveEvent];
    for await (const event of events) given.push(event);
    expect(seqs(given)).toEqual(range(2, session.status().nextSeq));
    expect(events.droppedEvents).toBe(0);
  });

  it("is disconnected after what was waiting, when it says so", async () => {
    const session = store.startSession({ id: "s" });
    const events = reader.subscribe({ capacity: 100, policy: "disconnect" });
    const first = events.next();
    session.checkpoint("first");
    await first;
    await record(session, 200);
    const given: LiveEvent[] = [];
    const rest = (async (): Promise<void> => {
      for await (const event of events) given.push(event);
    })();
    await expect(rest).rejects.toMatchObject({ code: "TOO_SLOW" });
    expect(seqs(given)).toEqual(range(2, 102));
  });

  it("costs nothing while it never reads, and blocks nobody", async () => {
    const session = store.startSession({ id: "s" });
    const never = Array.from({ length: 20 }, () => reader.subscribe());
    const events = reader.subscribe({ session: "s" });
    await record(session, 3_000);
    session.end();
    let given = 0;
    for await (const _ of events) given++;
    expect(given).toBe(3_001);
    // None of them listens any more, so events are not even made for them.
    expect(hubOf(dir).size).toBe(0);
    for (const each of never) await each.return();
  });

  it("loses only what its policy says while two others get 100,000 events in order", async () => {
    const session = store.startSession({ id: "s" });
    const two = [all({ session: "s" }), all({ session: "s" })];
    const third = reader.subscribe({ session: "s", policy: "drop-oldest", capacity: 1_000 });
    const lossy = (async (): Promise<{ given: number; marked: number }> => {
      let given = 0;
      let marked = 0;
      let last = 0;
      for await (const event of third) {
        if (event.event === "GAP") marked += Number(event["count"]);
        else {
          expect(Number(event["seq"])).toBeGreaterThan(last);
          last = Number(event["seq"]);
          given++;
        }
        if (given % 100 === 0) await sleep(1);
      }
      return { given, marked };
    })();
    await record(session, 100_000);
    session.end();
    // The events, END, and the beginnings of further segments.
    const { nextSeq } = session.status();
    for (const events of await Promise.all(two)) expect(seqs(events)).toEqual(range(1, nextSeq));
    const { given, marked } = await lossy;
    expect(given + marked).toBe(nextSeq - 1);
    expect(marked).toBeGreaterThan(0);
    expect(third.droppedEvents).toBe(marked);
  });

  it("leaves nothing behind after 1,000 subscriptions that were aborted", async () => {
    store.startSession({ id: "s" });
    const open = (): number => fs.readdirSync("/proc/self/fd").length;
    const stop = new AbortController();
    const before = open();
    for (let n = 0; n < 1_000; n++) {
      const own = new AbortController();
      const waiting = reader
        .subscribe({ session: "s", signal: n % 2 === 0 ? own.signal : stop.signal })
        .next();
      if (n % 100 === 0) await sleep(1);
      if (n % 2 === 0) {
        own.abort(new Error("enough"));
        await expect(waiting).rejects.toThrow("enough");
      } else waiting.catch(() => undefined);
      if (n % 10 === 9) await Promise.resolve();
    }
    stop.abort(new Error("enough"));
    await sleep(5);
    expect(hubOf(dir).size).toBe(0);
    expect(open()).toBeLessThan(before + 20);
  });
});

describe("following files that another process writes", () => {
  const file = (name: string): string => path.join(dir, name);

  it("gives each line once, also when it is written in pieces", async () => {
    fs.writeFileSync(file("session_s.jsonl"), foreignLines("s", 0, 5));
    const events = all({ session: "s", from: "beginning" });
    const rest = Buffer.from(foreignLines("s", 5, 60, { 59: "END" }));
    for (let at = 0; at < rest.length; at += 777) {
      fs.appendFileSync(file("session_s.jsonl"), rest.subarray(at, at + 777));
      await sleep(1);
    }
    expect(seqs(await events)).toEqual(range(0, 60));
  });

  it("reads the old file to its end before it goes on with the next one", async () => {
    fs.writeFileSync(file("session_s.jsonl"), foreignLines("s", 0, 5));
    const events = all({ session: "s", from: "beginning" });
    await sleep(10);
    fs.appendFileSync(file("session_s.jsonl"), foreignLines("s", 5, 10));
    fs.writeFileSync(file("session_s.0001.jsonl"), foreignLines("s", 10, 15, { 10: "SEGMENT" }));
    await sleep(10);
    fs.writeFileSync(file("session_s.0002.jsonl"), foreignLines("s", 15, 20, { 15: "SEGMENT", 19: "END" }));
    expect(seqs(await events)).toEqual(range(0, 20));
  });

  it("gives nothing twice that a later file holds again, and loses nothing of it", async () => {
    fs.writeFileSync(file("session_s.jsonl"), foreignLines("s", 0, 8));
    const events = all({ session: "s", from: "beginning" });
    await sleep(30);
    // Events 6 and 7 stand in the next file again, behind SEGMENT, under the ids they had.
    const again = foreignLines("s", 6, 8).split("\n").slice(0, 2);
    const moved = again.map((line, index) => line.replace(/"seq":\d+/, `"seq":${7 + index}`)).join("\n");
    fs.writeFileSync(
      file("session_s.0001.jsonl"),
      `${foreignLines("s", 6, 7, { 6: "SEGMENT" }).replace(
        "000000000006",
        "000000000999",
      )}${moved}\n${foreignLines("s", 9, 11, { 10: "END" })}`,
    );
    const ids = (await events).map((event) => Number(String(event["id"]).slice(-6)));
    expect(ids).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 999, 9, 10]);
  });

  it("goes on after a line that is no event, and says so", async () => {
    fs.writeFileSync(
      file("session_s.jsonl"),
      `${foreignLines("s", 0, 2)}garbage\n${foreignLines("s", 3, 5, { 4: "END" })}`,
    );
    const events = reader.subscribe({ session: "s", from: "beginning" });
    const given: LiveEvent[] = [];
    for await (const event of events) given.push(event);
    expect(seqs(given)).toEqual([0, 1, 3, 4]);
    expect(events.report.skipped).toHaveLength(1);
  });

  it("gives the lines as they are stored", async () => {
    const text = foreignLines("s", 0, 4, { 3: "END" });
    fs.writeFileSync(file("session_s.jsonl"), text);
    let followed = "";
    for await (const line of reader.follow({ session: "s", from: "beginning" })) followed += line.text;
    expect(followed).toBe(text);
  });
});
