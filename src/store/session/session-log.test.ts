import { createHash } from "node:crypto";
import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { TracekeepError } from "../../base/errors.ts";
import { randomSalt, uuidv7 } from "../../base/ids.ts";
import type { Event, JsonObject } from "../../event/index.ts";
import { decodeLine } from "../../format/index.ts";
import type { LineParts } from "../../format/index.ts";
import { faultyDisk } from "../../testing/index.ts";
import { nodeDisk } from "../disk/disk.ts";
import type { Disk } from "../disk/disk.ts";
import { currentProcess } from "../disk/process.ts";
import { createSessionLog, openSessionLog } from "./open-session-log.ts";
import type { SessionLog, SessionLogOptions } from "./session-log.ts";

let directory: string;
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
});
afterEach(() => fs.rmSync(directory, { recursive: true }));

function parts(event: string, body: JsonObject = {}): LineParts {
  const timestamp = "2026-01-06T22:00:00.000Z";
  return {
    event,
    timestamp,
    severity: "INFO",
    seq: 0,
    id: uuidv7(1_767_736_800_000),
    body,
    salt: randomSalt(),
  };
}

const OPTIONS: SessionLogOptions = { sessionId: "s", agentId: "a", durability: "os" };

function create(options: Partial<SessionLogOptions> = {}): SessionLog {
  return createSessionLog(directory, ["session.jsonl"], parts("START", { format: 1 }), {
    ...OPTIONS,
    ...options,
  });
}

/** Every line of a log as an event; fails the test on any that is none. */
function eventsOf(file: string): Event[] {
  const lines = fs
    .readFileSync(file)
    .toString("latin1")
    .split(/(?<=\n)/);
  return lines.map((line) => {
    const decoded = decodeLine(Buffer.from(line, "latin1"));
    if (decoded.kind !== "event") throw new Error(`${decoded.kind}: ${decoded.reason}: ${line.slice(0, 80)}`);
    return decoded.event;
  });
}

function expectGapless(events: readonly Event[]): void {
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index));
}

describe("createSessionLog", () => {
  it("makes a private file with its first line in it, and takes the next name when one is taken", () => {
    fs.writeFileSync(path.join(directory, "taken.jsonl"), "not ours\n");
    const log = createSessionLog(directory, ["taken.jsonl", "free.jsonl"], parts("START"), OPTIONS);
    log.close();
    expect(fs.readFileSync(path.join(directory, "taken.jsonl"), "utf8")).toBe("not ours\n");
    expect(eventsOf(path.join(directory, "free.jsonl")).map(({ event }) => event)).toEqual(["START"]);
    expect(fs.statSync(log.path).mode & 0o777).toBe(0o600);
    expect(fs.readdirSync(directory).toSorted()).toEqual(["free.jsonl", "taken.jsonl"]);
  });

  it("leaves nothing behind when every name is taken", () => {
    fs.writeFileSync(path.join(directory, "taken.jsonl"), "");
    expect(() => createSessionLog(directory, ["taken.jsonl"], parts("START"), OPTIONS)).toThrow(
      expect.objectContaining({ code: "SESSION_EXISTS" }),
    );
    expect(fs.readdirSync(directory)).toEqual(["taken.jsonl"]);
  });

  it("follows no symbolic link that lies where the log should be", () => {
    const target = path.join(directory, "target");
    fs.symlinkSync(target, path.join(directory, "session.jsonl"));
    expect(() => create()).toThrow(TracekeepError);
    expect(fs.existsSync(target)).toBe(false);
  });
});

