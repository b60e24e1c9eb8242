import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setImmediate as turn } from "node:timers/promises";

import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { TracekeepError } from "../../base/errors.ts";
import { randomSalt, uuidv7 } from "../../base/ids.ts";
import type { Event, JsonObject } from "../../event/index.ts";
import { decodeLine } from "../../format/index.ts";
import type { LineParts } from "../../format/index.ts";
import { openReader } from "../../read/index.ts";
import type { ReadReport } from "../../read/index.ts";
import { faultyDisk } from "../../testing/index.ts";
import type { Durability } from "../append/durability.ts";
import { MAX_KEPT_BYTES } from "../append/unsynced.ts";
import { createSessionLog, openSessionLog } from "./open-session-log.ts";
import type { SessionLog, SessionLogOptions } from "./session-log.ts";

let directory: string;
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
});
afterEach(() => fs.rmSync(directory, { recursive: true }));

function parts(event: string, body: JsonObject = {}): LineParts {
  const timestamp = "2026-01-06T22:00:00.000Z";
  return { event, timestamp, severity: "INFO", seq: 0, id: uuidv7(Date.now()), body, salt: randomSalt() };
}

const OPTIONS: SessionLogOptions = { sessionId: "s", agentId: "a", durability: "os" };
const NAME = "session_20260106_c614.jsonl";

function create(options: Partial<SessionLogOptions> = {}, folder = directory): SessionLog {
  return createSessionLog(folder, [NAME], parts("START", { format: 1 }), { ...OPTIONS, ...options });
}

function reopen(options: Partial<SessionLogOptions> = {}, folder = directory): SessionLog {
  return openSessionLog(path.join(folder, NAME), { ...OPTIONS, ...options });
}

const segment = (number: number): string => NAME.replace(".jsonl", `.000${number}.jsonl`);

/** The session as readers show it, the same forwards and backwards and without a gap. */
function shown(folder = directory): { events: Event[]; report: ReadReport } {
  const reader = openReader({ dir: folder });
  const forwards = reader.events({ session: "s" });
  const events = [...forwards];
  const backwards = reader.events({ session: "s", last: 1_000_000 });
  expect([...backwards]).toEqual(events);
  expect(backwards.report.superseded).toBe(forwards.report.superseded);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index));
  return { events, report: forwards.report };
}

function linesOf(name: string): Event[] {
  const text = fs.readFileSync(path.join(directory, name), "utf8");
  return text.split(/(?<=\n)/).map((line) => {
    const decoded = decodeLine(Buffer.from(line));
    if (decoded.kind !== "event") throw new Error(decoded.reason);
    return decoded.event;
  });
}

describe("a log that goes on in another file", () => {
  it("begins it with a SEGMENT line that says where it belongs, and leaves no number out", () => {
    const log = create();
    log.append(parts("CHECKPOINT"));
    log.rotate();
    log.append(parts("CHECKPOINT"));
    log.rotate();
    log.close();
    expect(fs.readdirSync(directory).toSorted()).toEqual([segment(1), segment(2), NAME]);
    expect(linesOf(segment(1)).map(({ event, seq }) => [event, seq])).toEqual([
      ["SEGMENT", 2],
      ["CHECKPOINT", 3],
    ]);
    expect(linesOf(segment(1))[0]).toMatchObject({ format: 1, segment: 1, first_seq: 2, session_id: "s" });
    expect(linesOf(segment(2))[0]).toMatchObject({ format: 1, segment: 2, first_seq: 4 });
    expect(fs.statSync(path.join(directory, segment(1))).mode & 0o777).toBe(0o600);
    expect(shown().report).toMatchObject({ read: 5, superseded: 0, skipped: [] });
  });

  it("does so by itself once a file has its size, whatever its durability", () => {
    for (const durability of ["os", "interval", "fsync"] as const) {
      const folder = fs.mkdtempSync(path.join(directory, "s-"));
      const log = create({ durability, segmentBytes: 4_096 }, folder);
      for (let index = 0; index < 100; index++) log.append(parts("CHECKPOINT", { index }));
      log.close();
      const sizes = fs.readdirSync(folder).map((name) => fs.statSync(path.join(folder, name)).size);
      expect(sizes.length).toBeGreaterThan(4);
      expect(Math.max(...sizes)).toBeLessThan(4_096 + 400);
      expect(shown(folder).events.filter(({ event }) => event === "CHECKPOINT")).toHaveLength(100);
    }
  });

  it("is gone on with in its last segment, by whatever older one it is opened", () => {
    const log = create();
    for (let index = 0; index < 3; index++) log.rotate();
    log.close();
    const later = reopen();
    expect(path.basename(later.path)).toBe(segment(3));
    expect(later.nextSeq).toBe(4);
    expect(() => reopen()).toThrow(expect.objectContaining({ code: "SESSION_BUSY" }));
    later.close();
  });

  it("passes over a name that somebody else's file has", () => {
    fs.writeFileSync(path.join(directory, segment(1)), "not ours\n");
    const log = create();
    log.rotate();
    log.append(parts("CHECKPOINT"));
    log.close();
    expect(linesOf(segment(2))[0]).toMatchObject({ segment: 2, first_seq: 1 });
    expect(reopen().nextSeq).toBe(3);
    expect(fs.readFileSync(path.join(directory, segment(1)), "utf8")).toBe("not ours\n");
  });

  it("stays in its file when another cannot be begun, says so, and tries again later", () => {
    const disk = faultyDisk();
    const faults: TracekeepError[] = [];
    const log = create({ disk, segmentBytes: 4_096, onFault: (error) => faults.push(error) });
    const fill = (): void => {
      log.append(parts("CHECKPOINT", { message: "x".repeat(4_096) }));
      log.flush();
    };
    fill();
    disk.failWrites = ["no space"];
    fill();
    expect(faults).toMatchObject([{ code: "DISK_FULL" }]);
    expect(fs.readdirSync(directory)).toEqual([NAME]);
    fill();
    expect(path.basename(log.path)).toBe(segment(1));
    log.close();
    expect(shown().events.map(({ event }) => event)).toEqual([
      "START",
      "CHECKPOINT",
      "CHECKPOINT",
      "SEGMENT",
      "CHECKPOINT",
    ]);
  });

  it("can be synced as a whole at os, where segments are left without a sync", () => {
    const disk = faultyDisk();
    const log = create({ disk });
    log.append(parts("CHECKPOINT"));
    log.rotate();
    log.append(parts("CHECKPOINT"));
    expect(disk.syncs).toBe(0);
    log.sync();
    expect(disk.syncs).toBe(2);
    log.close();
  });
});

