import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { dayEndIn } from "../../base/day.ts";
import { decodeLine } from "../../format/index.ts";
import type { LineParts } from "../../format/index.ts";
import { faultyDisk } from "../../testing/index.ts";
import { keepUp } from "../lifecycle/shared-archive.ts";
import { readLines } from "../reading/line-reader.ts";
import { ownEvent } from "../session/own-event.ts";
import { SharedLog } from "./shared-log.ts";
import type { SharedLogOptions } from "./shared-log.ts";
import { listRotated } from "./shared-segments.ts";

let directory: string;
let file: string;
const logs: SharedLog[] = [];
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  file = path.join(directory, "shared.jsonl");
});
afterEach(() => {
  vi.useRealTimers();
  for (const log of logs.splice(0)) log.close();
  fs.rmSync(directory, { recursive: true });
});

function open(sessionId: string, options: Partial<SharedLogOptions> = {}): SharedLog {
  const log = new SharedLog({
    path: file,
    sessionId,
    agentId: "a",
    durability: "os",
    rotation: { bytes: 4096 },
    ...options,
  });
  logs.push(log);
  return log;
}

const note = (message: string): LineParts => ownEvent("CHECKPOINT", { message });

/** Messages of all files in order; fails the test where a number is missing, or there twice. */
function messages(): string[] {
  const paths = [...listRotated(file).map((each) => each.path), file].filter((each) => fs.existsSync(each));
  const events = paths.flatMap((each) =>
    [...readLines(each)].map((line) => {
      const decoded = "bytes" in line ? decodeLine(line.bytes) : undefined;
      if (decoded?.kind !== "event") throw new Error(`no event in ${each}`);
      return { ...decoded.event };
    }),
  );
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index));
  return events.filter(({ event }) => event === "CHECKPOINT").map(({ message }) => String(message));
}

const archive = (options: Partial<Parameters<typeof keepUp>[0]> = {}): Promise<void> =>
  keepUp({ disk: faultyDisk(), log: file, record: () => Promise.resolve(), ...options });

describe("a shared log that is rotated", () => {
  it("goes on in another file at its size, and no writer loses or repeats a number", async () => {
    const [one, two] = [open("one"), open("two")];
    const expected: string[] = [];
    for (let round = 0; round < 60; round++) {
      for (const [name, log] of [["one", one] as const, ["two", two] as const]) {
        log.append(note(`${name} ${round}`));
        log.flush();
        expected.push(`${name} ${round}`);
      }
    }
    await Promise.all([one.drained(), two.drained()]);
    expect(messages()).toEqual(expected);
    const rotated = listRotated(file);
    expect(rotated.length).toBeGreaterThan(3);
    expect(rotated.map(({ number }) => number)).toEqual(rotated.map((_, index) => index));
    for (const each of rotated) expect(fs.statSync(each.path).size).toBeLessThan(4096 + 400);
  });

  it("begins another file with the first event after midnight where its owner lives", () => {
    vi.useFakeTimers({ now: Date.parse("2026-01-06T22:59:59.000Z"), toFake: ["Date"] });
    const log = open("one", { rotation: { bytes: 1e9, dailyIn: "Europe/Berlin" } });
    log.append(note("on the 6th"));
    log.drain();
    vi.setSystemTime(Date.parse("2026-01-06T22:59:59.999Z"));
    log.append(note("still"));
    log.drain();
    expect(listRotated(file)).toEqual([]);
    vi.setSystemTime(Date.parse("2026-01-06T23:00:00.000Z"));
    log.append(note("on the 7th"));
    log.drain();
    log.append(note("and on"));
    log.drain();
    expect(listRotated(file)).toHaveLength(1);
    expect(messages()).toEqual(["on the 6th", "still", "on the 7th", "and on"]);
  });

  it("puts another program's file aside as it is", () => {
    const theirs = '{"ts": "2026-01-06T22:00:00.000Z", "event": "nav", "session_id": "s"}\n'.repeat(3);
    fs.writeFileSync(file, theirs);
    const log = open("one");
    log.append(note("ours"));
    log.drain();
    expect(fs.readFileSync(path.join(directory, "shared.0000.jsonl"), "utf8")).toBe(theirs);
    const lines = fs.readFileSync(file, "utf8").trim().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { seq: number }).seq)).toEqual([3, 4]);
  });

  it("goes on behind its archive when somebody has taken the file away", async () => {
    const log = open("one");
    for (let index = 0; index < 20; index++) log.append(note(`${index} ${"x".repeat(300)}`));
    log.drain();
    log.close();
    await archive();
    const before = listRotated(file);
    const last = before.at(-1)?.number ?? 0;
    fs.rmSync(file);
    const next = open("two");
    next.append(note("after"));
    next.drain();
    const [header] = fs.readFileSync(file, "utf8").split("\n");
    expect(JSON.parse(header ?? "")).toMatchObject({ event: "SEGMENT", segment: last + 1 });
    for (let index = 0; index < 20; index++) next.append(note(`${index} ${"y".repeat(300)}`));
    next.drain();
    expect(listRotated(file).length).toBeGreaterThan(before.length);
  });

  it("takes nothing more into a file whose sync has failed, and goes on in the next one", async () => {
    const disk = faultyDisk();
    const log = open("one", { disk });
    disk.failSyncs = 1;
    await expect(log.append(note("1"), "fsync")?.settled).rejects.toMatchObject({ code: "IO" });
    await log.append(note("2"), "fsync")?.settled;
    expect(messages()).toEqual(["1", "2"]);
    expect(listRotated(file)).toHaveLength(1);
  });
});

