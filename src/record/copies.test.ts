// Sinks beside the logs of a store.

import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { TracekeepError } from "../base/errors.ts";
import { uuidv7 } from "../base/ids.ts";
import type { Event } from "../event/index.ts";
import { LiveHub } from "../live/index.ts";
import { bufferedSink, filterSink, memorySink } from "../sinks/index.ts";
import type { Sink } from "../sinks/index.ts";
import { createSessionLog } from "../store/session/open-session-log.ts";
import type { SessionLog } from "../store/session/session-log.ts";
import { faultyDisk, testEvents } from "../testing/index.ts";
import { Copies } from "./copies.ts";
import { EventEncoder } from "./encoder.ts";
import type { StoreOptions } from "./options.ts";
import { openStore } from "./store.ts";
import type { Store } from "./store.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

function storeWith(sinks: readonly Sink[], options: StoreOptions = {}): Store {
  return openStore({ dir: folder, handleSignals: false, onFault: () => undefined, sinks, ...options });
}

/** A sink that keeps the lines it gets. */
function lineSink(): { sink: Sink; lines: string[]; events: Event[] } {
  const lines: string[] = [];
  const events: Event[] = [];
  const write = (event: Event, line: string): void => {
    lines.push(line);
    events.push(event);
  };
  return { sink: { write }, lines, events };
}

describe("openStore({ sinks })", () => {
  it("gives each sink every numbered event, START to END, as the very bytes of the log", async () => {
    const one = lineSink();
    const other = lineSink();
    const store = storeWith([one.sink, other.sink]);
    const session = store.startSession({ id: "s", agent: "a" });
    session.toolCall("bash", { command: "true", when: new Date(0) }).result({ exit_code: 0 });
    await turn();
    session.userMessage("é\u2028 and a long one: ".repeat(10_000));
    session.end();
    const again = store.openSession("s");
    again.log({ event: "nav" });
    again.end();
    expect(one.lines.join("")).toBe(fs.readFileSync(session.file, "utf8"));
    expect(other.lines).toEqual(one.lines);
    expect(one.events).toEqual(one.lines.map((line) => JSON.parse(line) as Event));
    expect(one.events.every((event) => Object.isFrozen(event))).toBe(true);
  });

  it("gives them an event only once it is in its log", async () => {
    const seen: boolean[] = [];
    const sink: Sink = {
      write: (_event, line) => void seen.push(fs.readFileSync(session.file, "utf8").includes(line)),
    };
    const session = storeWith([sink]).startSession();
    for (let n = 0; n < 2_000; n++) session.checkpoint(`event ${n}`);
    await turn();
    session.checkpoint("one more");
    session.end();
    expect(seen).toEqual(Array(2_003).fill(true));
  });

  it("never gives them what the log lost, nor the same number twice", () => {
    const disk = faultyDisk();
    const copy = lineSink();
    const encoder = new EventEncoder("s", "a", 1_000_000);
    const copies = new Copies(
      [copy.sink],
      encoder,
      new LiveHub(),
      () => undefined,
      () => undefined,
    );
    const parts = (name: string): Parameters<SessionLog["append"]>[0] => {
      const [{ event }] = testEvents(1) as [ReturnType<typeof testEvents>[0]];
      return { ...event, event: name, id: uuidv7(0), body: {} };
    };
    const log = createSessionLog(folder, ["session.jsonl"], parts("START"), {
      sessionId: "s",
      agentId: "a",
      durability: "os",
      disk,
      onAppend: (appended) => copies.add(appended),
      onLost: () => copies.lost(),
    });
    copies.attach(log);
    log.append(parts("kept"));
    log.flush();
    log.append(parts("lost"));
    log.append(parts("lost too"));
    disk.failWrites = ["no space"];
    copies.drainNow();
    disk.failWrites = [];
    log.append(parts("after"));
    log.close();
    copies.drainNow();
    expect(copy.lines.join("")).toBe(fs.readFileSync(log.path, "utf8"));
    expect(copy.events.map(({ event, seq }) => [event, seq])).toEqual([
      ["START", 0],
      ["kept", 1],
      ["GAP", 2],
      ["after", 3],
    ]);
  });

  it("keeps their failures from the session: heard by onFault, said once by DEGRADED, and nothing more", async () => {
    const good = memorySink();
    const faults: TracekeepError[] = [];
    const throwing: Sink = {
      write: () => {
        throw new Error("broken");
      },
    };
    const hanging: Sink = { write: () => new Promise<void>(() => undefined) };
    const store = storeWith([throwing, hanging, good], { onFault: (error) => faults.push(error) });
    const session = store.startSession({ id: "s" });
    for (let n = 0; n < 10; n++) {
      session.checkpoint(`event ${n}`);
      await turn();
    }
    await turn();
    const receipt = await session.append({ event: "nav" });
    session.end();
    expect(receipt.seq).toBe(12);
    const events = fs
      .readFileSync(session.file, "utf8")
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Event);
    const degraded = events.filter(({ event }) => event === "DEGRADED");
    expect(degraded).toHaveLength(1);
    expect(degraded[0]).toMatchObject({
      reason: "the copy in sink 1 is incomplete",
      error: { code: "REFUSED" },
    });
    expect(faults).toHaveLength(1);
    expect(good.events.map(({ seq }) => seq)).toEqual(events.map(({ seq }) => seq));
  });

  it("lets a sink filter and drop without renumbering anything", async () => {
    const errors = memorySink();
    const slow = bufferedSink({ write: () => turn() }, { capacity: 1, overflow: "drop-newest" });
    const session = storeWith([filterSink(errors, { minSeverity: "ERROR" }), slow]).startSession();
    session.userMessage("fine");
    session.error("not fine");
    session.end();
    expect(errors.events.map(({ event, seq }) => [event, seq])).toEqual([["ERROR", 2]]);
    expect(slow.droppedEvents).toBe(3);
    await slow.close();
  });

  it("flushes them when the store's scope ends, and leaves them open", async () => {
    const end = memorySink();
    const sink = bufferedSink(end);
    {
      await using store = storeWith([sink]);
      store.startSession().userMessage("hello");
    }
    expect(end.events.map(({ event }) => event)).toEqual(["START", "USER_MESSAGE"]);
    const [{ event, line }] = testEvents(1) as [ReturnType<typeof testEvents>[0]];
    expect(() => sink.write(event, line)).not.toThrow();
    await sink.close();
  });

  it("refuses what is no sink", () => {
    expect(() => storeWith([{} as Sink])).toThrow(TypeError);
    expect(() => storeWith(memorySink() as unknown as Sink[])).toThrow(TypeError);
  });
});