describe("after a failed sync", () => {
  it("the lines since the last good one stand in the next segment, unchanged, and nobody was lied to", async () => {
    const disk = faultyDisk();
    const faults: TracekeepError[] = [];
    const log = create({ disk, durability: "fsync", onFault: (error) => faults.push(error) });
    await log.append(parts("CHECKPOINT", { index: 0 }), "fsync")?.settled;
    disk.failSyncs = 1;
    const waiting = [1, 2].map((index) => log.append(parts("CHECKPOINT", { index }), "fsync")?.settled);
    log.flush();
    // The sync is under way, and will fail; this one comes too late for it, and those are not written yet.
    waiting.push(log.append(parts("CHECKPOINT", { index: 3 }), "fsync")?.settled);
    log.flush();
    waiting.push(log.append(parts("CHECKPOINT", { index: 4 }), "fsync")?.settled);
    await Promise.all(waiting);
    expect(faults).toMatchObject([{ code: "IO", path: path.join(directory, NAME) }]);
    expect(linesOf(segment(1)).map(({ event, seq, index }) => [event, seq, index])).toEqual([
      ["SEGMENT", 6, undefined],
      ["CHECKPOINT", 2, 1],
      ["CHECKPOINT", 3, 2],
      ["CHECKPOINT", 4, 3],
      ["CHECKPOINT", 5, 4],
    ]);
    expect(linesOf(segment(1))[0]).toMatchObject({ first_seq: 2, reason: expect.stringContaining("EIO") });
    expect(linesOf(segment(1)).slice(1)).toEqual(linesOf(NAME).slice(2));
    log.close();
    expect(shown().report).toMatchObject({ read: 7, superseded: 4, skipped: [] });
    const later = reopen();
    expect(later.nextSeq).toBe(7);
    later.close();
  });

  it.each(["interval", "fsync"] as const)(
    "nothing is lost that is recorded after another program has cut the file off, and it is told: %s",
    (durability) => {
      const faults: TracekeepError[] = [];
      const log = create({ durability, onFault: (error) => faults.push(error) });
      log.append(parts("CHECKPOINT", { index: 0 }));
      log.sync();
      fs.truncateSync(path.join(directory, NAME));
      for (const index of [1, 2]) log.append(parts("CHECKPOINT", { index }));
      log.sync();
      log.append(parts("CHECKPOINT", { index: 3 }));
      log.close();
      expect(faults).toMatchObject([{ code: "IO", message: expect.stringContaining("cut it off") }]);
      const events = [...openReader({ dir: directory }).events({ event: "CHECKPOINT" })];
      expect(events.map(({ seq, index }) => [seq, index])).toEqual([[2, 1], [3, 2], [5, 3]]); // prettier-ignore
    },
  );

  it("of the caller's own, sync returns once the lines are safe elsewhere", () => {
    const disk = faultyDisk();
    const log = create({ disk, durability: "interval" });
    log.append(parts("CHECKPOINT"));
    disk.failSyncs = 1;
    log.sync();
    log.append(parts("CHECKPOINT"));
    log.close();
    // The first line had not been synced either.
    expect(linesOf(segment(1)).map(({ seq }) => seq)).toEqual([2, 0, 1, 3]);
    expect(shown().report).toMatchObject({ read: 4, superseded: 2 });
  });

  it("at os, only what somebody waits for is written again, and sync says that the rest is not safe", async () => {
    const disk = faultyDisk();
    const log = create({ disk });
    log.append(parts("CHECKPOINT"));
    log.flush();
    disk.failSyncs = 1;
    await log.append(parts("CHECKPOINT"), "fsync")?.settled;
    expect(linesOf(segment(1)).map(({ seq }) => seq)).toEqual([3, 2]);
    log.append(parts("CHECKPOINT"));
    disk.failSyncs = 1;
    expect(() => log.sync()).toThrow(expect.objectContaining({ code: "IO" }));
    expect(linesOf(segment(2)).map(({ seq }) => seq)).toEqual([5]);
    log.close();
    expect(shown().report.superseded).toBe(1);
  });

  it.each(["interval", "fsync"] as const)(
    "at the end, close says when no other file could be synced either, with every line in the log (%s)",
    (durability) => {
      const disk = faultyDisk();
      const log = create({ disk, durability });
      log.append(parts("CHECKPOINT"));
      disk.failSyncs = 2;
      expect(() => log.close()).toThrow(expect.objectContaining({ code: "IO" }));
      expect(shown().events.map(({ event }) => event)).toEqual(["START", "CHECKPOINT"]);
    },
  );

  it("and when no other file can be begun, whoever waits is told and nothing more is accepted", async () => {
    const disk = faultyDisk();
    const faults: TracekeepError[] = [];
    const log = create({ disk, durability: "fsync", onFault: (error) => faults.push(error) });
    disk.failSyncs = 2;
    await expect(log.append(parts("CHECKPOINT"), "fsync")?.settled).rejects.toMatchObject({ code: "IO" });
    const { syncs } = disk;
    expect(() => log.append(parts("CHECKPOINT"), "fsync")).toThrow(expect.objectContaining({ code: "IO" }));
    log.close();
    expect(disk.syncs).toBe(syncs);
    expect(faults.filter(({ path: file }) => file === path.join(directory, NAME))).toHaveLength(1);
    expect(fs.readdirSync(directory)).toEqual([NAME]);
  });

  it("what the power leaves of the abandoned segment is no damage, but what was damaged before it is", () => {
    const disk = faultyDisk();
    const log = create({ disk, durability: "fsync" });
    log.append(parts("CHECKPOINT"));
    log.sync();
    for (let index = 0; index < 3; index++) log.append(parts("CHECKPOINT"));
    disk.failSyncs = 1;
    log.sync();
    log.close();
    const file = path.join(directory, NAME);
    const whole = fs.readFileSync(file);
    const lines = linesOf(NAME).length;
    for (let cut = whole.length - 1; cut > 0; cut -= 7) {
      fs.writeFileSync(file, whole.subarray(0, cut));
      const kept = whole.subarray(0, cut).toString("latin1").split("\n").length - 1;
      if (kept < 2) break;
      expect(shown().report).toMatchObject({ read: 6, skipped: [] });
      fs.appendFileSync(file, "\0\0\0\n\0\0");
      expect(shown().report.skipped).toEqual([]);
    }
    expect(lines).toBe(5);
    const second = whole.indexOf(0x0a) + 1;
    fs.writeFileSync(
      file,
      Buffer.concat([whole.subarray(0, second), Buffer.from("x\n"), whole.subarray(second)]),
    );
    expect(shown().report.skipped).toMatchObject([{ from: second, to: second + 2 }]);
  });

  it("a process holds no more than its bound, which makes the next append sync", () => {
    const disk = faultyDisk();
    const log = create({ disk, durability: "interval", segmentBytes: 1e9 });
    const message = "x".repeat(1024 * 1024);
    let syncs = 0;
    // All in one turn of the event loop, in which no sync off it can end.
    for (let bytes = 0; bytes < 3 * MAX_KEPT_BYTES; bytes += message.length) {
      const before = disk.syncs;
      log.append(parts("CHECKPOINT", { message }));
      syncs += disk.syncs - before;
    }
    expect(syncs).toBeGreaterThanOrEqual(2);
    disk.failSyncs = 1;
    log.sync();
    expect(fs.statSync(log.path).size).toBeLessThan(MAX_KEPT_BYTES + 2 * message.length);
    log.close();
  });
});

