import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { openReader } from "../read/index.ts";
import { openStore } from "../record/index.ts";
import type { Store } from "../record/index.ts";
import { decodeEntry } from "../store/session/session-entry.ts";
import { faultyDisk } from "../testing/index.ts";
import { buildIndex, foldIndex } from "./build.ts";
import { SessionIndex } from "./session-index.ts";

let dir: string;
let store: Store;
let index: SessionIndex;
beforeEach(() => {
  dir = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-")), "store");
  open();
});
afterEach(() => {
  store.close();
  fs.rmSync(path.dirname(dir), { recursive: true, force: true });
});

function open(): void {
  const onFault = (error: Error) => expect.unreachable(error.message);
  store = openStore({ dir, durability: "os", handleSignals: false, onFault, indexEveryEvents: 50 });
  index = new SessionIndex(store);
}

const AGENT = "Claude-Orch-Prime-20260106-c614";
const at = (second: number): string => new Date(Date.UTC(2026, 0, 6, 22, 0, second)).toISOString();

/** The example on Sentinel's page, in short. */
function recordExample(id = "example"): void {
  const session = store.startSession({ id, agent: AGENT, startedAt: at(0) });
  session.log({ event: "TOOL_CALL", tool: "bash", duration_ms: 150, timestamp: at(1) });
  session.log({ event: "TOOL_CALL", tool: "Task", duration_ms: 12_500, timestamp: at(2) });
  session.log({ event: "TOOL_CALL", tool: "Read", call_id: "c", timestamp: at(3) });
  session.log({ event: "TOOL_RESULT", call_id: "c", timestamp: at(5) });
  session.log({ event: "ERROR", message: "no", timestamp: at(60) });
  const anomaly = { type: "TOOL_STORM", detected_at: at(30), details: "15 tool calls in 60 seconds" };
  session.log({ event: "ANOMALY_DETECTED", anomaly, timestamp: at(90) });
  session.log({ event: "END", reason: "NORMAL", timestamp: at(150) });
  session.close();
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
const text = (): string => fs.readFileSync(index.file, "utf8");
const journal = (): string => path.join(dir, "index", "journal.jsonl");

describe("the index of sessions", () => {
  it("is Sentinel's, field for field", async () => {
    recordExample();
    const { sessions, ...rest } = await index.load();
    expect(rest).toEqual({
      version: "1.0.0",
      schema: "sentinel/session_index/v1",
      last_updated: at(150),
      summary: {
        total_sessions: 1,
        total_traces: 8,
        date_range: { first: "2026-01-06", last: "2026-01-06" },
        health_score_avg: sessions[0]?.health_score,
      },
    });
    expect(sessions[0]).toMatchObject({
      session_id: "example",
      agent_id: AGENT,
      file: "session_20260106_c614.jsonl",
      started_at: at(0),
      ended_at: at(150),
      ended_reason: "NORMAL",
      trace_count: 8,
      event_counts: { ANOMALY_DETECTED: 1, END: 1, ERROR: 1, START: 1, TOOL_CALL: 3, TOOL_RESULT: 1 },
      anomaly_count: 1,
      anomalies: [{ type: "TOOL_STORM", detected_at: at(30), details: "15 tool calls in 60 seconds" }],
      metrics: {
        duration_seconds: 150,
        avg_tool_duration_ms: 4883,
        max_tool_duration_ms: 12_500,
        error_rate_percent: 12.5,
      },
    });
    expect(JSON.parse(text())).toEqual(await index.load());
  });

  it("lists sessions by start and id, and is empty for an empty store", async () => {
    expect((await index.load()).summary).toEqual({
      total_sessions: 0,
      total_traces: 0,
      date_range: { first: null, last: null },
      health_score_avg: 100,
    });
    for (const id of ["b", "a", "c"]) store.startSession({ id, startedAt: at(id === "c" ? 0 : 1) }).end();
    expect((await index.load()).sessions.map(({ session_id: id }) => id)).toEqual(["c", "a", "b"]);
  });

  it("knows a session at Sentinel's moments: start, every 50 events, anomaly, end", async () => {
    const known = (): number => {
      store.openSessions[0]?.flush();
      const lines = fs.existsSync(journal()) ? fs.readFileSync(journal(), "utf8").trim().split("\n") : [];
      const last = lines.at(-1);
      return last === undefined ? 0 : (decodeEntry(last)?.folded.summary.events ?? NaN);
    };
    const session = store.startSession({ id: "s" });
    await turn();
    expect(known()).toBe(1);
    for (let i = 0; i < 49; i++) session.log({ event: "CHECKPOINT" });
    await turn();
    expect(known()).toBe(1);
    session.log({ event: "CHECKPOINT" });
    await turn();
    expect(known()).toBe(51);
    session.log({ event: "ANOMALY_DETECTED", anomaly: { rule: "LOOP" } });
    await turn();
    expect(known()).toBe(52);
    session.end();
    expect(known()).toBe(53);
  });

  it("gives the same bytes folded and built again, through restarts, archive and hand-made anomalies", async () => {
    const event = fc.constantFrom("CHECKPOINT", "ERROR", "TOOL_CALL", "ANOMALY_DETECTED", "é…");
    const action = fc.oneof(
      fc.record({ do: fc.constant("log" as const), id: fc.constantFrom("a", "b", "c"), event }),
      fc.record({ do: fc.constantFrom("end" as const, "load" as const), id: fc.constantFrom("a", "b") }),
      fc.record({
        do: fc.constantFrom("update" as const, "archive" as const, "reopen" as const),
        id: fc.constant("a"),
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 25 }), async (actions) => {
        store.close();
        fs.rmSync(dir, { recursive: true, force: true });
        open();
        for (const step of actions) {
          const find = () =>
            store.openSessions.find(({ id }) => id === step.id) ?? store.openOrStartSession({ id: step.id });
          if (step.do === "log")
            find().log({ event: step.event, tool: "t", duration_ms: 3, anomaly: { rule: "X" } });
          else if (step.do === "end") find().end();
          else if (step.do === "load") await index.load();
          else if (step.do === "update") {
            find();
            await index.update("a", { health_score: 50, metrics: { mine: 1 } });
          } else {
            store.close();
            open();
            if (step.do !== "archive") continue;
            await store.updateSettings({ retention: { active_max_size_mb: 0 } });
            await store.retain();
          }
        }
        await index.load();
        const folded = text();
        await index.rebuild();
        expect(text()).toBe(folded);
      }),
      { numRuns: 25 },
    );
  }, 60_000);

  it("is never missed and never believed when it is damaged", async () => {
    recordExample("one");
    recordExample("two");
    store.startSession({ id: "open" }).log({ event: "CHECKPOINT" });
    store.openSessions[0]?.flush();
    await index.load();
    store.openSession("one").log({ event: "CHECKPOINT" });
    store.openSessions[1]?.close();
    store.startSession({ id: "three" }).end();
    await turn();
    const truth = await buildIndex(openReader({ dir }));
    const snapshot = path.join(dir, "index", "sessions.jsonl");
    const files = [index.file, journal(), snapshot].map((file) => [file, fs.readFileSync(file)] as const);
    const damage = fc.oneof(
      fc.record({ kind: fc.constant("cut" as const), at: fc.double({ min: 0, max: 1, noNaN: true }) }),
      fc.record({
        kind: fc.constantFrom("flip" as const, "append" as const),
        at: fc.double({ min: 0, max: 0.999, noNaN: true }),
      }),
      fc.record({ kind: fc.constantFrom("delete" as const, "folder" as const), at: fc.constant(0) }),
    );
    const apply = (file: string, bytes: Buffer, { kind, at: where }: { kind: string; at: number }): void => {
      fs.rmSync(file, { recursive: true, force: true });
      const place = Math.floor(where * bytes.length);
      if (kind === "cut") fs.writeFileSync(file, bytes.subarray(0, place));
      else if (kind === "append") fs.writeFileSync(file, Buffer.concat([bytes, bytes.subarray(place)]));
      else if (kind === "folder") fs.mkdirSync(file);
      else if (kind === "flip") {
        const flipped = Buffer.from(bytes);
        flipped[place]! ^= 0x15;
        fs.writeFileSync(file, flipped);
      }
    };
    await fc.assert(
      fc.asyncProperty(fc.tuple(damage, damage, damage), async (damages) => {
        for (const [each, [file, bytes]] of files.entries()) apply(file, bytes, damages[each]!);
        expect([...openReader({ dir }).sessions()].map(({ events }) => events)).toEqual(
          truth.sessions.map(({ trace_count: count }) => count),
        );
        expect(await index.load()).toEqual(truth);
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  it.each(["a killed process", "a power cut"])(
    "is the old one or the new one, whichever step %s falls on",
    async (how) => {
      recordExample("one");
      await index.load();
      const before = text();
      recordExample("two");
      const after = `${JSON.stringify(await buildIndex(openReader({ dir })), undefined, 2)}\n`;
      let steps = 0;
      for (; ; steps++) {
        fs.writeFileSync(index.file, before);
        const disk = faultyDisk();
        disk.crashIn = steps;
        const data = await foldIndex(openReader({ dir }), { disk });
        expect(`${JSON.stringify(data, undefined, 2)}\n`).toBe(after);
        if (disk.isDead && how === "a power cut") disk.cutPower(dir);
        expect([before, after]).toContain(text());
        await index.load();
        expect(text()).toBe(after);
        if (!disk.isDead) break;
      }
      expect(steps).toBeGreaterThan(5);
    },
  );
});

describe("Sentinel's manager", () => {
  it("registers a session once, and refuses what it does not know", async () => {
    expect(path.basename(index.register("s", { agent: AGENT }))).toBe("session_20260106_c614.jsonl");
    index.register("s", { agent: AGENT });
    expect((await index.load()).summary.total_sessions).toBe(1);
    await expect(index.update("nobody", { health_score: 1 })).rejects.toMatchObject({ code: "NO_SESSION" });
    expect(() => index.close("nobody")).toThrow(/no session "nobody"/);
  });

  it("records what it is told, so that a rebuild tells it too, and only once", async () => {
    index.register("s");
    const anomalies = [{ type: "TOOL_STORM", detected_at: at(0), details: "15 tool calls in 60 seconds" }];
    const update = { anomalies, health_score: 85, metrics: { avg_tool_duration_ms: 245, mine: 7 } };
    await index.update("s", update);
    await index.update("s", update);
    const [session] = (await index.rebuild()).sessions;
    expect(session).toMatchObject({ anomaly_count: 1, anomalies, health_score: 85 });
    expect(session?.metrics).toMatchObject({ avg_tool_duration_ms: 245, mine: 7 });
    expect(session?.event_counts).toEqual({ START: 1, ANOMALY_DETECTED: 1, SESSION_METRICS: 1 });
  });

  it("takes no counts from its caller", async () => {
    index.register("s");
    await expect(index.update("s", { trace_count: 5 } as never)).rejects.toThrow(
      /unknown option "trace_count"/,
    );
    await expect(index.update("s", { health_score: 101 })).rejects.toThrow(/health_score must be/);
  });

  it("closes a session once, and what is said later does not open it again", async () => {
    index.register("s");
    index.close("s", "DONE");
    index.close("s", "AGAIN");
    await index.update("s", { health_score: 40 });
    const [session] = (await index.load()).sessions;
    expect(session).toMatchObject({ ended_reason: "DONE", health_score: 40 });
    expect(session?.ended_at).not.toBeNull();
  });
});

describe("files that are not ours", () => {
  it("are indexed as Sentinel did: by START's agent, else as Unknown, and UNKNOWN for a line without a type", async () => {
    const folder = path.join(dir, "audit");
    fs.mkdirSync(folder);
    const write = (name: string, lines: object[]): void =>
      fs.writeFileSync(path.join(folder, name), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    write("session_20260106_c614.jsonl", [
      { event: "START", timestamp: at(0), agent_id: AGENT },
      { event: "END", timestamp: at(5), agent_id: AGENT },
    ]);
    write("session_20260107_a1b2.jsonl", [
      { event: "TOOL_CALL", timestamp: at(10), agent_id: "x" },
      { timestamp: at(20), agent_id: "x" },
    ]);
    const { sessions } = await buildIndex(openReader({ paths: [folder] }));
    expect(sessions.map(({ session_id: id, event_counts: counts }) => [id, counts])).toEqual([
      [AGENT, { END: 1, START: 1 }],
      ["Unknown-20260107-a1b2", { TOOL_CALL: 1, UNKNOWN: 1 }],
    ]);
  });

  it("keep their own anomalies, though all of them are read before the first is given", async () => {
    const folder = path.join(dir, "audit");
    fs.mkdirSync(folder);
    for (const [number, type] of ["TOOL_STORM", "RETRY_STORM", ""].entries()) {
      const found = { event: "ANOMALY_DETECTED", timestamp: at(number), anomaly: { type, details: type } };
      const lines = [
        { event: "START", timestamp: at(number), agent_id: AGENT },
        ...(type === "" ? [] : [found]),
      ];
      const content = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
      fs.writeFileSync(path.join(folder, `session_2026010${number}_c614.jsonl`), content);
    }
    const { sessions } = await buildIndex(openReader({ paths: [folder] }));
    expect(sessions.map(({ anomalies }) => anomalies.map(({ type }) => type))).toEqual([
      ["TOOL_STORM"],
      ["RETRY_STORM"],
      [],
    ]);
    expect(sessions.map(({ anomaly_count: count }) => count)).toEqual([1, 1, 0]);
  });
});