describe("SessionLog.append", () => {
  it("numbers events without gaps and keeps their order, whatever their sizes", () => {
    const sizes = fc.array(fc.oneof(fc.nat(300), fc.integer({ min: 20_000, max: 200_000 })), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(sizes, (bodySizes) => {
        const log = createSessionLog(directory, [`${uuidv7(Date.now())}.jsonl`], parts("START"), OPTIONS);
        bodySizes.forEach((size, index) =>
          log.append(parts("CHECKPOINT", { index, message: "x".repeat(size) })),
        );
        log.close();
        const events = eventsOf(log.path);
        expectGapless(events);
        expect(events.slice(1).map((event) => event["index"])).toEqual(bodySizes.map((_, index) => index));
      }),
      { numRuns: 40 },
    );
  });

  it("has every event with the kernel at the end of the turn", async () => {
    const log = create();
    for (let count = 0; count < 50; count++) log.append(parts("CHECKPOINT"));
    await new Promise((resolve) => setImmediate(resolve));
    expect(eventsOf(log.path)).toHaveLength(51);
    log.close();
  });

  it("cuts an event that would be longer than maxLineBytes, and says so", () => {
    const log = create({ maxLineBytes: 4_096 });
    log.append(parts("CHECKPOINT", { message: "é".repeat(10_000) }));
    log.close();
    const [, event] = eventsOf(log.path);
    expect(event?.truncated).toEqual([
      { path: "message", bytes: 20_000, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ]);
    for (const line of fs.readFileSync(log.path, "utf8").split("\n"))
      expect(Buffer.byteLength(line)).toBeLessThan(4_096);
  });

  it("settles a ticket only when the event has reached its durability", async () => {
    const log = create({ durability: "fsync" });
    let size = 0;
    await log.append(parts("CHECKPOINT"), "fsync")?.settled.then(() => (size = fs.statSync(log.path).size));
    expect(size).toBe(fs.readFileSync(log.path).length);
    expect(eventsOf(log.path)).toHaveLength(2);
    log.close();
  });

  it("refuses events after close with an error that says how to go on", () => {
    const log = create();
    log.close();
    expect(() => log.append(parts("CHECKPOINT"))).toThrow(expect.objectContaining({ code: "CLOSED" }));
  });
});

describe("a full disk", () => {
  it("never leaves a torn line, gives numbers of refused events to others, and says exactly how many were refused", () => {
    const faults = fc.array(
      fc.oneof(fc.constant(undefined), fc.integer({ min: 1, max: 400 }), fc.constant("no space" as const)),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(faults, (plan) => {
        const disk = faultyDisk();
        const log = createSessionLog(directory, [`${uuidv7(Date.now())}.jsonl`], parts("START"), {
          ...OPTIONS,
          disk,
        });
        let refused = 0;
        plan.forEach((fault, index) => {
          if (fault !== undefined) disk.failWrites = [fault];
          try {
            log.append(parts("CHECKPOINT", { index }));
            log.flush();
          } catch (error) {
            expect(error).toMatchObject({ code: "DISK_FULL" });
            refused++;
          }
          disk.failWrites = [];
        });
        log.close();
        const events = eventsOf(log.path);
        expectGapless(events);
        const said = events
          .filter(({ event }) => event === "GAP")
          .reduce((sum, gap) => sum + Number(gap["count"]), 0);
        expect(said).toBe(refused);
        expect(events.filter(({ event }) => event === "CHECKPOINT")).toHaveLength(plan.length - refused);
      }),
      { numRuns: 60 },
    );
  });

  it("rejects the receipts of the events that were lost, and only those", async () => {
    const disk = faultyDisk();
    const faults: TracekeepError[] = [];
    const log = create({ disk, onFault: (error) => faults.push(error) });
    const before = log.append(parts("CHECKPOINT"), "os")?.settled;
    log.flush();
    disk.failWrites = [10];
    const lost = log.append(parts("CHECKPOINT"), "os")?.settled;
    await expect(lost).rejects.toMatchObject({ code: "DISK_FULL" });
    await before;
    disk.failWrites = [];
    await log.append(parts("CHECKPOINT"), "os")?.settled;
    expect(faults).toHaveLength(1);
    expect(eventsOf(log.path).map(({ event }) => event)).toEqual([
      "START",
      "CHECKPOINT",
      "GAP",
      "CHECKPOINT",
    ]);
    log.close();
  });
});

describe("a sync", () => {
  it("shares one sync among all who wait for it", async () => {
    const disk = faultyDisk();
    const log = create({ disk, durability: "fsync" });
    const { syncs } = disk;
    await Promise.all(Array.from({ length: 200 }, () => log.append(parts("CHECKPOINT"), "fsync")?.settled));
    expect(disk.syncs - syncs).toBe(1);
    log.close();
  });
});

describe("openSessionLog", () => {
  const reopen = () => openSessionLog(path.join(directory, "session.jsonl"), OPTIONS);

  it("refuses a second writer, in this process too, and lets it in when the first is done", () => {
    const log = create();
    expect(reopen).toThrow(expect.objectContaining({ code: "SESSION_BUSY" }));
    log.close();
    reopen().close();
  });

  it("keeps a torn tail in a RECOVERED event, wherever the last line was cut", { timeout: 30_000 }, () => {
    const log = create();
    log.append(parts("CHECKPOINT", { message: "whole" }));
    log.append(parts("CHECKPOINT", { message: "töm 🎞 line" }));
    log.close();
    const bytes = fs.readFileSync(log.path);
    const lastLine = bytes.lastIndexOf(0x0a, bytes.length - 2) + 1;
    for (let cut = lastLine + 1; cut < bytes.length; cut++) {
      fs.writeFileSync(log.path, bytes.subarray(0, cut));
      const reopened = reopen();
      reopened.append(parts("CHECKPOINT", { message: "after" }));
      reopened.close();
      const events = eventsOf(log.path);
      expectGapless(events);
      expect(events.map(({ event }) => event)).toEqual(["START", "CHECKPOINT", "RECOVERED", "CHECKPOINT"]);
      const torn = bytes.subarray(lastLine, cut);
      const { fragment, fragment_encoding: encoding, ...rest } = events[2] ?? ({} as Event);
      expect(Buffer.from(String(fragment), encoding === "base64" ? "base64" : "utf8")).toEqual(torn);
      expect(rest).toMatchObject({
        bytes: torn.length,
        sha256: createHash("sha256").update(torn).digest("hex"),
      });
      expect(fs.readdirSync(directory)).toEqual(["session.jsonl"]);
    }
  });

  it("finishes a healing that was itself interrupted, at every step", () => {
    const log = create();
    log.close();
    const whole = fs.readFileSync(log.path);
    const fragment = Buffer.from('{"event":"TOOL_CALL","timest');
    const steps = ["replaceFile", "truncate", "write", "sync", "unlink"] as const;
    for (const step of steps) {
      for (let occurrence = 0; occurrence < 3; occurrence++) {
        fs.writeFileSync(log.path, Buffer.concat([whole, fragment]));
        const crash = new Error(`crash before ${step}`);
        let countdown = occurrence;
        const crashing =
          <A extends unknown[], R>(name: string, operation: (...args: A) => R) =>
          (...args: A): R => {
            if ((name === step || (step === "replaceFile" && name === "rename")) && countdown-- <= 0)
              throw crash;
            return operation(...args);
          };
        const disk: Disk = {
          ...nodeDisk,
          rename: crashing("rename", nodeDisk.rename),
          truncate: crashing("truncate", nodeDisk.truncate),
          write: crashing("write", nodeDisk.write),
          sync: crashing("sync", nodeDisk.sync),
          unlink: crashing("unlink", nodeDisk.unlink),
        };
        try {
          openSessionLog(log.path, { ...OPTIONS, disk }).close();
        } catch (error) {
          expect(error).toBeInstanceOf(TracekeepError);
        }
        reopen().close();
        const events = eventsOf(log.path);
        expectGapless(events);
        const recovered = events.filter(({ event }) => event === "RECOVERED");
        expect(recovered.map((event) => event["fragment"])).toEqual([fragment.toString()]);
        expect(fs.readdirSync(directory)).toEqual(["session.jsonl"]);
      }
    }
  });

  it("numbers on from the line count when the last line was damaged", () => {
    const log = create();
    log.append(parts("CHECKPOINT"));
    log.close();
    fs.appendFileSync(log.path, "garbage that is a whole line\n");
    const reopened = reopen();
    expect(reopened.nextSeq).toBe(3);
    reopened.close();
  });
});

describe("after a power cut", () => {
  /** A log in whose unsynced end a part did not reach the medium, written in another boot or in this one. */
  function withHole(bootId: string | undefined): { file: string; before: Buffer; after: Buffer } {
    const start = parts("START", { format: 1, ...(bootId === undefined ? {} : { boot_id: bootId }) });
    const log = createSessionLog(directory, ["session.jsonl"], start, OPTIONS);
    for (let n = 0; n < 6; n++) log.append(parts("CHECKPOINT", { n, text: "x".repeat(300) }));
    log.close();
    const bytes = fs.readFileSync(log.path);
    const hole = bytes.indexOf('"n":3');
    const from = bytes.lastIndexOf(0x0a, hole) + 1;
    bytes.fill(0, hole, hole + 200);
    fs.writeFileSync(log.path, bytes);
    return { file: log.path, before: bytes.subarray(0, from), after: bytes.subarray(from) };
  }

  it.each([undefined, "another-boot"])(
    "everything from the first line with missing bytes is a torn tail (boot %s)",
    (bootId) => {
      const { file, before, after } = withHole(bootId);
      openSessionLog(file, OPTIONS).close();
      const bytes = fs.readFileSync(file);
      expect(bytes.subarray(0, before.length).equals(before)).toBe(true);
      const events = eventsOf(file);
      expectGapless(events);
      expect(events.at(-1)).toMatchObject({
        event: "RECOVERED",
        seq: 4,
        bytes: after.length,
        sha256: createHash("sha256").update(after).digest("hex"),
      });
      expect(events.at(-1)?.["reason"]).toContain("power");
      expect(fs.readdirSync(directory)).toEqual(["session.jsonl"]);
    },
  );

  it("but not in the boot that wrote it: then it is damage, and is left as it is", () => {
    const { file, before, after } = withHole(currentProcess().boot_id);
    openSessionLog(file, OPTIONS).close();
    expect(fs.readFileSync(file).equals(Buffer.concat([before, after]))).toBe(true);
  });

  it.each(["os", "interval"] as const)(
    "the names of all its files are there once one event was promised to be (%s)",
    async (durability) => {
      for (const inBackground of [true, false]) {
        const disk = faultyDisk();
        const folder = fs.mkdtempSync(path.join(directory, "power-"));
        const log = createSessionLog(folder, ["session.jsonl"], parts("START", { format: 1 }), {
          ...OPTIONS,
          durability,
          disk,
        });
        log.append(parts("CHECKPOINT", { n: 0 }));
        log.rotate();
        const ticket = log.append(parts("CHECKPOINT", { n: 1 }), "fsync");
        if (inBackground) await ticket?.settled;
        else log.sync();
        disk.cutPower(folder);
        const names = fs.readdirSync(folder).toSorted();
        expect(names).toEqual(["session.0001.jsonl", "session.jsonl"]);
        const events = names.toReversed().flatMap((name) => eventsOf(path.join(folder, name)));
        expect(events.map((event) => event["n"] ?? event.event)).toEqual(["START", 0, "SEGMENT", 1]);
      }
    },
  );
});