type Step =
  | { do: "append"; bytes: number; ticket: Durability | undefined }
  | { do: "turn" | "sync" | "rotate" | "crash" | "cut power" }
  | { do: "fail syncs" | "short write" | "crash in"; count: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({
        do: fc.constant("append" as const),
        bytes: fc.oneof(fc.nat(300), fc.nat(300), fc.integer({ min: 20_000, max: 80_000 })),
        ticket: fc.constantFrom(undefined, "os", "fsync"),
      }),
    },
    { weight: 5, arbitrary: fc.constant({ do: "turn" as const }) },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constantFrom("sync", "rotate", "crash", "cut power") }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constantFrom("fail syncs", "fail syncs", "fail syncs", "short write", "crash in"),
        count: fc.oneof(fc.constant(1), fc.integer({ min: 2, max: 12 })),
      }),
    },
  ),
  { minLength: 5, maxLength: 60 },
);

/** Runs steps on one log, opening it again whenever its writer died or gave up, and returns what was acknowledged. */
async function run(
  plan: readonly Step[],
  durability: Durability,
  folder: string,
): Promise<Map<number, string>> {
  const survivesPower = new Map<number, string>();
  const survivesDeath = new Map<number, string>();
  let disk = faultyDisk();
  let log = create({ disk, durability, segmentBytes: 4_096 }, folder);
  disk.syncDirectory(folder);
  log.sync();
  const goOn = (): void => {
    disk.crash();
    disk = faultyDisk();
    log = reopen({ disk, durability, segmentBytes: 4_096 }, folder);
  };
  let index = 0;
  for (const step of plan) {
    try {
      if (step.do === "turn") await turn();
      else if (step.do === "sync") log.sync();
      else if (step.do === "rotate") log.rotate();
      else if (step.do === "fail syncs") disk.failSyncs = Math.min(step.count, 2);
      else if (step.do === "short write") disk.failWrites = [step.count];
      else if (step.do === "crash in") disk.crashIn = step.count;
      else if (step.do === "append") {
        const event = parts("CHECKPOINT", { index: index++, message: "x".repeat(step.bytes) });
        const ticket = log.append(event, step.ticket);
        const acknowledged = step.ticket === "fsync" ? [survivesDeath, survivesPower] : [survivesDeath];
        ticket?.settled.then(
          () => acknowledged.forEach((events) => events.set(ticket.seq, event.id)),
          () => undefined,
        );
      } else if (step.do === "crash" || durability === "os") disk.crash();
      else {
        // What has been acknowledged up to now is heard of first.
        await Promise.resolve();
        disk.cutPower(folder);
        for (const seq of survivesDeath.keys()) if (!survivesPower.has(seq)) survivesDeath.delete(seq);
      }
    } catch {
      // A full disk, a failed sync, a death: what was not acknowledged may be lost.
    }
    await Promise.resolve();
    if (log.failure !== undefined || disk.isDead) goOn();
  }
  disk.failSyncs = 0;
  disk.failWrites = [];
  disk.crashIn = undefined;
  await turn();
  if (log.failure !== undefined || disk.isDead) goOn();
  log.append(parts("END"));
  log.close();
  return survivesDeath;
}

