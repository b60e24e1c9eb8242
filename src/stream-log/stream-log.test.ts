import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { consoleStreamHandler } from "../live/index.ts";
import { nodeDisk } from "../store/disk/disk.ts";
import { logEntry } from "./entry.ts";
import { dailyRotation } from "./rotation.ts";
import { createStreamLog } from "./stream-log.ts";
import type { StreamLog } from "./stream-log.ts";

let dir: string;
let logger: StreamLog;
let shown: string;
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  shown = "";
  const onChunk = consoleStreamHandler({ write: (text) => (shown += text) });
  logger = createStreamLog({ store: { dir, handleSignals: false }, onChunk });
});
afterEach(() => {
  vi.useRealTimers();
  logger.close();
  fs.rmSync(dir, { recursive: true });
});

async function list<T>(values: AsyncIterable<T>): Promise<T[]> {
  const listed: T[] = [];
  for await (const value of values) listed.push(value);
  return listed;
}

function fail(): never {
  throw new Error("EPIPE");
}

describe("StreamLog", () => {
  it("keeps every chunk on disk and gives it to everybody who reads its session, from the beginning", async () => {
    const early = list(logger.sessionLogs("a"));
    for (const word of ["one ", "two ", "three"]) logger.logChunk(word, "a");
    logger.logChunk("another", "b");
    const late = list(logger.sessionLogs("a"));
    await sleep(10);
    logger.logChunk(" four", "a");
    logger.endSession("a");
    expect(await early).toEqual(["one ", "two ", "three", " four"]);
    expect(await late).toEqual(await early);
    // After the end, and from the logs alone, they are the same.
    expect(await list(logger.sessionLogs("a"))).toEqual(await early);
    expect((await list(logger.allLogs())).map(({ session_id, message }) => session_id + message)).toEqual([
      "aone ",
      "atwo ",
      "athree",
      "a four",
      "banother",
    ]);
  });

  it("gives the central stream everything of all sessions", async () => {
    const central = logger.logs({ idleTimeoutMs: 100 });
    const entries = list(central);
    logger.logChunk("x ", "a");
    logger.logChunk("y ", "b");
    logger.log({
      session_id: "a",
      message: "a line",
      log_type: "log",
      timestamp: "2026-01-06T23:00:00+01:00",
    });
    const got = await entries;
    expect(
      got.map(({ session_id, message, log_type }) => `${session_id} ${message} ${log_type}`).toSorted(),
    ).toEqual(["a a line log", "a x  chat", "b y  chat"]);
    expect(got.find(({ log_type }) => log_type === "log")?.timestamp).toBe("2026-01-06T22:00:00.000Z");
  });

  it("pops up to the end of the reasoning, and takes nothing from others", async () => {
    for (const chunk of ["<think>", "Let me ", "see.", "</thi", "nk>", "Yes."]) logger.logChunk(chunk, "a");
    logger.logChunk("foreign ", "b");
    const popped = await list(logger.pop("a", { totalTimeoutMs: 5_000 }));
    expect(popped.join("")).toBe("<think>Let me see.</think>");
    expect(await list(logger.pop("a"))).toEqual(popped);
    expect(await list(logger.sessionLogs("b", { idleTimeoutMs: 50 }))).toEqual(["foreign "]);
  });

  it("does not keep the event loop busy while a session says nothing, and creates none by reading", async () => {
    logger.logChunk("foreign ", "b");
    const popping = list(logger.pop("a", { totalTimeoutMs: 60 }));
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    expect(await popping).toEqual([]);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
    expect(logger.allSessionsInQueue).toEqual(["b"]);
    expect(logger.allSessionsInQueues).toEqual(["b"]);
  });

  it("counts idle time from the last message, so a session that speaks is not cut off", async () => {
    const messages = list(logger.sessionLogs("a", { idleTimeoutMs: 150 }));
    for (let n = 0; n < 5; n++) {
      await sleep(60);
      logger.logChunk("tick ", "a");
    }
    expect(await messages).toHaveLength(5);
  });

  it("gives a message that may be half a secret after a second of silence", async () => {
    logger.logChunk("message1", "a");
    expect(await list(logger.sessionLogs("a", { idleTimeoutMs: 1_500 }))).toEqual(["message1"]);
  });

  it("distributes at once when there is nothing, and until it is cancelled otherwise", async () => {
    expect(await logger.distribute({ finite: true })).toBe(0);
    logger.logChunk("x ", "a");
    logger.logChunk("y ", "a");
    expect(await logger.distribute({ finite: true })).toBe(2);
    const stop = new AbortController();
    const going = logger.distribute({ signal: stop.signal });
    logger.logChunk("z ", "a");
    await sleep(20);
    stop.abort();
    expect(await going).toBe(1);
  });

  it("ends a cancelled reader with the reason", async () => {
    const stop = new AbortController();
    const reading = list(logger.sessionLogs("a", { signal: stop.signal }));
    await sleep(5);
    stop.abort(new Error("cancelled"));
    await expect(reading).rejects.toThrow("cancelled");
  });

  it("shows chunks only through the handler that was given: no marks, a new line at end marks", () => {
    for (const chunk of ["<start>", "Hi", "<think>", "hm", "</think>", "</end>", "<tool>", "ls", "</tool>"]) {
      logger.logChunk(chunk, "a");
    }
    expect(shown).toBe("Hihm\n\nls");
  });

  it("goes on in another file at 00:00 and keeps a week of them, once it is told so", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.parse("2026-01-06T22:00:00.000Z") });
    const setDay = (day: number): void => void vi.setSystemTime(Date.UTC(2026, 0, day, 23, 30));
    const zone = "Europe/Berlin";
    await logger.store.updateSettings(dailyRotation({ timeZone: zone }));
    const messages = async (): Promise<string[]> =>
      (await list(logger.allLogs())).map(({ message }) => message);
    for (let day = 6; day < 16; day++) {
      setDay(day);
      logger.log({ session_id: "a", message: `day ${day}`, log_type: "log" });
      await logger.store.retain();
    }
    const kept = await messages();
    // By the last event of each file: what was logged on the 8th at 23:30 is as old as it may be on the 15th.
    expect(kept).toEqual(Array.from({ length: 8 }, (_, index) => `day ${index + 8}`));
    expect(() => dailyRotation({ keepDays: 0 })).toThrow(RangeError);
    expect(() => dailyRotation({ keepDay: 7 } as never)).toThrow(/did you mean "keepDays"/);
  });

  it.each([
    ["throws", (): never => fail()],
    ["rejects", async (): Promise<never> => fail()],
  ])("records on though onChunk %s, and warns once", async (_, onChunk) => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const other = createStreamLog({ store: { dir, handleSignals: false }, onChunk });
    other.logChunk("one ", "a");
    other.logChunk("two", "a");
    await sleep(0);
    other.close();
    expect(await list(logger.sessionLogs("a"))).toEqual(["one ", "two"]);
    expect(warn.mock.calls).toEqual([["onChunk of a stream log failed: EPIPE", "TracekeepWarning"]]);
    warn.mockRestore();
  });

  it("ends every session and closes its store, also when one cannot be written out", () => {
    const broken = createStreamLog({
      store: { dir: path.join(dir, "store"), handleSignals: false, spill: false, onFault: () => undefined },
    });
    for (const id of ["a", "b"]) broken.logChunk("text", id);
    const write = vi.spyOn(nodeDisk, "write").mockImplementationOnce(() => {
      throw Object.assign(new Error("ENOSPC"), { code: "ENOSPC" });
    });
    try {
      expect(() => broken.close()).toThrow(expect.objectContaining({ code: "DISK_FULL" }));
    } finally {
      write.mockRestore();
    }
    expect(broken.allSessionsInQueues).toEqual([]);
    expect(broken.store.openSessions).toEqual([]);
    expect(() => broken.close()).not.toThrow();
  });

  it("reads what was written while the disk takes no more", async () => {
    logger.logChunk("before", "a");
    await sleep(1);
    const write = vi.spyOn(nodeDisk, "write").mockImplementation(() => {
      throw Object.assign(new Error("ENOSPC"), { code: "ENOSPC" });
    });
    try {
      for (const word of ["while ", "it waits"]) logger.logChunk(word, "a");
      expect((await list(logger.allLogs())).map(({ message }) => message)).toEqual(["before"]);
    } finally {
      write.mockRestore();
    }
    logger.endSession("a");
    expect(await list(logger.sessionLogs("a"))).toEqual(["before", "while ", "it waits"]);
  });

  it("refuses a timeout that is a number, rather than wait for ever", async () => {
    await expect(list(logger.sessionLogs("a", 1 as never))).rejects.toThrow("options must be an object");
    await expect(list(logger.pop("a", { timeout: 1 } as never))).rejects.toThrow(/known options: from, idle/);
    expect(() => logger.logs({ idleTimeout: 1 } as never)).toThrow('did you mean "idleTimeoutMs"?');
  });

  it("checks entries", () => {
    expect(logEntry({ session_id: "a", message: "" })).toMatchObject({ log_type: "chat", message: "" });
    expect(() => logEntry({ session_id: "", message: "" })).toThrow(RangeError);
    expect(() => logEntry({ session_id: "a", message: 1 } as never)).toThrow(TypeError);
    expect(() => logEntry({ session_id: "a", message: "", log_type: "chatter" } as never)).toThrow(
      /chat, log/,
    );
    expect(() => logEntry({ session_id: "a", message: "", timestamp: "yesterday" })).toThrow(RangeError);
    expect(() => logEntry({ session_id: "a", message: "", sesion: "b" } as never)).toThrow(TypeError);
  });
});
