import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { Event, JsonObject } from "../../event/index.ts";
import { encodeIdentity, encodeLine } from "../../format/index.ts";
import type { LineParts } from "../../format/index.ts";
import { faultyDisk } from "../../testing/index.ts";
import { requestSync } from "../append/sync-queue.ts";
import { nodeDisk } from "../disk/disk.ts";
import type { Disk } from "../disk/disk.ts";
import { withFileLockSync } from "../disk/file-lock.ts";
import { tryLock } from "../disk/lock.ts";
import { ownEvent } from "../session/own-event.ts";
import { SharedLog } from "./shared-log.ts";
import type { SharedLogOptions } from "./shared-log.ts";

let directory: string;
let file: string;
const logs: SharedLog[] = [];
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  file = path.join(directory, "shared.jsonl");
});
afterEach(() => {
  for (const log of logs.splice(0)) log.close();
  fs.rmSync(directory, { recursive: true });
});

function open(sessionId: string, options: Partial<SharedLogOptions> = {}): SharedLog {
  const log = new SharedLog({ path: file, sessionId, agentId: "a", durability: "os", ...options });
  logs.push(log);
  return log;
}

const note = (message: string, more: JsonObject = {}): LineParts =>
  ownEvent("CHECKPOINT", { message, ...more });

function events(): Event[] {
  const text = fs.readFileSync(file, "utf8");
  expect(text.endsWith("\n")).toBe(true);
  const found = text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Event);
  expect(found.map(({ seq }) => seq)).toEqual(found.map((_, index) => (found[0]?.seq ?? 0) + index));
  return found;
}

const summary = (): string[] =>
  events().map(
    ({ event, session_id: id, message, count }) => `${id} ${event} ${String(message ?? count ?? "")}`,
  );

