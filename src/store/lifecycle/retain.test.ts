import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { TracekeepError } from "../../base/errors.ts";
import { formatTimestamp } from "../../event/index.ts";
import type { Event } from "../../event/index.ts";
import { faultyDisk } from "../../testing/index.ts";
import type { FaultyDisk } from "../../testing/index.ts";
import { LEDGER } from "../layout.ts";
import { readLines } from "../reading/line-reader.ts";
import { SessionCatalog } from "../session/catalog.ts";
import { createSessionLog } from "../session/open-session-log.ts";
import { ownEvent } from "../session/own-event.ts";
import type { SessionLog } from "../session/session-log.ts";
import { DAY_MS } from "./plan.ts";
import { PRESETS } from "./policy.ts";
import { retain } from "./retain.ts";
import { DEFAULT_SETTINGS, mergeSettings } from "./settings.ts";
import type { SettingsChange } from "./settings.ts";

let dir: string;
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(tmpdir(), "tracekeep-retain-"));
});
afterEach(() => fs.rmSync(dir, { recursive: true }));

const NOW_MS = Date.now();
const DEV = mergeSettings(DEFAULT_SETTINGS, { retention: PRESETS["dev"]! });
const settings = (change: SettingsChange) => mergeSettings(DEFAULT_SETTINGS, change);

/** A session of so many segments, whose events are from so many days ago. */
function record(sessionId: string, daysAgo: number, segments = 1, { open = false } = {}): SessionLog {
  const timestamp = formatTimestamp(NOW_MS - daysAgo * DAY_MS);
  const at = (type: string, body = {}) => ({ ...ownEvent(type, body), timestamp });
  const log = createSessionLog(dir, [`session_${sessionId}.jsonl`], at("START", { format: 1 }), {
    sessionId,
    agentId: "agent",
    durability: "os",
    onFault: (error) => expect.unreachable(error.message),
  });
  for (let segment = 0; segment < segments; segment++) {
    if (segment > 0) log.rotate(timestamp);
    for (let step = 0; step < 20; step++)
      log.append(at("CHECKPOINT", { message: `step ${segment} ${step}` }));
  }
  if (!open) log.close();
  return log;
}

const files = (): string[] =>
  (fs.readdirSync(dir, { recursive: true }) as string[])
    .filter((name) => !name.startsWith("ledger") && !name.endsWith(".lock") && name !== "archive")
    .toSorted();

function ledger(type?: string): Event[] {
  if (!fs.existsSync(path.join(dir, LEDGER))) return [];
  const events = fs.readFileSync(path.join(dir, LEDGER), "utf8").trim().split("\n");
  return events
    .map((line) => JSON.parse(line) as Event)
    .filter(({ event }) => type === undefined || event === type);
}

/** Every event of a session, as its files tell together. */
function eventsOf(sessionId: string): string[] {
  const found = new SessionCatalog(dir).refresh().sessions.get(sessionId) ?? [];
  return found.flatMap(({ path: file }) =>
    [...readLines(file)].map((line) => ("bytes" in line ? line.bytes.toString() : "too long")),
  );
}

const done = (steps: { action: string; file: string; error: string | null }[]): string[] =>
  steps.map(({ action, file, error }) => `${action} ${file}${error === null ? "" : ` failed: ${error}`}`);

