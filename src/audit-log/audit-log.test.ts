import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";

import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Event } from "../event/index.ts";
import { tryLock } from "../store/disk/lock.ts";
import { listRotated } from "../store/shared/shared-segments.ts";
import { fixedClock } from "../testing/index.ts";
import { AuditLog, DEFAULT_AUDIT_PATH, EVENT_TYPES, ROTATION_SIZE_BYTES } from "./index.ts";
import type { AuditFields, AuditLogOptions } from "./index.ts";

let directory: string;
let file: string;
const logs: AuditLog[] = [];
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  file = path.join(directory, "audit.jsonl");
});
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(logs.splice(0).map((log) => log.close()));
  fs.rmSync(directory, { recursive: true });
});

function open(options: AuditLogOptions = {}, at: string = file): AuditLog {
  const log = new AuditLog(at, { handleSignals: false, ...options });
  logs.push(log);
  return log;
}

const reasons = (events: Iterable<Event>): unknown[] => [...events].map(({ reason }) => reason);

/** Logs so many events with so much text that the log is rotated several times. */
function fill(log: AuditLog, from: number, to: number, fields: AuditFields = {}): void {
  for (let index = from; index < to; index++) {
    log.log("nav", { reason: `${index}`, text: "x".repeat(300), ...fields });
    if (index % 5 === 4) log.flush();
  }
}
const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => `${index}`);