it(
  "keeps every acknowledged event once, in order and without a gap, whatever fails and whenever it dies",
  { timeout: 120_000 },
  async () => {
    let [switched, superseded, acknowledged] = [0, 0, 0];
    await fc.assert(
      fc.asyncProperty(
        steps,
        fc.constantFrom<Durability>("os", "interval", "fsync"),
        async (plan, durability) => {
          const folder = fs.mkdtempSync(path.join(directory, "run-"));
          const kept = await run(plan, durability, folder);
          const { events, report } = shown(folder);
          // Of a segment whose sync failed the power may leave the name alone; the next one has its lines.
          expect(report.skipped.filter(({ from, to }) => to > from)).toEqual([]);
          for (const [seq, id] of kept) expect(events[seq]?.id).toBe(id);
          const indexes = events.flatMap((event) =>
            event.event === "CHECKPOINT" ? [Number(event["index"])] : [],
          );
          expect(indexes).toEqual([...new Set(indexes)].toSorted((a, b) => a - b));
          switched += fs.readdirSync(folder).filter((name) => /\.\d{4}\.jsonl$/.test(name)).length;
          superseded += report.superseded;
          acknowledged += kept.size;
        },
      ),
      { numRuns: 60 },
    );
    // The runs have been through what they are about.
    expect(Math.min(switched, superseded, acknowledged)).toBeGreaterThan(0);
  },
);