describe("SharedLog", () => {
  it("numbers what several writers append in one sequence, each line its writer's own", async () => {
    const [one, two] = [open("one"), open("two")];
    for (let round = 0; round < 3; round++) {
      one.append(note(`a${round}`));
      two.append(note(`b${round}`));
      await Promise.all([one.drained(), two.drained()]);
    }
    expect(summary()).toEqual([
      "one CHECKPOINT a0",
      "two CHECKPOINT b0",
      "one CHECKPOINT a1",
      "two CHECKPOINT b1",
      "one CHECKPOINT a2",
      "two CHECKPOINT b2",
    ]);
  });

  it("is closed in peace while it waits for its lock", async () => {
    const faults: unknown[] = [];
    const log = open("one", { onFault: (error) => faults.push(error) });
    log.append(note("0"));
    await log.drained();
    const fd = fs.openSync(log.lockPath, "r+");
    expect(tryLock(fd)).toBe(true);
    log.append(note("1"));
    await new Promise((resolve) => setTimeout(resolve, 5));
    fs.closeSync(fd);
    // Writes what waits; whoever has waited for the lock so far gets it later.
    log.close();
    await log.drained();
    expect(faults).toEqual([]);
    expect(summary()).toEqual(["one CHECKPOINT 0", "one CHECKPOINT 1"]);
  });

  it("settles tickets once the event has its number and its durability", async () => {
    const disk = faultyDisk();
    const log = open("one", { disk });
    const first = log.append(note("1"), "os");
    const second = log.append(note("2"), "fsync");
    await first?.settled;
    expect(first?.seq).toBe(0);
    await second?.settled;
    expect([second?.seq, disk.syncs]).toEqual([1, 1]);
  });

  it("takes the lock once for a batch, and syncs it once for all who wait", async () => {
    const disk = faultyDisk();
    const log = open("one", { disk, durability: "fsync" });
    const tickets = Array.from({ length: 100 }, (_, index) => log.append(note(String(index)), "fsync"));
    await Promise.all(tickets.map((ticket) => ticket?.settled));
    expect(disk.syncs).toBe(1);
    expect(events()).toHaveLength(100);
  });

  it("heals what a writer left that died in the middle of a line", async () => {
    const log = open("one");
    log.append(note("whole"));
    await log.drained();
    fs.appendFileSync(file, '{"event":"CHECKPOINT","timest');
    const next = open("two");
    next.append(note("after"));
    await next.drained();
    log.append(note("and after that"));
    await log.drained();
    expect(summary()).toEqual([
      "one CHECKPOINT whole",
      "two RECOVERED ",
      "two CHECKPOINT after",
      "one CHECKPOINT and after that",
    ]);
    expect(events()[1]).toMatchObject({ fragment: '{"event":"CHECKPOINT","timest', bytes: 29 });
    expect(fs.existsSync(`${file}.torn`)).toBe(false);
  });

  it("refuses what cannot be written, tells it once, and says exactly how many in a GAP", async () => {
    const disk = faultyDisk();
    const faults: string[] = [];
    const log = open("one", { disk, onFault: ({ code }) => void faults.push(code) });
    log.append(note("before"));
    await log.drained();
    disk.failWrites = [10, "no space"];
    const lost = [log.append(note("lost"), "os"), log.append(note("lost too"), "os")];
    await expect(log.drained()).rejects.toMatchObject({ code: "DISK_FULL" });
    log.append(note("lost as well"));
    await expect(log.drained()).rejects.toMatchObject({ code: "DISK_FULL" });
    for (const ticket of lost) await expect(ticket?.settled).rejects.toMatchObject({ code: "DISK_FULL" });
    log.append(note("again"));
    await log.drained();
    expect(summary()).toEqual(["one CHECKPOINT before", "one GAP 3", "one CHECKPOINT again"]);
    expect(faults).toEqual(["DISK_FULL"]);
    expect(log.refused).toBe(3);
  });

  it("lets whoever hears of a fault record that at once", () => {
    const disk = faultyDisk();
    const log: SharedLog = open("one", {
      disk,
      onFault: ({ code }) => {
        log.append(note(code));
        log.drain();
      },
    });
    log.append(note("kept"));
    log.drain();
    disk.failWrites = ["no space"];
    log.append(note("refused"));
    expect(() => log.drain()).toThrow(expect.objectContaining({ code: "DISK_FULL" }) as Error);
    expect(summary()).toEqual(["one CHECKPOINT kept", "one GAP 1", "one CHECKPOINT DISK_FULL"]);
  });

  it("refuses what its queue has no room for, and says that too", async () => {
    const fd = fs.openSync(`${file}.lock`, "a+");
    expect(tryLock(fd)).toBe(true);
    const log = open("one", { capacity: 2 });
    log.append(note("1"));
    log.append(note("2"));
    expect(() => log.append(note("3"))).toThrow(expect.objectContaining({ code: "QUEUE_FULL" }) as Error);
    fs.closeSync(fd);
    await log.drained();
    expect(summary()).toEqual(["one GAP 1", "one CHECKPOINT 1", "one CHECKPOINT 2"]);
  });

  it("refuses nothing for want of room while its lock is free", async () => {
    const log = open("one", { capacity: 1 });
    for (let index = 0; index < 50; index++) log.append(note(String(index)));
    await log.drained();
    expect(log.refused).toBe(0);
    expect(events()).toHaveLength(50);
  });

  it("writes an event as it was when it was taken, whatever becomes of the caller's object", async () => {
    const log = open("one");
    const parts = note("first");
    log.append(parts);
    parts.body["message"] = "second";
    log.append(parts);
    parts.body["message"] = "third";
    await log.drained();
    expect(summary()).toEqual(["one CHECKPOINT first", "one CHECKPOINT second"]);
  });

  it("refuses an event that cannot be encoded, and no other one of its turn", async () => {
    const log = open("one");
    const before = log.append(note("1"), "os");
    const bad = {
      toJSON: (): never => {
        throw new Error("no");
      },
    };
    expect(() => log.append(note("2", { bad: bad as unknown as JsonObject }))).toThrow(
      expect.objectContaining({ code: "BAD_EVENT" }) as Error,
    );
    const after = log.append(note("3"), "os");
    await Promise.all([before?.settled, after?.settled]);
    expect(summary()).toEqual(["one GAP 1", "one CHECKPOINT 1", "one CHECKPOINT 3"]);
  });

  it("takes events also while its lock cannot be had", async () => {
    fs.mkdirSync(`${file}.lock`);
    const faults: string[] = [];
    const log = open("one", { onFault: ({ message }) => faults.push(message) });
    for (let index = 0; index < 2_000; index++) log.append(note(String(index)));
    fs.rmdirSync(`${file}.lock`);
    await log.drained();
    expect(faults).toEqual([]);
    expect(events()).toHaveLength(2_000);
  });

  it("refuses a batch that does not get the lock in time, naming who has it", async () => {
    const fd = fs.openSync(`${file}.lock`, "a+");
    expect(tryLock(fd)).toBe(true);
    const log = open("one", { lockTimeoutMs: 10 });
    const ticket = log.append(note("1"), "os");
    await expect(ticket?.settled).rejects.toMatchObject({ code: "LOCK_TIMEOUT" });
    log.append(note("2"));
    expect(() => log.drain()).toThrow(/this process itself/);
    fs.closeSync(fd);
    log.append(note("3"));
    log.drain();
    expect(summary()).toEqual(["one GAP 2", "one CHECKPOINT 3"]);
  });

  it("writes synchronously when asked to, in order with what waits", async () => {
    const log = open("one");
    log.append(note("1"));
    const ticket = log.append(note("2"), "fsync");
    log.sync();
    expect(events()).toHaveLength(2);
    await ticket?.settled;
    await log.drained();
    expect(summary()).toEqual(["one CHECKPOINT 1", "one CHECKPOINT 2"]);
  });

  it("writes by itself when a caller never lets the event loop turn", () => {
    const log = open("one", { capacity: 2_000 });
    for (let index = 0; index < 5_000; index++) log.append(note(String(index)));
    expect(log.refused).toBe(0);
    expect(events().length).toBeGreaterThan(4_000);
  });

  it("goes on in another file that was put in its place under the lock", async () => {
    const [one, two] = [open("one"), open("two")];
    one.append(note("old"));
    two.append(note("old"));
    await Promise.all([one.drained(), two.drained()]);
    withFileLockSync(one.lockPath, () => {
      fs.renameSync(file, path.join(directory, "archived.jsonl"));
      const header = { ...ownEvent("SEGMENT", { format: 1, segment: 2, first_seq: 2 }), seq: 2 };
      fs.writeFileSync(file, encodeLine(header, encodeIdentity("x", "a")));
    });
    one.append(note("new"));
    two.append(note("new"));
    await Promise.all([one.drained(), two.drained()]);
    expect(events().map(({ seq, session_id: id }) => `${seq} ${id}`)).toEqual(["2 x", "3 one", "4 two"]);
    expect(fs.readFileSync(path.join(directory, "archived.jsonl"), "utf8").split("\n")).toHaveLength(3);
  });

  it("looks only at what others have added since, however long the log is", () => {
    let bytesRead = 0;
    const read: Disk["read"] = (fd, into, position) => {
      const count = nodeDisk.read(fd, into, position);
      bytesRead += count;
      return count;
    };
    const one = open("one", { disk: { ...nodeDisk, read } });
    for (let index = 0; index < 3; index++) one.append(note("x".repeat(1024 * 1024)));
    one.drain();
    const two = open("two");
    two.append(note("short"));
    two.drain();
    bytesRead = 0;
    one.append(note("after that"));
    one.drain();
    expect(events().at(-1)).toMatchObject({ seq: 4, message: "after that" });
    expect(bytesRead).toBeLessThan(256 * 1024);
  });

  it("lets go of a file that was switched, also when its last sync was still waiting for its turn", async () => {
    const busy: (() => void)[] = [];
    for (let other = 0; other < 3; other++) requestSync({ beginSync: (done) => void busy.push(done) });
    const disk = faultyDisk();
    const closed: number[] = [];
    const watched = {
      ...disk,
      close: (fd: number): void => {
        closed.push(fd);
        disk.close(fd);
      },
    };
    const log = open("one", { durability: "interval", disk: watched, rotation: { bytes: 4096 } });
    while (!fs.existsSync(path.join(directory, "shared.0000.jsonl"))) {
      log.append(note("x".repeat(1000)));
      log.flush();
    }
    closed.length = 0;
    log.sync();
    for (const done of busy) done();
    expect(closed).toHaveLength(1);
    await log.drained();
  });

  it("takes nothing more into a file whose sync has failed, and goes on in another one", async () => {
    const disk = faultyDisk();
    const log = open("one", { disk });
    disk.failSyncs = 1;
    await expect(log.append(note("1"), "fsync")?.settled).rejects.toMatchObject({ code: "IO" });
    await expect(log.append(note("2"), "fsync")?.settled).rejects.toMatchObject({ code: "IO" });
    expect(disk.syncs).toBe(1);
    withFileLockSync(log.lockPath, () => fs.renameSync(file, `${file}.old`));
    await log.append(note("3"), "fsync")?.settled;
    expect(summary()).toEqual(["one GAP 1", "one CHECKPOINT 3"]);
  });

  it("adds nothing to a file of a later format", async () => {
    fs.writeFileSync(file, encodeLine(ownEvent("START", { format: 2 }), encodeIdentity("x", "a")));
    const log = open("one");
    const ticket = log.append(note("1"), "os");
    await expect(ticket?.settled).rejects.toMatchObject({ code: "FORMAT_TOO_NEW" });
    expect(events()).toHaveLength(1);
  });

  it("takes nothing once it is closed", () => {
    const log = open("one");
    log.append(note("1"));
    log.close();
    expect(events()).toHaveLength(1);
    expect(() => log.append(note("2"))).toThrow(expect.objectContaining({ code: "CLOSED" }) as Error);
  });
});
