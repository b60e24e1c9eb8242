import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { faultyDisk, testEvents } from "../testing/index.ts";
import { asyncJsonlSink, bufferedSink, jsonlSink } from "./index.ts";
import type { AsyncJsonlSink, JsonlSink, JsonlSinkOptions } from "./index.ts";
import { openBuffers } from "./open-buffers.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  file = path.join(folder, "events.jsonl");
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const content = (): string => fs.readFileSync(file, "utf8");
const events = testEvents(300);
const [first, second] = events as [(typeof events)[0], (typeof events)[0]];

type Make = (file: string, options?: JsonlSinkOptions) => AsyncJsonlSink | JsonlSink;

describe.each<[string, Make]>([
  ["jsonlSink", jsonlSink],
  ["asyncJsonlSink", asyncJsonlSink],
])("%s", (name, makeSink) => {
  it("creates private folders and a private file, whatever the umask", async () => {
    const before = process.umask(0);
    try {
      file = path.join(folder, "var", "audit", "agent-events.jsonl");
      const sink = makeSink(file);
      await sink.write(first.event, first.line);
      await sink.close();
    } finally {
      process.umask(before);
    }
    expect(content()).toBe(first.line);
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    expect(fs.statSync(path.dirname(file)).mode & 0o777).toBe(0o700);
    expect(fs.statSync(path.join(folder, "var")).mode & 0o777).toBe(0o700);
  });

  it("adds to a file that is there, and never glues an event to what a dead writer left", async () => {
    fs.writeFileSync(file, `${second.line}{"event":"TOOL_CALL","timest`);
    const sink = makeSink(file);
    await sink.write(first.event, first.line);
    await sink.close();
    expect(content()).toBe(`${second.line}{"event":"TOOL_CALL","timest\n${first.line}`);
  });

  it("lets no second writer in, in this process neither, until the first is done", async () => {
    const sink = makeSink(file);
    expect(() => makeSink(file)).toThrow(expect.objectContaining({ code: "FILE_BUSY" }));
    await sink.close();
    await makeSink(file).close();
  });

  it("stays with its file when the program changes its folder", async () => {
    const before = process.cwd();
    process.chdir(folder);
    const sink = makeSink("events.jsonl");
    process.chdir(before);
    await sink.write(first.event, first.line);
    await sink.close();
    expect([sink.path, content()]).toEqual([fs.realpathSync(file), first.line]);
  });

  it("refuses an event that a full disk does not take, leaves nothing of it, and goes on when there is room", async () => {
    const disk = faultyDisk();
    const sink = makeSink(file, { disk });
    disk.failWrites = [20];
    await expect((async () => await sink.write(first.event, first.line))()).rejects.toMatchObject({
      code: "DISK_FULL",
    });
    expect(content()).toBe("");
    disk.failWrites = [];
    await sink.write(second.event, second.line);
    await sink.close();
    expect(content()).toBe(second.line);
  });

  it("resolves at fsync only after the sync, which all who wait share", async () => {
    const disk = faultyDisk();
    const sink = makeSink(file, { durability: "fsync", disk });
    const before = disk.syncs;
    const written = Promise.all(
      events.slice(0, 100).map(async ({ event, line }) => {
        await sink.write(event, line);
        expect(disk.syncs).toBeGreaterThan(before);
      }),
    );
    await written;
    expect(disk.syncs - before).toBe(1);
    await sink.close();
  });

  it("accepts nothing more after a failed sync, because the kernel may have dropped what it held", async () => {
    const disk = faultyDisk();
    const sink = makeSink(file, { durability: "fsync", disk });
    disk.failSyncs = 1;
    const write = async (): Promise<void> => await sink.write(first.event, first.line);
    await expect(write()).rejects.toMatchObject({ code: "IO" });
    const { syncs } = disk;
    await expect(write()).rejects.toMatchObject({ code: "IO" });
    await expect(sink.flush()).rejects.toMatchObject({ code: "IO" });
    await Promise.resolve()
      .then(() => sink.close())
      .catch(() => undefined);
    expect(disk.syncs).toBe(syncs);
  });

  it("syncs every ten events at interval, and what is left when it closes", async () => {
    const disk = faultyDisk();
    const sink = makeSink(file, { disk });
    for (const { event, line } of events.slice(0, 10)) await sink.write(event, line);
    while (disk.syncs === 0) await new Promise((resolve) => setImmediate(resolve));
    for (const { event, line } of events.slice(10, 13)) await sink.write(event, line);
    await new Promise((resolve) => setImmediate(resolve));
    const { syncs } = disk;
    await sink.close();
    expect(disk.syncs).toBe(syncs + 1);
  });

  it("refuses a path and options that it cannot take", () => {
    expect(() => makeSink(7 as unknown as string)).toThrow(TypeError);
    expect(() => makeSink("")).toThrow(RangeError);
    expect(() => makeSink(file, { durabilty: "os" } as object)).toThrow('did you mean "durability"?');
    expect(() => makeSink(file, { durability: "FSYNC" as "fsync" })).toThrow(RangeError);
    expect(() => makeSink(path.join("/dev/null", name))).toThrow(expect.objectContaining({ code: "IO" }));
  });
});