describe("AuditLog", () => {
  it("has Vivarium's defaults", () => {
    expect(ROTATION_SIZE_BYTES).toBe(10_485_760);
    expect(EVENT_TYPES).toHaveLength(17);
    expect(path.isAbsolute(DEFAULT_AUDIT_PATH)).toBe(true);
    expect(open().path).toBe(file);
    expect(new AuditLog("~/x.jsonl", { handleSignals: false }).path).toBe(path.join(os.homedir(), "x.jsonl"));
  });

  it("says who writes also when the first events are refused", async () => {
    const fd = fs.openSync(`${file}.lock`, "a+");
    expect(tryLock(fd)).toBe(true);
    const log = open({ lockTimeoutMs: 10, onFault: () => undefined });
    await expect(log.append("nav", { reason: "1" })).rejects.toMatchObject({ code: "LOCK_TIMEOUT" });
    fs.closeSync(fd);
    log.log("nav", { reason: "2" });
    log.flush();
    const lines = fs.readFileSync(file, "utf8").split("\n").slice(0, -1);
    const types = lines.map((line) => (JSON.parse(line) as Event).event);
    expect(types).toEqual(["GAP", "START", "nav"]);
  });

  it("reads an event at once, with its fields under their names", () => {
    const log = open();
    const id = log.log("nav", {
      cost: 0.01,
      model: "m",
      inputTokens: 10,
      outputTokens: 2,
      files: ["a.ts"],
      reason: "r",
      confidence: 91,
      durationMs: 12,
      config: { depth: 2 },
      rawBriefPath: "brief.md",
      other: "kept",
      nothing: null,
    });
    const [event, ...more] = log.query().toArray();
    expect(more).toEqual([]);
    expect(event).toMatchObject({
      event: "nav",
      id,
      session_id: log.id,
      cost_usd: 0.01,
      model: "m",
      input_tokens: 10,
      output_tokens: 2,
      files: ["a.ts"],
      reason: "r",
      confidence: 91,
      duration_ms: 12,
      config: { depth: 2 },
      raw_brief_path: "brief.md",
      other: "kept",
    });
    expect(event).not.toHaveProperty("nothing");
  });

  it("never throws because of what is logged, and keeps fields that are named like the envelope's", () => {
    const log = open();
    const trap = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error("no");
        },
      },
    );
    const getter = {
      get cost(): number {
        throw new Error("no");
      },
    };
    log.log("nav", trap);
    log.log("nav", getter);
    log.log("nav", { cost: NaN, self: log, deep: { date: new Date(0) } });
    log.log("nav", 42 as unknown as AuditFields);
    log.log("nav", { event: "on-save", session_id: "abcd1234", seq: 7 });
    log.log(7 as unknown as string);
    const events = log.query({ type: ["nav", "UNKNOWN"] }).toArray();
    expect(events).toHaveLength(6);
    expect(events[4]).toMatchObject({
      metadata: { reserved: { session_id: "abcd1234", seq: 7 }, event: "on-save" },
    });
    expect(log.hourlySpend()).toBe(0);
  });

  it("takes secrets out", () => {
    const log = open();
    log.log("brief", { config: { api_key: "sk-1234567890abcdefghijklmnop" } });
    log.flush();
    expect(fs.readFileSync(file, "utf8")).not.toContain("sk-1234567890");
  });

  it("says which types it did not know", () => {
    const log = open();
    for (const type of ["nav", "gate_escalate", "naw", "ERROR", "naw"]) log.log(type);
    expect(log.status().unknownTypes).toEqual(["naw"]);
  });

  it("resolves an append when the event has its durability", async () => {
    const log = open();
    const receipt = await log.append("nav", { cost: 1 }, { durability: "fsync" });
    expect(receipt).toMatchObject({ sessionId: log.id, durability: "fsync", seq: 1 });
  });

  it("writes nothing for a reader, and reads what is not there as empty", async () => {
    const log = open();
    expect(log.query().toArray()).toEqual([]);
    expect(log.lastEvents()).toEqual([]);
    expect(log.hourlySpend()).toBe(0);
    expect(log.budget.check(1)).toMatchObject({ level: "ok" });
    expect(await log.accuracyMetrics()).toEqual({ totalNav: 0, validationFailCount: 0, accuracyPct: 100 });
    await log.close();
    await log.close();
    expect(fs.readdirSync(directory)).toEqual([]);
  });

  it("tells of an event that is logged after the end, and counts it", async () => {
    const told: string[] = [];
    const log = open({ onFault: ({ code }) => told.push(code) });
    log.log("nav", { cost: 1 });
    await log.close();
    expect(log.log("nav", { cost: 1 })).toBe("");
    await expect(log.append("nav")).rejects.toThrow("is closed");
    expect(told).toEqual(["CLOSED", "CLOSED"]);
    expect(log.status()).toMatchObject({ refused: 2, open: false, lastError: { code: "CLOSED" } });
    expect(log.query({ type: "nav" }).toArray()).toHaveLength(1);
  });

  it("refuses a point in time where options belong, rather than read everything", async () => {
    const log = open();
    const since = new Date() as object;
    expect(() => log.query(since)).toThrow("options must be an object, got a Date");
    await expect(log.gateMetrics(since)).rejects.toThrow(TypeError);
  });

  it("refuses options that nobody knows, and names that cannot be rotated", () => {
    expect(() => open({ rotateByts: 1 } as AuditLogOptions)).toThrow('did you mean "rotateBytes"?');
    expect(() => open({}, path.join(directory, "audit.log"))).toThrow("ends with .jsonl");
    expect(() => open({ rotateDailyIn: "Mars/Olympus" })).toThrow("IANA time zone");
    expect(() => open().hourlySpend(0)).toThrow(RangeError);
    expect(() => open().query({ since: "2026-01-06T22:00:00" })).toThrow("offset");
  });
});

