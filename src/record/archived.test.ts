import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { verifyStore } from "../integrity/index.ts";
import { openReader } from "../read/index.ts";
import { Ledger } from "../store/ledger/ledger.ts";
import { archiveRotated } from "../store/lifecycle/rotated.ts";
import { faultyDisk } from "../testing/index.ts";
import type { Session } from "./session.ts";
import { openStore } from "./store.ts";
import type { Store } from "./store.ts";

let dir: string;
beforeEach(() => {
  dir = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-")), "store");
});
afterEach(() => {
  vi.useRealTimers();
  fs.rmSync(path.dirname(dir), { recursive: true });
});

function open(options = {}): Store {
  return openStore({ dir, onFault: (error) => expect.unreachable(error.message), ...options });
}

const live = (): string[] => fs.readdirSync(dir).filter((name) => /^session_.*\.jsonl$/.test(name));
const numbers = (session: string): number[] =>
  [...openReader({ dir }).events({ session })].map(({ seq }) => seq);

/** Puts everything that nobody writes into the archive. */
async function archiveAll(store: Store, compress = true): Promise<void> {
  await store.updateSettings({ retention: { active_max_size_mb: 0, compress_archive: compress } });
  const { steps } = await store.retain();
  expect(steps.map(({ error }) => error)).toEqual(steps.map(() => null));
}

describe("a session whose log is in the archive", () => {
  it.each([true, false])("is gone on with in a new segment (compressed: %s)", async (compress) => {
    const store = open();
    const first = store.startSession({ id: "s", agent: "Claude-Orch-Prime-20260106-c614" });
    first.log({ event: "CHECKPOINT" });
    first.close();
    await archiveAll(store, compress);
    expect(live()).toEqual([]);
    const session = store.openSession("s");
    session.log({ event: "CHECKPOINT" });
    session.end();
    expect(live()).toEqual(["session_20260106_c614.0001.jsonl"]);
    expect(numbers("s")).toEqual([0, 1, 2, 3, 4, 5]);
    await archiveAll(store, compress);
    store.openSession("s").end();
    expect(numbers("s")).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(() => store.startSession({ id: "s" })).toThrow(/there is a session s already/);
    store.close();
  });

  it.each([{}, { last: 100 }])("is found by a reader that listed it before it moved (%j)", async (filter) => {
    const store = open();
    const session = store.startSession({ id: "a" });
    for (let i = 0; i < 10; i++) session.log({ event: "CHECKPOINT", step: i });
    session.end();
    store.startSession({ id: "b" }).end();
    const before = numbers("a");
    const events = openReader({ dir }).events({ agent: "agent", ...filter });
    const seen: string[] = [];
    let moved = false;
    for (const { session_id: id, seq } of events) {
      seen.push(`${id} ${seq}`);
      if (moved) continue;
      moved = true;
      await archiveAll(store);
    }
    expect(seen.filter((each) => each.startsWith("a "))).toEqual(before.map((seq) => `a ${seq}`));
    expect(seen.filter((each) => each.startsWith("b "))).toHaveLength(2);
    expect(events.report.skipped).toEqual([]);

    store.close();
  });

  it("does not make another session of the same agent lose its name, or its place in the archive", async () => {
    const store = open();
    const agent = "Claude-Orch-Prime-20260106-c614";
    for (const id of ["first", "second", "third"]) {
      store.startSession({ id, agent }).end();
      await archiveAll(store);
    }
    for (const id of ["first", "second", "third"]) store.openSession(id).end();
    for (const id of ["first", "second", "third"]) expect(numbers(id)).toEqual([0, 1, 2, 3, 4]);
    store.close();
  });
});

describe("rotation", () => {
  it("begins a segment with the first event of a day in the zone that was chosen", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.UTC(2026, 2, 28, 20) });
    const store = open();
    await store.updateSettings({ rotation: { daily: true, time_zone: "Europe/Berlin" } });
    const session = store.startSession({ id: "s", agent: "a-20260106-c614" });
    // Clocks go forward in the night to the 29th: midnight is at 23:00 and then at 22:00.
    for (const time of ["28T22:59:59", "28T23:00:00", "29T21:59:59", "29T22:00:00"]) {
      vi.setSystemTime(new Date(`2026-03-${time}Z`));
      session.log({ event: "CHECKPOINT" });
    }
    session.end();
    const headers = [...openReader({ dir }).events({ session: "s", event: "SEGMENT" })];
    expect(headers.map(({ timestamp }) => timestamp)).toEqual([
      "2026-03-28T23:00:00.000Z",
      "2026-03-29T22:00:00.000Z",
    ]);
    store.close();
  });

  it("goes by the size in the settings, unless the program has its own", async () => {
    const store = open();
    await store.updateSettings({ rotation: { segment_bytes: 64 * 1024 } });
    const write = (id: string, to: Store): number => {
      const session = to.startSession({ id });
      for (let i = 0; i < 100; i++) session.appendSync({ event: "CHECKPOINT", message: "x".repeat(2_000) });
      session.end();
      return [...to.openSession(id).file.matchAll(/\.(\d{4})\./g)].length;
    };
    expect(write("small", store)).toBe(1);
    const other = open({ segmentBytes: 1024 * 1024 });
    expect(write("large", other)).toBe(0);
    store.close();
    other.close();
  });
});

