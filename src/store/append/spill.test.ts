import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { TracekeepError } from "../../base/errors.ts";
import { randomSalt, uuidv7 } from "../../base/ids.ts";
import type { Event, JsonObject } from "../../event/index.ts";
import type { LineParts } from "../../format/index.ts";
import { openReader } from "../../read/index.ts";
import { faultyDisk } from "../../testing/index.ts";
import { nodeDisk } from "../disk/disk.ts";
import type { Disk } from "../disk/disk.ts";
import { createSessionLog, openSessionLog } from "../session/open-session-log.ts";
import type { SessionLog, SessionLogOptions } from "../session/session-log.ts";
import type { Durability } from "./durability.ts";
import { checkSpillOptions, MAX_MEMORY_BYTES, Spill } from "./spill.ts";
import type { SpillOptions } from "./spill.ts";

let directory: string;
let aside: string;
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  aside = path.join(directory, "aside");
});
afterEach(() => fs.rmSync(directory, { recursive: true }));

function parts(event: string, body: JsonObject = {}): LineParts {
  const timestamp = "2026-01-06T22:00:00.000Z";
  return { event, timestamp, severity: "INFO", seq: 0, id: uuidv7(Date.now()), body, salt: randomSalt() };
}

const OPTIONS: SessionLogOptions = { sessionId: "s", agentId: "a", durability: "os" };
const NAME = "session_20260106_c614.jsonl";

function spill(options: SpillOptions = {}): SessionLogOptions["spill"] {
  return checkSpillOptions("test", { retryMinMs: 1, retryMaxMs: 2, ...options });
}

function create(options: Partial<SessionLogOptions> = {}): SessionLog {
  const start = parts("START", { format: 1 });
  return createSessionLog(directory, [NAME], start, { ...OPTIONS, spill: spill(), ...options });
}

function reopen(options: Partial<SessionLogOptions> = {}): SessionLog {
  return openSessionLog(path.join(directory, NAME), { ...OPTIONS, spill: spill(), ...options });
}

/** The session as readers show it: whole, and numbered without a gap. */
function shown(): Event[] {
  const read = openReader({ dir: directory }).events({ session: "s" });
  const events = [...read];
  expect(read.report.skipped).toEqual([]);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index));
  expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  return events;
}

const numbers = (events: readonly Event[]): unknown[] =>
  events.filter(({ event }) => event === "CHECKPOINT").map((event) => event["n"]);

const countOf = (events: readonly Event[], type: string): number =>
  events.filter(({ event }) => event === type).reduce((sum, { count }) => sum + Number(count), 0);

async function recovered(log: SessionLog): Promise<void> {
  while (log.status.degraded) await sleep(1);
}

/** A disk on which nothing can be written while `isFull`, and nothing cut while `isStuck`. */
function fullDisk(): Disk & { isFull: boolean; isStuck: boolean } {
  const disk = faultyDisk();
  const fail = (code: string): never => {
    throw Object.assign(new Error(`${code}: it does not work`), { code });
  };
  const full = {
    ...disk,
    isFull: false,
    isStuck: false,
    write: (fd: number, bytes: Uint8Array, offset: number, length: number): number =>
      full.isFull ? fail("ENOSPC") : disk.write(fd, bytes, offset, length),
    truncate: (fd: number, size: number): void => (full.isStuck ? fail("EIO") : disk.truncate(fd, size)),
  };
  return full;
}