describe("rotating and archiving on a disk that fails", () => {
  const fill = (log: SharedLog, from: number, to: number): void => {
    for (let index = from; index < to; index++) log.append(note(`${index} ${"x".repeat(400)}`));
    log.drain();
  };
  const all = (count: number): string[] =>
    Array.from({ length: count }, (_, index) => `${index} ${"x".repeat(400)}`);

  it("is complete or has not happened at whatever operation the process dies", async () => {
    let crashes = 0;
    for (let step = 0; ; step++) {
      for (const name of fs.readdirSync(directory))
        fs.rmSync(path.join(directory, name), { recursive: true });
      fill(open("before"), 0, 6);
      const disk = faultyDisk();
      const log = open("dies", { disk, onFault: () => undefined });
      disk.crashIn = step;
      let acknowledged = 6;
      for (let index = 6; index < 12 && !disk.isDead; index++) {
        try {
          fill(log, index, index + 1);
          acknowledged = index + 1;
        } catch {
          // It died.
        }
      }
      await archive({ disk }).catch(() => undefined);
      const hasDied = disk.isDead;
      if (hasDied) crashes++;
      logs.length = 0;
      const next = open("next");
      next.append(note("after"));
      next.drain();
      await archive();
      const found = messages();
      expect(found.slice(0, acknowledged)).toEqual(all(acknowledged));
      expect(found.at(-1)).toBe("after");
      expect(found.length - acknowledged).toBeLessThanOrEqual(2);
      const stray = fs.readdirSync(directory, { recursive: true, encoding: "utf8" });
      expect(
        stray.filter((name) => path.basename(name).startsWith(".tmp-") && name.includes("archive")),
      ).toEqual([]);
      if (!hasDied) break;
    }
    expect(crashes).toBeGreaterThan(15);
  });

  it("loses nothing when a rotation finds the disk full, and rotates later", () => {
    const disk = faultyDisk();
    const faults: string[] = [];
    const log = open("one", { disk, onFault: ({ code }) => void faults.push(code) });
    fill(log, 0, 10);
    const before = listRotated(file).length;
    const size = fs.statSync(file).size;
    fill(open("other", { rotation: undefined }), 10, 10 + Math.ceil((4096 - size) / 500) + 1);
    const count = messages().length;
    disk.failWrites = ["no space"];
    fill(log, count, count + 1);
    expect(faults).toEqual(["DISK_FULL"]);
    expect(listRotated(file)).toHaveLength(before);
    expect(messages()).toEqual(all(count + 1));
    vi.spyOn(performance, "now").mockReturnValue(performance.now() + 2_000);
    fill(log, count + 1, count + 2);
    vi.restoreAllMocks();
    expect(listRotated(file)).toHaveLength(before + 1);
    expect(messages()).toEqual(all(count + 2));
  });

  it("keeps a file that is due for deletion until the record of it is on the medium", async () => {
    vi.useFakeTimers({ now: Date.parse("2026-01-06T22:00:00.000Z"), toFake: ["Date"] });
    fill(open("one"), 0, 20);
    await archive();
    // Within a day, so that nobody doubts the clock.
    vi.setSystemTime(Date.parse("2026-01-07T20:00:00.000Z"));
    const count = listRotated(file).length;
    const refused = archive({ retentionDays: 0.5, record: () => Promise.reject(new Error("no")) });
    await expect(refused).rejects.toThrow("no");
    expect(listRotated(file)).toHaveLength(count);
    const records: Record<string, unknown>[] = [];
    const record = (_type: string, body: object): Promise<void> =>
      Promise.resolve(void records.push({ ...body }));
    await archive({ retentionDays: 1, record });
    expect(listRotated(file)).toHaveLength(count);
    await archive({ retentionDays: 0.5, record });
    expect(listRotated(file)).toEqual([]);
    expect(records).toHaveLength(count);
    expect(records[0]).toMatchObject({
      file: "shared.0000.jsonl.gz",
      retention_days: 0.5,
      from: "2026-01-06T22:00:00.000Z",
    });
  });
});

describe("the end of a day", () => {
  it.each([
    ["2026-01-06T22:30:00Z", "Europe/Berlin", "2026-01-06T23:00:00Z"],
    ["2026-01-06T23:00:00Z", "Europe/Berlin", "2026-01-07T23:00:00Z"],
    ["2026-03-28T23:30:00Z", "Europe/Berlin", "2026-03-29T22:00:00Z"],
    ["2026-10-24T22:30:00Z", "Europe/Berlin", "2026-10-25T23:00:00Z"],
    ["2026-01-06T00:00:00Z", "UTC", "2026-01-07T00:00:00Z"],
    ["2026-01-06T18:29:59Z", "Asia/Kolkata", "2026-01-06T18:30:00Z"],
  ])("%s in %s: %s", (time, zone, midnight) => {
    expect(dayEndIn(zone)(Date.parse(time))).toBe(Date.parse(midnight));
  });
});