describe("one stream over all files", () => {
  it("holds every event in order whatever is rotated and archived", async () => {
    const log = open({ rotateBytes: 4096 });
    fill(log, 0, 100);
    const other = open({ rotateBytes: 4096 });
    fill(other, 100, 150);
    expect(reasons(log.query())).toEqual(numbers(150));
    await log.close();
    await other.close();
    expect(listRotated(file).length).toBeGreaterThan(8);
    expect(listRotated(file).every(({ archived }) => archived)).toBe(true);
    const reader = open();
    const stream = reader.query({ type: "nav" });
    expect(reasons(stream)).toEqual(numbers(150));
    expect(stream.report.skipped).toEqual([]);
    for (const count of [0, 1, 7, 40, 149, 150, 1000]) {
      expect(reasons(reader.lastEvents(count))).toEqual(numbers(150).slice(Math.max(0, 150 - count)));
    }
  });

  it("archives what is rotated as late as by closing it", async () => {
    const log = open({ rotateBytes: 4096 });
    fill(log, 0, 5);
    // Whoever sees to the archive has found nothing to do by then.
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    for (let index = 5; index < 40; index++) log.log("nav", { reason: `${index}`, text: "x".repeat(300) });
    await log.close();
    expect(listRotated(file).map(({ archived }) => archived)).toEqual(listRotated(file).map(() => true));
    expect(listRotated(file).length).toBeGreaterThan(1);
    expect(reasons(open().query())).toEqual(numbers(40));
  });

  it("goes on to the end though the log is rotated and archived while it is read", async () => {
    const log = open({ rotateBytes: 4096 });
    fill(log, 0, 50);
    const found: unknown[] = [];
    let written = 50;
    for await (const { reason } of log.query()) {
      found.push(reason);
      if (found.length % 10 === 0 && written < 120) {
        fill(log, written, (written += 15));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    expect(found.slice(0, 50)).toEqual(numbers(50));
    expect(found).toEqual(numbers(found.length));
  });

  it("gives the last events of a type from as many files as it takes", () => {
    const log = open({ rotateBytes: 4096 });
    log.log("tldr", { reason: "early" });
    fill(log, 0, 60);
    log.log("tldr", { reason: "late" });
    expect(reasons(log.lastEvents(20, "tldr"))).toEqual(["early", "late"]);
    expect(reasons(log.lastEvents(1, ["tldr", "deep"]))).toEqual(["late"]);
  });

  it("compares instants, not texts, and takes both ends in", () => {
    const log = open();
    for (const timestamp of [
      "2026-01-06T22:00:00.000Z",
      "2026-01-06T23:00:00.001+01:00",
      "2026-01-06T22:00:01Z",
    ])
      log.log("nav", { timestamp });
    const count = (query: object): number => log.query(query).toArray().length;
    expect(count({ since: "2026-01-06T22:00:00.001Z" })).toBe(2);
    expect(count({ since: "2026-01-07T00:00:00.001+02:00" })).toBe(2);
    expect(count({ until: new Date("2026-01-06T22:00:00.001Z") })).toBe(2);
  });

  it("deletes what is older than it is to be kept, and says so", async () => {
    vi.useFakeTimers({ now: Date.now() - 40 * 86_400_000, toFake: ["Date"] });
    const old = open({ rotateBytes: 4096 });
    fill(old, 0, 40);
    await old.close();
    const files = listRotated(file).length;
    const keepUpAt = async (timeMs: number, from: number): Promise<number> => {
      vi.setSystemTime(timeMs);
      const log = open({ rotateBytes: 4096, retentionDays: 30 });
      fill(log, from, from + 1);
      await log.close();
      return listRotated(file).length;
    };
    const oldMs = Date.now();
    // A clock that is ten years ahead for ten minutes costs nothing; nor does a look at it within the hour.
    expect(await keepUpAt(oldMs + 3650 * 86_400_000, 40)).toBe(files);
    expect(await keepUpAt(oldMs + 3650 * 86_400_000 + 600_000, 41)).toBe(files);
    expect(await keepUpAt(oldMs + 600_000, 42)).toBe(files);
    expect(open().query({ type: "RETENTION_DEFERRED" }).toArray()).toMatchObject([
      { reason: expect.stringMatching(/^the clock leapt from /) },
    ]);
    expect(await keepUpAt(oldMs + 40 * 86_400_000, 43)).toBeGreaterThanOrEqual(files);
    await keepUpAt(oldMs + 40 * 86_400_000 + 2 * 3_600_000, 44);
    const deleted = open().query({ type: "SEGMENT_DELETED" }).toArray();
    expect(deleted.length).toBeGreaterThan(files / 2);
    expect(deleted[0]).toMatchObject({ file: "audit.0000.jsonl.gz", retention_days: 30 });
    expect(listRotated(file).length).toBeLessThan(files);
    expect(reasons(open().lastEvents(1, "nav"))).toEqual(["44"]);
  });
});

describe("money", () => {
  const HOUR_MS = 3_600_000;

  it("is exact in a sliding window, archives included", async () => {
    const clock = fixedClock("2026-01-06T22:59:00.000Z");
    const log = open({ rotateBytes: 4096, clock });
    log.log("nav", { cost: 1, timestamp: new Date(clock.wallMs() - HOUR_MS) });
    log.log("nav", { cost: 2, timestamp: new Date(clock.wallMs() - HOUR_MS - 1) });
    fill(log, 0, 60, { cost: 0.1 });
    expect(log.hourlySpend()).toBe(7);
    expect(log.hourlySpend(2)).toBe(9);
    await log.close();
    expect(open({ clock }).hourlySpend()).toBe(7);
    expect(open({ clock }).hourlySpend(2)).toBe(9);
  });

  it("agrees with adding up every event, whatever was logged when and by whom", () => {
    const step = fc.record({
      writer: fc.nat(2),
      agoMs: fc.nat(3 * HOUR_MS),
      cost: fc.option(
        fc.nat(1000).map((cents) => cents / 100),
        { nil: undefined },
      ),
      ask: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const at = path.join(directory, `${Math.random()}.jsonl`);
        const nowMs = Date.now();
        const clock = fixedClock(new Date(nowMs).toISOString());
        const writers = [0, 1, 2].map(() => open({ rotateBytes: 4096, clock }, at));
        const logged: { agoMs: number; cost: number }[] = [];
        for (const { writer, agoMs, cost, ask } of steps) {
          const timestamp = new Date(nowMs - agoMs);
          writers[writer]?.log("nav", { cost, timestamp, text: "x".repeat(200) });
          writers[writer]?.flush();
          logged.push({ agoMs, cost: cost ?? 0 });
          if (!ask) continue;
          for (const hours of [1, 2]) {
            const sum = logged.reduce(
              (all, each) => all + (each.agoMs <= hours * HOUR_MS ? each.cost : 0),
              0,
            );
            expect(writers[(writer + 1) % 3]?.hourlySpend(hours)).toBeCloseTo(sum, 6);
          }
        }
      }),
      { numRuns: 25 },
    );
  });

  it("stops at the budget, whichever writer spent it", () => {
    const [one, two] = [open({ budget: { hourUsd: 1 } }), open({ budget: { hourUsd: 1, sessionUsd: 0.5 } })];
    expect(one.budget.check(0.5).allowed).toBe(true);
    expect(two.budget.check({ usd: 0.5 }).allowed).toBe(true);
    one.log("nav", { cost: 0.7 });
    expect(one.budget.check(0.4)).toMatchObject({ level: "stop", spent: { hourUsd: 0.7, sessionUsd: 0.7 } });
    one.flush();
    expect(two.hourlySpend()).toBe(0.7);
    expect(two.budget.check(0.4)).toMatchObject({ level: "stop", spent: { hourUsd: 0.7, sessionUsd: 0 } });
    expect(open({ budget: { dayUsd: 1 } }).budget.check(0.4).allowed).toBe(false);
  });

  it("knows within a second what another writer spent", async () => {
    const [one, two] = [open({ rotateBytes: 4096 }), open({ rotateBytes: 4096, budget: { hourUsd: 50 } })];
    expect(two.budget.check().spent.hourUsd).toBe(0);
    fill(one, 0, 60, { cost: 1 });
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(two.budget.check()).toMatchObject({ level: "stop", spent: { hourUsd: 60 } });
  });
});

describe("accuracy", () => {
  it("stays within 0 and 100", async () => {
    const log = open();
    for (const type of ["nav", "nav", "nav", "validation_fail"]) log.log(type);
    expect(await log.accuracyMetrics()).toEqual({ totalNav: 3, validationFailCount: 1, accuracyPct: 66.67 });
    for (let index = 0; index < 9; index++) log.log("validation_fail");
    expect((await log.accuracyMetrics("1h")).accuracyPct).toBe(0);
    expect(await log.accuracyMetrics(new Date(Date.now() + 1e6))).toMatchObject({
      totalNav: 0,
      accuracyPct: 100,
    });
  });

  it("counts whatever types it is told to", async () => {
    const log = open({ navTypes: ["lookup"], failTypes: ["lookup_wrong"] });
    for (const type of ["lookup", "lookup", "lookup_wrong", "nav"]) log.log(type);
    expect(await log.accuracyMetrics()).toEqual({ totalNav: 2, validationFailCount: 1, accuracyPct: 50 });
  });

  it("tells how the gate did", async () => {
    const log = open();
    log.log("gate_compress", { confidence: 90 });
    log.log("gate_compress", { confidence: 80, reason: "clear" });
    log.log("gate_escalate", { confidence: 31, reason: "unsure" });
    expect(await log.gateMetrics({ last: 2 })).toEqual({
      passCount: 2,
      escalateCount: 1,
      total: 3,
      passRatePct: 66.7,
      escalateRatePct: 33.3,
      avgConfidence: 0.67,
      lastQueries: [
        { outcome: "pass", reason: "clear" },
        { outcome: "escalate", reason: "unsure" },
      ],
    });
  });
});

describe("what Vivarium wrote under the same path", () => {
  const theirs = (ts: string, event: string, more: object = {}): string =>
    `${JSON.stringify({ ts, event, session_id: "abcd1234", ...more })}\n`;

  beforeEach(() => {
    fs.writeFileSync(
      path.join(directory, "audit_20260105_120000.jsonl.gz"),
      gzipSync(theirs("2026-01-05T11:00:00.000Z", "nav", { cost: 1, input_t: 5, output_t: 2, reason: "0" })),
    );
    fs.writeFileSync(file, theirs("2026-01-05T13:00:00.000Z", "nav", { cost: 2, reason: "1" }));
  });
  const clock = (): ReturnType<typeof fixedClock> => fixedClock("2026-01-05T13:30:00.000Z");

  it("is read in place, with our names, and left as it is", () => {
    const log = open({ clock: clock() });
    const before = fs.readFileSync(file, "utf8");
    expect(log.query().toArray()).toMatchObject([
      { event: "nav", timestamp: "2026-01-05T11:00:00.000Z", cost_usd: 1, input_tokens: 5, output_tokens: 2 },
      { event: "nav", session_id: "abcd1234", cost_usd: 2 },
    ]);
    expect(log.hourlySpend()).toBe(2);
    expect(log.hourlySpend(3)).toBe(3);
    expect(reasons(log.lastEvents(1))).toEqual(["1"]);
    fs.appendFileSync(file, theirs("2026-01-05T13:10:00.000Z", "nav", { cost: 4, reason: "2" }));
    expect(log.hourlySpend()).toBe(6);
    expect(fs.readFileSync(file, "utf8")).toContain(before);
    expect(fs.readdirSync(directory)).toHaveLength(2);
  });

  it("is spent though a record after it has no time", () => {
    fs.appendFileSync(file, '{}\n{"ts":"2026-01-05T13:00:00","event":"nav","session_id":"s","cost":8}\n');
    expect(open({ clock: clock() }).hourlySpend(3)).toBe(3);
  });

  it("is gone on with in a file of ours", () => {
    const log = open({ clock: clock() });
    expect(log.hourlySpend(3)).toBe(3);
    log.log("nav", { cost: 0.5, reason: "2" });
    expect(reasons(log.query())).toEqual(["0", "1", "2"]);
    expect(reasons(log.lastEvents(2))).toEqual(["1", "2"]);
    expect(log.hourlySpend(3)).toBe(3.5);
    expect(open({ clock: clock() }).hourlySpend(3)).toBe(3.5);
  });

  it("is reported where it is damaged, and read around that", () => {
    fs.appendFileSync(
      file,
      `42\nnot json\n\u0000\n${theirs("2026-01-05T13:20:00.000Z", "nav", { reason: "2" })}`,
    );
    const stream = open({ clock: clock() }).query();
    expect(reasons(stream)).toEqual(["0", "1", "2"]);
    expect(stream.report.skippedCount).toBeGreaterThan(0);
  });
});