describe("while the disk is full, a log", () => {
  it("keeps events, writes them in order when there is room, and says what happened", async () => {
    const disk = fullDisk();
    const faults: TracekeepError[] = [];
    const log = create({ disk, onFault: (error) => faults.push(error) });
    log.append(parts("CHECKPOINT", { n: 0 }));
    log.flush();
    disk.isFull = true;
    const tickets = [1, 2, 3].map((n) => log.append(parts("CHECKPOINT", { n }), "os"));
    let settled = 0;
    for (const ticket of tickets) void ticket?.settled.then(() => settled++);
    await sleep(10);
    log.append(parts("CHECKPOINT", { n: 4 }));
    await sleep(10);
    expect(settled).toBe(0);
    expect(log.status).toMatchObject({ degraded: true, spilled: 4, pending: 0 });
    expect(log.status.failedWrites).toBeGreaterThan(1);
    expect(log.lastFault).toMatchObject({ code: "DISK_FULL" });
    disk.isFull = false;
    await recovered(log);
    log.append(parts("CHECKPOINT", { n: 5 }));
    log.close();
    await sleep(0);
    expect(settled).toBe(3);
    const events = shown();
    expect(numbers(events)).toEqual([0, 1, 2, 3, 4, 5]);
    const degraded = events.find(({ event }) => event === "DEGRADED");
    expect(degraded).toMatchObject({ seq: 6, count: 4, severity: "ERROR" });
    expect(degraded?.["reason"]).toContain("ENOSPC");
    expect(faults).toHaveLength(1);
  });

  it("keeps every event and gives no number twice when whoever hears of it records that at once", async () => {
    const disk = fullDisk();
    const log: SessionLog = create({
      disk,
      onFault: () => void log.append(parts("CHECKPOINT", { n: "heard" })),
    });
    const message = "x".repeat(20_000);
    // First in the middle of an append, when the buffer is full; then at the end of a turn.
    for (const last of [8, 11]) {
      disk.isFull = true;
      for (let n = last === 8 ? 0 : 8; n < last; n++) log.append(parts("CHECKPOINT", { n, message }));
      await sleep(1);
      disk.isFull = false;
      await recovered(log);
    }
    log.close();
    expect(numbers(shown())).toEqual([0, 1, 2, 3, 4, 5, 6, "heard", 7, 8, 9, 10, "heard"]);
  });

  it("accounts for what was lost before anybody hears of it, when nothing may wait", async () => {
    const disk = fullDisk();
    const log: SessionLog = create({
      disk,
      spill: undefined,
      onFault: () => {
        disk.isFull = false;
        log.append(parts("CHECKPOINT", { n: "heard" }));
      },
    });
    disk.isFull = true;
    for (const n of [0, 1, 2]) log.append(parts("CHECKPOINT", { n }));
    await sleep(1);
    log.close();
    const events = shown();
    expect(numbers(events)).toEqual(["heard"]);
    expect(countOf(events, "GAP")).toBe(3);
  });

  it("refuses events beyond the bound, with no number used, and says exactly how many", async () => {
    const disk = fullDisk();
    const log = create({ disk, spill: spill({ events: 10 }) });
    disk.isFull = true;
    let refused = 0;
    for (let n = 0; n < 40; n++) {
      try {
        log.append(parts("CHECKPOINT", { n }));
        if (n % 3 === 0) await sleep(0);
      } catch (error) {
        expect(error).toMatchObject({ code: "DISK_FULL" });
        refused++;
      }
    }
    expect(log.status.spilled).toBe(10);
    expect(refused).toBe(30);
    disk.isFull = false;
    await recovered(log);
    log.close();
    const events = shown();
    expect(numbers(events)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(countOf(events, "GAP")).toBe(30);
    expect(events.find(({ event }) => event === "GAP")?.["reason"]).toContain("ENOSPC");
  });

  it("refuses an event that is to be written at once, which does not come later then", async () => {
    const disk = fullDisk();
    const log = create({ disk });
    disk.isFull = true;
    expect(() => log.appendNow(parts("CHECKPOINT", { n: 0 }), "os")).toThrow(/ENOSPC/);
    expect(() => log.appendNow(parts("CHECKPOINT", { n: 1 }), "fsync")).toThrow(/ENOSPC/);
    log.append(parts("CHECKPOINT", { n: 2 }));
    disk.isFull = false;
    await recovered(log);
    log.appendNow(parts("CHECKPOINT", { n: 3 }), "os");
    log.close();
    const events = shown();
    expect(numbers(events)).toEqual([2, 3]);
    expect(countOf(events, "GAP")).toBe(2);
  });

  it("tries once more when it is closed, and tells what is lost then", async () => {
    for (const isFreed of [true, false]) {
      const disk = fullDisk();
      const faults: TracekeepError[] = [];
      const name = `${uuidv7(Date.now())}.jsonl`;
      const log = createSessionLog(directory, [name], parts("START", { format: 1 }), {
        ...OPTIONS,
        disk,
        spill: spill({ retryMinMs: 60_000, retryMaxMs: 60_000 }),
        onFault: (error) => faults.push(error),
      });
      disk.isFull = true;
      const ticket = log.append(parts("CHECKPOINT", { n: 0 }), "os");
      expect(() => log.flush()).toThrow(/ENOSPC/);
      disk.isFull = !isFreed;
      if (isFreed) log.close();
      else expect(() => log.close()).toThrow(/ENOSPC/);
      expect(faults.map(({ message }) => /\d+ events .* lost/.exec(message)?.[0])).toEqual(
        isFreed ? [undefined] : [undefined, "1 events could not be written and are lost"],
      );
      const written = fs.readFileSync(path.join(directory, name), "utf8").includes('"n":0');
      expect(written).toBe(isFreed);
      if (!isFreed) await expect(ticket?.settled).rejects.toMatchObject({ code: "DISK_FULL" });
    }
  });
});

describe("a file that cannot be gone on with", () => {
  it("is left for the next segment when half a line could not be cut off", async () => {
    const real = faultyDisk();
    const disk = {
      ...real,
      truncate: (): never => {
        throw Object.assign(new Error("EIO: cannot cut"), { code: "EIO" });
      },
    };
    const log = create({ disk });
    log.append(parts("CHECKPOINT", { n: 0 }));
    log.flush();
    real.failWrites.push(30);
    log.append(parts("CHECKPOINT", { n: 1 }));
    await sleep(0);
    log.append(parts("CHECKPOINT", { n: 2 }));
    await recovered(log);
    expect(path.basename(log.path)).toBe(NAME.replace(".jsonl", ".0001.jsonl"));
    log.close();
    expect(numbers(shown())).toEqual([0, 1, 2]);
    const later = reopen();
    later.append(parts("CHECKPOINT", { n: 3 }));
    later.close();
    expect(numbers(shown())).toEqual([0, 1, 2, 3]);
  });

  it.each(["os", "interval", "fsync"] as const)(
    "waits, after a failed sync, until another can be begun (%s)",
    async (durability) => {
      const disk = fullDisk();
      const failing = faultyDisk();
      let isFailing = false;
      const log = create({
        durability,
        disk: {
          ...disk,
          write: (...args) => disk.write(...args),
          sync: (fd) => {
            if (isFailing) throw Object.assign(new Error("EIO: cannot sync"), { code: "EIO" });
            disk.sync(fd);
          },
          syncSoon: (fd, done) => {
            if (isFailing) setImmediate(() => done(Object.assign(new Error("EIO: sync"), { code: "EIO" })));
            else failing.syncSoon(fd, done);
          },
        },
      });
      log.append(parts("CHECKPOINT", { n: 0 }));
      log.flush();
      isFailing = true;
      const first = log.append(parts("CHECKPOINT", { n: 1 }), "fsync");
      let isSettled = false;
      void first?.settled.then(() => (isSettled = true));
      while (!log.status.degraded) await sleep(1);
      log.append(parts("CHECKPOINT", { n: 2 }));
      await sleep(10);
      expect(isSettled).toBe(false);
      isFailing = false;
      await first?.settled;
      await recovered(log);
      expect(log.status.durableSeq).toBeGreaterThan(first?.seq ?? Infinity);
      log.close();
      const events = shown();
      expect(numbers(events)).toEqual([0, 1, 2]);
      expect(events.map(({ event }) => event)).toContain("SEGMENT");
    },
  );

  it("is made again, with all that was in it, when its folder is deleted under it", async () => {
    const faults: TracekeepError[] = [];
    const store = path.join(directory, "store");
    fs.mkdirSync(store, { mode: 0o700 });
    const log = createSessionLog(store, [NAME], parts("START", { format: 1 }), {
      ...OPTIONS,
      spill: spill(),
      onFault: (error) => faults.push(error),
    });
    log.append(parts("CHECKPOINT", { n: 0 }));
    log.flush();
    fs.rmSync(store, { recursive: true });
    log.append(parts("CHECKPOINT", { n: 1 }));
    while (faults.length === 0) await sleep(50);
    expect(faults[0]?.message).toContain("was deleted");
    await recovered(log);
    log.append(parts("CHECKPOINT", { n: 2 }));
    log.close();
    fs.renameSync(path.join(store, NAME), path.join(directory, NAME));
    expect(numbers(shown())).toEqual([0, 1, 2]);
  });

  it("is made again at the latest when it is closed", () => {
    const log = create();
    fs.rmSync(path.join(directory, NAME));
    log.append(parts("CHECKPOINT", { n: 0 }));
    log.close();
    expect(numbers(shown())).toEqual([0]);
  });
});

describe("a folder for spilled events", () => {
  const left = (): string[] => fs.readdirSync(aside);

  /** A log whose writer ends while the disk is full, with three events in the spill file. */
  function leaveSpill(): void {
    const disk = fullDisk();
    const log = create({ disk, spill: spill({ directory: aside }) });
    disk.isFull = true;
    for (let n = 0; n < 3; n++) {
      log.append(parts("CHECKPOINT", { n }));
      expect(() => log.flush()).toThrow(/ENOSPC/);
    }
    expect(log.status.spilled).toBe(3);
    expect(() => log.close()).toThrow(/ENOSPC/);
  }

  it("holds them privately, and nothing when the outage is over", async () => {
    const disk = fullDisk();
    const log = create({ disk, spill: spill({ directory: aside }) });
    disk.isFull = true;
    log.append(parts("CHECKPOINT", { n: 0 }));
    await sleep(5);
    expect(left()).toHaveLength(1);
    expect(fs.statSync(aside).mode & 0o777).toBe(0o700);
    expect(fs.statSync(path.join(aside, left()[0] ?? "")).mode & 0o777).toBe(0o600);
    disk.isFull = false;
    await recovered(log);
    expect(left()).toEqual([]);
    log.close();
    expect(numbers(shown())).toEqual([0]);
  });

  it("gives them to the next writer, once and in order", () => {
    leaveSpill();
    expect(left()).toHaveLength(1);
    expect(numbers(shown())).toEqual([]);
    reopen({ spill: spill({ directory: aside }) }).close();
    expect(left()).toEqual([]);
    const again = reopen({ spill: spill({ directory: aside }) });
    again.append(parts("CHECKPOINT", { n: 3 }));
    again.close();
    const events = shown();
    expect(numbers(events)).toEqual([0, 1, 2, 3]);
    expect(events.find(({ event }) => event === "DEGRADED")).toMatchObject({ count: 3 });
  });

  it("gives them new numbers when another writer has used theirs, and leaves out those that are there", () => {
    leaveSpill();
    const file = path.join(aside, left()[0] ?? "");
    const [first = ""] = fs.readFileSync(file, "utf8").split(/(?<=\n)/);
    fs.appendFileSync(path.join(directory, NAME), first);
    const other = reopen({ spill: undefined });
    other.append(parts("CHECKPOINT", { n: "other" }));
    other.close();
    reopen({ spill: spill({ directory: aside }) }).close();
    expect(numbers(shown())).toEqual([0, "other", 1, 2]);
  });

  it("takes nothing more once half a line stands in it; memory does", () => {
    const held = new Spill(checkSpillOptions("test", { directory: aside })!, directory);
    const add = (text: string): void => held.add({ bytes: Buffer.from(text), lines: 1, tickets: [] });
    const fail = (): never => {
      throw Object.assign(new Error("EIO"), { code: "EIO" });
    };
    add("first\n");
    const { write } = nodeDisk;
    const writes = vi.spyOn(nodeDisk, "write");
    writes.mockImplementationOnce((fd, bytes) => write(fd, bytes, 0, 3)).mockImplementationOnce(fail);
    vi.spyOn(nodeDisk, "truncate").mockImplementationOnce(fail);
    add("second\n");
    vi.restoreAllMocks();
    add("third\n");
    expect(Buffer.concat([...held.contents()]).toString()).toBe("first\nsecond\nthird\n");
    expect(held.whereabouts().inMemory).toBe(2);
    held.settleAll();
  });

  it("is not used when others can reach it; memory is", async () => {
    fs.mkdirSync(aside, { mode: 0o777 });
    fs.chmodSync(aside, 0o777);
    const disk = fullDisk();
    const log = create({ disk, spill: spill({ directory: aside }) });
    disk.isFull = true;
    log.append(parts("CHECKPOINT", { n: 0 }));
    await sleep(5);
    expect(left()).toEqual([]);
    disk.isFull = false;
    log.close();
    expect(numbers(shown())).toEqual([0]);
  });

  it("lets more wait than memory may hold", () => {
    const bytes = Buffer.from(`${"x".repeat(1024 * 1024 - 1)}\n`);
    for (const where of [aside, undefined]) {
      const options = checkSpillOptions("test", { directory: where });
      if (options === undefined) throw new Error("no spill");
      const held = new Spill(options, directory);
      let taken = 0;
      for (; taken < 20 && held.hasRoomFor(1, bytes.length); taken++)
        held.add({ bytes, lines: 1, tickets: [] });
      expect(taken).toBe(where === undefined ? MAX_MEMORY_BYTES / bytes.length : 20);
      expect([...held.contents()].every((each) => each.equals(bytes))).toBe(true);
      held.settleAll();
    }
  });
});

it("accounts for every event and keeps their order, whatever fails and whenever that ends", async () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("append" as const), bytes: fc.nat(3_000), awaited: fc.boolean() }),
    fc.record({
      do: fc.constant("append" as const),
      bytes: fc.integer({ min: 60_000, max: 90_000 }),
      awaited: fc.boolean(),
    }),
    fc.record({ do: fc.constantFrom("now" as const, "flush" as const, "rotate" as const, "wait" as const) }),
    fc.record({ do: fc.constant("full" as const), on: fc.boolean() }),
    fc.record({ do: fc.constant("stuck" as const), on: fc.boolean() }),
    fc.record({ do: fc.constant("short write" as const), bytes: fc.integer({ min: 1, max: 500 }) }),
    fc.record({ do: fc.constant("failed syncs" as const), count: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ do: fc.constant("delete" as const) }),
  );
  const durabilities = fc.constantFrom<Durability>("os", "interval", "fsync");
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 40 }),
      durabilities,
      fc.integer({ min: 1, max: 12 }),
      async (steps, durability, events) => {
        fs.rmSync(directory, { recursive: true });
        fs.mkdirSync(directory);
        const real = faultyDisk();
        const state = { isFull: false, isStuck: false };
        const fail = (code: string): never => {
          throw Object.assign(new Error(code), { code });
        };
        const disk: Disk = {
          ...real,
          write: (...args) => (state.isFull ? fail("ENOSPC") : real.write(...args)),
          truncate: (...args) => (state.isStuck ? fail("EIO") : real.truncate(...args)),
        };
        const log = create({ disk, durability, spill: spill({ events }) });
        const acknowledged: number[] = [];
        const refused = new Set<number>();
        let offered = 0;
        for (const each of steps) {
          try {
            switch (each.do) {
              case "append": {
                const n = offered++;
                try {
                  const body = { n, text: "x".repeat(each.bytes) };
                  const ticket = log.append(parts("CHECKPOINT", body), each.awaited ? "fsync" : "os");
                  void ticket?.settled.then(
                    () => acknowledged.push(n),
                    () => undefined,
                  );
                } catch {
                  refused.add(n);
                }
                break;
              }
              case "now": {
                const n = offered++;
                try {
                  log.appendNow(parts("CHECKPOINT", { n }), "os");
                  acknowledged.push(n);
                } catch {
                  refused.add(n);
                }
                break;
              }
              case "flush":
                log.flush();
                break;
              case "rotate":
                log.rotate();
                break;
              case "full":
                state.isFull = each.on;
                break;
              case "stuck":
                state.isStuck = each.on;
                break;
              case "short write":
                real.failWrites.push(each.bytes);
                break;
              case "failed syncs":
                real.failSyncs = each.count;
                break;
              case "delete":
                fs.rmSync(log.path, { force: true });
                break;
              default:
                await sleep(2);
            }
          } catch (error) {
            expect(error).toBeInstanceOf(TracekeepError);
          }
        }
        state.isFull = state.isStuck = false;
        real.failWrites = [];
        real.failSyncs = 0;
        log.tryAgain();
        try {
          log.close();
        } catch (error) {
          // At `os`: a sync has failed of lines that were promised to the kernel only. They are all there.
          expect(durability).toBe("os");
          expect(error).toMatchObject({
            code: "IO",
            message: expect.stringContaining("cannot sync") as string,
          });
        }
        await sleep(0);
        const shownEvents = shown();
        const present = numbers(shownEvents) as number[];
        expect(present).toEqual(present.toSorted((left, right) => left - right));
        expect(acknowledged.filter((n) => !present.includes(n))).toEqual([]);
        expect(present.length + refused.size).toBe(offered);
        expect(countOf(shownEvents, "GAP")).toBe(refused.size);
      },
    ),
    { numRuns: 150 },
  );
}, 60_000);