describe("settings", () => {
  it("are changed on the record, and the change is in force at once", async () => {
    const store = open();
    expect(store.settings.retention.rotation_schedule).toBe("manual");
    await store.updateSettings({ legal_hold: ["s"] });
    expect(store.settings.legal_hold).toEqual(["s"]);
    await store.updateSettings({ legal_hold: ["s"] });
    const changes = fs.readFileSync(path.join(dir, "ledger.jsonl"), "utf8").match(/SETTINGS_CHANGED/g);
    expect(changes).toHaveLength(1);
    store.close();
  });

  it("that cannot be understood open no store, because secrets could slip through, and delete nothing", () => {
    open().close();
    fs.writeFileSync(path.join(dir, "settings.json"), '{"retention":');
    expect(() => open()).toThrow(expect.objectContaining({ code: "BAD_SETTINGS" }) as Error);
  });

  it("that go bad while a store is open delete nothing and keep nobody from recording who is", () => {
    const store = open();
    const session = store.startSession({ id: "s" });
    fs.writeFileSync(path.join(dir, "settings.json"), '{"retention":');
    session.end();
    expect(() => store.retain()).toThrow(/cannot be understood/);
    store.close();
  });
});

describe("the schedule", () => {
  it("is kept by whoever opens the store, once it is due and not before", async () => {
    let store = open();
    store.startSession({ id: "old" }).end();
    await store.updateSettings({ retention: { active_max_size_mb: 0, rotation_schedule: "daily" } });
    store.close();
    store = open();
    await vi.waitFor(() => expect(live()).toEqual([]), { timeout: 5_000 });
    store.startSession({ id: "next" }).end();
    store.close();
    store = open();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(live()).toHaveLength(1);
    store.close();
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 25 * 3_600_000 });
    store = open();
    await vi.waitFor(() => expect(live()).toEqual([]), { timeout: 5_000 });
    store.close();
  });

  it("is left alone by a store that is opened without it", async () => {
    let store = open();
    store.startSession({ id: "old" }).end();
    await store.updateSettings({ retention: { active_max_size_mb: 0, rotation_schedule: "on_startup" } });
    store.close();
    store = open({ keepSchedule: false });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(live()).toHaveLength(1);
    store.close();
  });
});

describe("segments that are archived as they are left behind", () => {
  const archived = (): string[] =>
    fs.existsSync(path.join(dir, "archive")) ? fs.readdirSync(path.join(dir, "archive")).toSorted() : [];
  /** A session in three segments, the last one open. */
  function rotateTwice(store: Store): Session {
    const session = store.startSession({ id: "s", agent: "Claude-Orch-Prime-20260106-c614" });
    for (let i = 0; i < 2; i++) {
      session.log({ event: "CHECKPOINT", step: i });
      session.rotate();
    }
    session.log({ event: "CHECKPOINT" });
    return session;
  }

  it("stay where they are unless the settings say so", async () => {
    const store = open();
    rotateTwice(store).end();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(archived()).toEqual([]);
    expect(live()).toHaveLength(3);
    store.close();
  });

  it("move beside the recording, on the record, and are read as before", async () => {
    const store = open();
    await store.updateSettings({ rotation: { archive: true } });
    const session = rotateTwice(store);
    // Nothing of it happens in the turn that rotates.
    expect(archived()).toEqual([]);
    await vi.waitFor(() => expect(live()).toEqual(["session_20260106_c614.0002.jsonl"]), 10_000);
    expect(archived()).toEqual([
      "session_20260106_c614.0000.jsonl.gz",
      "session_20260106_c614.0001.jsonl.gz",
    ]);
    session.end();
    expect(numbers("s")).toEqual([0, 1, 2, 3, 4, 5, 6]);
    const ledger = fs.readFileSync(path.join(dir, "ledger.jsonl"), "utf8");
    expect(ledger.match(/"event":"SEGMENT_ARCHIVED"/g)).toHaveLength(2);
    store.close();
    expect(verifyStore(dir).logs.map(({ verdict }) => verdict)).not.toContain("missing");
  });

  it("stay where they are while their session is held", async () => {
    const store = open();
    await store.updateSettings({ rotation: { archive: true }, legal_hold: ["s"] });
    rotateTwice(store).end();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(archived()).toEqual([]);
    store.close();
  });

  it.each(["a killed process", "a power cut"])(
    "are whole, once, whichever step %s falls on",
    async (how) => {
      let steps = 0;
      for (; ; steps++) {
        fs.rmSync(dir, { recursive: true, force: true });
        const store = open({ durability: "fsync" });
        const session = rotateTwice(store);
        session.sync();
        const before = numbers("s");
        await store.updateSettings({ rotation: { archive: true } });
        const disk = faultyDisk();
        disk.crashIn = steps;
        const ledger = new Ledger(dir, () => undefined, disk);
        await archiveRotated(dir, "s", session.file, ledger, disk).catch(() => undefined);
        if (disk.isDead && how === "a power cut")
          for (const each of [dir, path.join(dir, "archive")]) if (fs.existsSync(each)) disk.cutPower(each);
        expect(numbers("s")).toEqual(before);
        const again = new Ledger(dir, () => undefined);
        await archiveRotated(dir, "s", session.file, again);
        again.close();
        expect(numbers("s")).toEqual(before);
        expect(live()).toEqual(["session_20260106_c614.0002.jsonl"]);
        expect(archived()).toHaveLength(2);
        session.close();
        store.close();
        if (!disk.isDead) break;
      }
      expect(steps).toBeGreaterThan(15);
    },
    60_000,
  );
});