describe("enforcing retention", () => {
  it("archives what is old, deletes what is older, and leaves the rest", async () => {
    record("young", 0.5);
    record("old", 8, 2);
    record("expired", 31);
    const before = eventsOf("old");
    const { steps, deferred } = await retain(dir, DEV);
    expect(deferred).toBeNull();
    expect(done(steps)).toEqual([
      "delete session_expired.jsonl",
      "archive session_old.jsonl",
      "archive session_old.0001.jsonl",
    ]);
    expect(files()).toEqual([
      "archive/session_old.0000.jsonl.gz",
      "archive/session_old.0001.jsonl.gz",
      "session_young.jsonl",
    ]);
    expect(eventsOf("old")).toEqual(before);
  });

  it("tells the ledger what went, by which policy and why, in full", async () => {
    record("expired", 31);
    const bytes = fs.statSync(path.join(dir, "session_expired.jsonl")).size;
    record("young", 0);
    await retain(dir, DEV);
    expect(ledger("SEGMENT_DELETED")).toEqual([
      expect.objectContaining({
        session_id: "expired",
        agent_id: "agent",
        file: "session_expired.jsonl",
        events: 21,
        bytes,
        first_seq: 0,
        last_seq: 20,
        first_at: formatTimestamp(NOW_MS - 31 * DAY_MS),
        last_at: formatTimestamp(NOW_MS - 31 * DAY_MS),
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        policy: "dev",
        reason: "its last event is older than 30 days",
      }),
    ]);
    expect(ledger("RETENTION_RUN")).toEqual([
      expect.objectContaining({ policy: "dev", archived: 0, deleted: 1, failed: 0 }),
    ]);
  });

  it("deletes an archived segment by what the ledger says of it, and by its own events when that is gone", async () => {
    record("young", 0);
    record("old", 8);
    await retain(dir, DEV);
    const [archived] = ledger("SEGMENT_ARCHIVED");
    for (const forgotten of [false, true]) {
      const copy = fs.mkdtempSync(path.join(tmpdir(), "tracekeep-retain-"));
      fs.cpSync(dir, copy, { recursive: true });
      if (forgotten) fs.rmSync(path.join(copy, LEDGER));
      const { steps } = await retain(copy, settings({ retention: { archive_retention_days: 7.5 } }));
      expect(done(steps)).toEqual(["delete archive/session_old.0000.jsonl.gz"]);
      const [deleted] = fs.readFileSync(path.join(copy, LEDGER), "utf8").trim().split("\n").slice(-2);
      const { sha256, events, first_seq, last_seq } = archived!;
      expect(JSON.parse(deleted!)).toMatchObject({ sha256, events, first_seq, last_seq });
      fs.rmSync(copy, { recursive: true });
    }
  });

  it("never moves a segment that somebody writes to, and moves the ones before it", async () => {
    const log = record("busy", 40, 2, { open: true });
    log.flush();
    record("young", 0);
    const { steps } = await retain(dir, DEV);
    expect(done(steps)).toEqual(["delete session_busy.jsonl"]);
    log.append(ownEvent("CHECKPOINT", { message: "still here" }));
    log.close();
    expect(eventsOf("busy").at(-1)).toContain("still here");
  });

  it("leaves a session whose end has to be healed to its next writer", async () => {
    record("torn", 40);
    fs.appendFileSync(path.join(dir, "session_torn.jsonl"), '{"event":"CHECK');
    record("young", 0);
    expect((await retain(dir, DEV)).steps).toEqual([]);
  });

  it("touches nothing under legal hold, whatever the policy says", async () => {
    record("held", 40);
    record("other", 40);
    record("young", 0);
    const { steps } = await retain(dir, mergeSettings(DEV, { legal_hold: ["held"] }));
    expect(done(steps)).toEqual(["delete session_other.jsonl"]);
    expect((await retain(dir, mergeSettings(DEV, { legal_hold: true }))).steps).toEqual([]);
  });

  it("keeps both sizes: moves the oldest sealed segments, then deletes the oldest from the archive", async () => {
    for (let day = 9; day >= 0; day--) record(`day${day}`, day / 10);
    const bytes = fs.statSync(path.join(dir, "session_day9.jsonl")).size;
    const mb = (count: number): number => (count * bytes + 100) / 1024 / 1024;
    const policy = { active_max_size_mb: mb(4), archive_max_size_mb: mb(3), compress_archive: false };
    const { steps } = await retain(dir, settings({ retention: policy }));
    expect(done(steps)).toEqual([
      ...[9, 8, 7, 6, 5, 4].map((day) => `archive session_day${day}.jsonl`),
      ...[9, 8, 7].map((day) => `delete archive/session_day${day}.0000.jsonl`),
    ]);
    expect(files()).toHaveLength(7);
    expect((await retain(dir, settings({ retention: policy }))).steps).toEqual([]);
  });

  it("shows in a dry run exactly what the run then does, and does nothing", async () => {
    record("young", 0.5);
    record("old", 8, 3);
    record("expired", 31);
    const before = files();
    const dry = await retain(dir, DEV, { dryRun: true });
    expect(files()).toEqual(before);
    expect(ledger()).toEqual([]);
    const real = await retain(dir, DEV);
    expect(real).toEqual({ ...dry, dry_run: false });
  });

  it("lets one run at a time through", async () => {
    record("old", 8);
    record("young", 0);
    const first = retain(dir, DEV);
    await expect(retain(dir, DEV)).rejects.toMatchObject({ code: "LOCK_TIMEOUT" });
    expect((await first).steps).toHaveLength(1);
  });

  it("goes on with the rest when a step fails, says which did, and does it in the next run", async () => {
    record("first", 9);
    record("second", 8);
    record("young", 0);
    const disk = faultyDisk();
    disk.failWrites = ["no space"];
    const { steps } = await retain(dir, DEV, { disk });
    expect(done(steps)).toEqual([
      expect.stringMatching(/^archive session_first.jsonl failed: .*ENOSPC/),
      "archive session_second.jsonl",
    ]);
    expect(ledger("RETENTION_RUN")).toEqual([expect.objectContaining({ archived: 1, failed: 1 })]);
    expect(done((await retain(dir, DEV)).steps)).toEqual(["archive session_first.jsonl"]);
  });

  it("deletes nothing without its record on the medium", async () => {
    record("expired", 31);
    record("young", 0);
    const disk = faultyDisk();
    disk.failSyncs = 1;
    const { steps } = await retain(dir, DEV, { disk }).catch((error: TracekeepError) => ({
      steps: [{ action: "", file: "", error: error.message }],
    }));
    expect(steps[0]?.error).toMatch(/EIO/);
    expect(files()).toContain("session_expired.jsonl");
  });
});