describe("jsonlSink", () => {
  it("has the event with the kernel when write returns", () => {
    const sink = jsonlSink(file, { durability: "os" });
    expect(sink.write(first.event, first.line)).toBeUndefined();
    expect(content()).toBe(first.line);
    sink.close();
  });

  it("lets nobody wait for a sync of a file that a torn line has spoilt", async () => {
    const disk = faultyDisk();
    const syncs: (() => void)[] = [];
    const spoilt = {
      ...disk,
      truncate: (): never => {
        throw Object.assign(new Error("EIO"), { code: "EIO" });
      },
      syncSoon: (...args: Parameters<typeof disk.syncSoon>) => void syncs.push(() => disk.syncSoon(...args)),
    };
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    const sink = jsonlSink(file, { durability: "fsync", disk: spoilt });
    const written = sink.write(first.event, first.line);
    await turn();
    disk.failWrites = [10];
    const torn = sink.write(second.event, second.line);
    await turn();
    for (const sync of syncs) sync();
    await expect(written).rejects.toMatchObject({ code: "IO" });
    await expect(torn).rejects.toMatchObject({ code: "IO" });
    sink.close();
  });

  it("behind a buffer still shares its syncs", async () => {
    const disk = faultyDisk();
    const sink = bufferedSink(jsonlSink(file, { durability: "fsync", disk }));
    const before = disk.syncs;
    await Promise.all(events.map(({ event, line }) => sink.deliver(event, line)));
    expect(disk.syncs - before).toBeLessThan(events.length / 10);
    await sink.close();
  });
});

describe("asyncJsonlSink", () => {
  it("touches the file only off the event loop", async () => {
    const disk = faultyDisk();
    const onLoop: string[] = [];
    const watched = {
      ...disk,
      write: (...args: Parameters<typeof disk.write>) => {
        onLoop.push("write");
        return disk.write(...args);
      },
      sync: (fd: number) => {
        onLoop.push("sync");
        disk.sync(fd);
      },
    };
    const sink = asyncJsonlSink(file, { durability: "fsync", disk: watched });
    await Promise.all(events.map(({ event, line }) => sink.write(event, line)));
    await sink.close();
    expect(content()).toBe(events.map(({ line }) => line).join(""));
    expect(onLoop).toEqual([]);
  });

  it("holds as many lines as it is told and refuses one more", async () => {
    const sink = asyncJsonlSink(file, { capacity: 2 });
    const [a, b, c] = events.slice(0, 3).map(({ event, line }) => sink.write(event, line));
    await expect(c).rejects.toMatchObject({ code: "QUEUE_FULL" });
    await Promise.all([a, b]);
    await sink.close();
    expect(content().split("\n")).toHaveLength(3);
  });

  it("is never given more than it holds by a larger buffer before it, nor when the process ends", async () => {
    const sink = bufferedSink(asyncJsonlSink(file, { capacity: 7 }), { capacity: 1_000 });
    for (const { event, line } of events.slice(0, 200)) void sink.write(event, line);
    await sink.flush();
    for (const { event, line } of events.slice(200)) void sink.write(event, line);
    for (const buffer of openBuffers) buffer.drainNow(true);
    expect(content()).toBe(events.map(({ line }) => line).join(""));
    expect(sink.refusedEvents).toBe(0);
    await sink.close();
  });

  it("is drained at once when the process ends, also while the thread pool is writing", async () => {
    const sink = asyncJsonlSink(file);
    const early = events.slice(0, 100).map(({ event, line }) => sink.write(event, line));
    // By then the first lines are with the thread pool.
    await new Promise((resolve) => setImmediate(resolve));
    const late = events.slice(100).map(({ event, line }) => sink.write(event, line));
    for (const buffer of openBuffers) buffer.drainNow(true);
    expect(content()).toBe(events.map(({ line }) => line).join(""));
    await Promise.all([...early, ...late]);
    await sink.close();
    expect(content()).toBe(events.map(({ line }) => line).join(""));
    expect(openBuffers.size).toBe(0);
  });
});