describe("a clock that leaps", () => {
  afterEach(() => vi.useRealTimers());
  const setTime = (daysFromNow: number): void => {
    vi.useFakeTimers({ toFake: ["Date"], now: NOW_MS + daysFromNow * DAY_MS });
  };
  const HOUR = 1 / 24;

  it("deletes nothing in that run nor within the next hour, and then does", async () => {
    record("a", 20);
    record("b", 0);
    await retain(dir, settings({ retention: { active_retention_days: 7 } }));
    setTime(3650);
    const first = await retain(dir, DEV);
    expect(first.deferred).toMatch(/^the clock leapt from 20/);
    expect(ledger("RETENTION_DEFERRED")).toEqual([
      expect.objectContaining({ reason: first.deferred, deleted: 0 }),
    ]);
    setTime(3650 + HOUR / 2);
    expect((await retain(dir, DEV)).deferred).toMatch(/watched for an hour/);
    expect(ledger("SEGMENT_DELETED")).toEqual([]);
    setTime(3650 + 2 * HOUR);
    expect(done((await retain(dir, DEV)).steps)).toEqual([
      "delete archive/session_a.0000.jsonl.gz",
      "delete session_b.jsonl",
    ]);
  });

  it("is found out when it is set right again, and the next run is as any other", async () => {
    record("a", 20);
    record("b", 0);
    await retain(dir, DEV);
    setTime(3650);
    await retain(dir, DEV);
    setTime(0.1);
    expect((await retain(dir, DEV)).deferred).toMatch(/^the clock leapt from 2036/);
    setTime(0.2);
    expect((await retain(dir, DEV)).deferred).toBeNull();
    expect(ledger("SEGMENT_DELETED")).toEqual([]);
  });

  it("does not keep a store that is used once a week from being cleared", async () => {
    record("a", 20);
    for (let week = 0; week < 4; week++) {
      setTime(week * 7);
      await retain(dir, DEV);
    }
    expect(ledger("SEGMENT_DELETED")).toHaveLength(1);
  });
});

describe("a run that is cut short", () => {
  /** What a store looks like after the process died at its n-th change; undefined when it lived to the end. */
  async function dieAt(step: number, end: (disk: FaultyDisk) => void): Promise<boolean> {
    const disk = faultyDisk();
    disk.crashIn = step;
    await retain(dir, DEV, { disk }).catch(() => undefined);
    if (!disk.isDead) return false;
    end(disk);
    return true;
  }

  it.each([
    ["a killed process", (): void => undefined],
    [
      "a power cut",
      (disk: FaultyDisk): void => {
        disk.cutPower(dir);
        if (fs.existsSync(path.join(dir, "archive"))) disk.cutPower(path.join(dir, "archive"));
      },
    ],
  ])("loses nothing and doubles nothing, whichever step %s falls on", async (_, end) => {
    let steps = 0;
    for (; ; steps++) {
      fs.rmSync(dir, { recursive: true, force: true });
      fs.mkdirSync(dir);
      record("young", 0);
      record("old", 8, 2);
      record("expired", 31);
      const old = eventsOf("old");
      const expired = eventsOf("expired");
      const died = await dieAt(steps, end);
      // Complete or absent: whatever is there is whole, and what has gone is in the ledger.
      expect(eventsOf("old")).toEqual(old);
      if (eventsOf("expired").length === 0) expect(ledger("SEGMENT_DELETED")).toHaveLength(1);
      else expect(eventsOf("expired")).toEqual(expired);
      await retain(dir, DEV);
      expect(files()).toEqual([
        "archive/session_old.0000.jsonl.gz",
        "archive/session_old.0001.jsonl.gz",
        "session_young.jsonl",
      ]);
      expect(eventsOf("old")).toEqual(old);
      for (const [type, count] of [
        ["SEGMENT_DELETED", 1],
        ["SEGMENT_ARCHIVED", 2],
      ] as const)
        expect(new Set(ledger(type).map(({ file }) => file)).size).toBe(count);
      if (!died) break;
    }
    expect(steps).toBeGreaterThan(20);
  });
});
