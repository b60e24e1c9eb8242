import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { EventDraft } from "../event/index.ts";
import { openReader } from "../read/index.ts";
import type { Reader } from "../read/index.ts";
import { openStore } from "../record/index.ts";
import type { Provenance, SessionOptions } from "../record/index.ts";
import { writeIndex } from "../session-index/build.ts";
import { auditReport } from "./audit.ts";
import type { AuditReport } from "./audit.ts";
import { renderAudit } from "./audit-text.ts";
import { sessionRow } from "./session-row.ts";
import { STATS_KEYS, statsRows } from "./stats.ts";
import { textWidth } from "./text.ts";

const START_MS = Date.parse("2026-01-06T22:00:00.000Z");

let dir: string;
let reader: Reader;

beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  reader = openReader({ dir, clock: { wallMs: () => START_MS + 3_600_000, monotonicMs: () => 0 } });
});
afterEach(() => fs.rmSync(dir, { recursive: true }));

/** An event so many seconds after the session's start. */
type At = [seconds: number, draft: EventDraft, provenance?: Provenance];

function record(options: SessionOptions & { id: string }, events: readonly At[]): string {
  const store = openStore({ dir, handleSignals: false, durability: "os" });
  const startedAt = new Date(START_MS).toISOString();
  const session = store.startSession({ startedAt, ...options });
  for (const [seconds, draft, provenance] of events) {
    session.log({ ...draft, timestamp: new Date(START_MS + seconds * 1000).toISOString() }, provenance);
  }
  session.close();
  store.close();
  return session.file;
}

const call = { event: "TOOL_CALL", tool: "bash", call_id: "1" };
const failure = { event: "TOOL_RESULT", tool: "bash", call_id: "1", status: "error", error: "exit code 1" };
const answer = { event: "MODEL_RESPONSE", model: "opus", input_tokens: 10, output_tokens: 5, cost_usd: 0.1 };

describe("the audit", () => {
  it("adds up a store: figures, agents, projects, span", async () => {
    record({ id: "one", agent: "a", project: "/p" }, [
      [1, call],
      [2, failure],
      [3, answer],
    ]);
    record({ id: "two", agent: "b", project: "/p" }, [
      [4, answer],
      [5, { ...answer, model: "local", cost_usd: undefined }],
    ]);
    const report = await auditReport(reader);
    expect(report).toMatchObject({
      sessions: 2,
      events: 7,
      tool_calls: 1,
      tool_errors: 1,
      errors: 1,
      tools: { bash: { calls: 1, errors: 1, duration_ms: 1000 } },
      model_calls: 3,
      models: { opus: { calls: 2, cost_usd: 0.2 }, local: { calls: 1, cost_usd: null } },
      tokens: { input: 30, output: 15, cache_read: 0, cache_write: 0, reasoning: 0 },
      cost_usd: 0.2,
      unpriced: ["local"],
      started_at: "2026-01-06T22:00:00.000Z",
      last_at: "2026-01-06T22:00:05.000Z",
      skipped: [],
      anomalies: [],
      lost: 0,
    });
    expect(report.agents.map(({ name, sessions, events }) => [name, sessions, events])).toEqual([
      ["a", 1, 4],
      ["b", 1, 3],
    ]);
    expect(report.projects).toMatchObject([{ name: "/p", sessions: 2, events: 7, cost_usd: 0.2 }]);
  });

  it("counts a copied call where it was made, and says what was left out", async () => {
    const original: At[] = [
      [1, call],
      [2, failure],
      [3, answer],
    ];
    record({ id: "one", agent: "a" }, original);
    record({ id: "two", agent: "a" }, [
      ...original.map(([at, draft]): At => [at, draft, { copyOf: "one" }]),
      [9, answer],
    ]);
    const report = await auditReport(reader);
    expect(report).toMatchObject({
      events: 6,
      tool_calls: 1,
      tool_errors: 1,
      errors: 1,
      model_calls: 2,
      cost_usd: 0.2,
    });
    expect(report.copies).toMatchObject({
      events: 3,
      tool_calls: 1,
      tool_errors: 1,
      model_calls: 1,
      cost_usd: 0.1,
    });
    expect(report.latest_errors).toHaveLength(1);
    expect(report.agents).toMatchObject([{ name: "a", sessions: 2, tool_calls: 1, cost_usd: 0.2 }]);
    const rows = [...reader.sessions()].map(sessionRow);
    expect(rows.map(({ tool_calls, cost_usd }) => [tool_calls, cost_usd])).toEqual([
      [1, 0.1],
      [1, 0.2],
    ]);
  });

  it("names no type, tool or model of which there are only copies, and no price where none is left", async () => {
    record({ id: "two", agent: "a" }, [
      [1, call, { copyOf: "gone" }],
      [2, answer, { copyOf: "gone" }],
    ]);
    expect(await auditReport(reader)).toMatchObject({
      event_counts: { START: 1 },
      tools: {},
      models: {},
      cost_usd: null,
    });
  });

  it("lists the latest failures of all sessions, latest first", async () => {
    record({ id: "one", agent: "a" }, [
      [1, { event: "ERROR", message: "first" }],
      [8, { event: "ERROR", message: "third" }],
    ]);
    record({ id: "two", agent: "a" }, [
      [4, { event: "ERROR", message: "second" }],
      [5, { event: "nav", severity: "CRITICAL" }],
    ]);
    const { latest_errors: latest, errors } = await auditReport(reader, { errors: 3 });
    expect(errors).toBe(4);
    expect(latest.map(({ session_id, seq, event }) => [session_id, seq, event])).toEqual([
      ["one", 2, "ERROR"],
      ["two", 2, "nav"],
      ["two", 1, "ERROR"],
    ]);
    expect(latest[0]?.message).toContain("third");
  });

  it("knows the longest silences, and when they began", async () => {
    record({ id: "one", agent: "a" }, [
      [10, call],
      [700, failure],
    ]);
    expect((await auditReport(reader)).silences[0]).toEqual({
      session_id: "one",
      agent_id: "a",
      seq: 1,
      timestamp: "2026-01-06T22:00:10.000Z",
      ms: 690_000,
    });
  });

  it("says what could not be read: now, when it was imported, and when it was recorded", async () => {
    const source = { file: "/elsewhere.jsonl", offset: 40, line: 2 };
    const file = record({ id: "one", agent: "a" }, [
      [1, { event: "GAP", count: 1, bytes: 7, reason: "not JSON" }, { source }],
      [2, { event: "GAP", count: 3, reason: "the disk was full" }],
      [3, { event: "ANOMALY_DETECTED", anomaly: { rule: "loop" } }],
    ]);
    const size = fs.statSync(file).size;
    fs.appendFileSync(file, "damage\n");
    const report = await auditReport(reader);
    expect(report.lost).toBe(3);
    expect(report.skipped).toMatchObject([
      { file, from: size, to: size + 7 },
      { file: "/elsewhere.jsonl", from: 40, to: 47, reason: "not JSON" },
    ]);
    expect(report.anomalies).toMatchObject([{ session_id: "one", seq: 3, anomaly: { rule: "loop" } }]);
  });

  it("can be of one session, or of the last hours", async () => {
    record({ id: "one", agent: "a" }, [
      [1, answer],
      [3500, answer],
    ]);
    record({ id: "two", agent: "b" }, [[2, answer]]);
    expect(await auditReport(reader, { session: "one" })).toMatchObject({ sessions: 1, model_calls: 2 });
    expect(await auditReport(reader, { last: "10m" })).toMatchObject({
      sessions: 1,
      model_calls: 1,
      events: 1,
    });
    await expect(auditReport(reader, { last: "soon" })).rejects.toThrow(RangeError);
  });
});

describe("the audit as text", () => {
  const HOSTILE = "読む\u001b[31m😀".repeat(12);

  it.each([80, 132])(
    "fits %d columns and holds no control character, whatever the names are",
    async (columns) => {
      record({ id: `${HOSTILE} one`, agent: HOSTILE, project: `/p/${HOSTILE}` }, [
        [1, { ...call, tool: HOSTILE }],
        [2, { ...failure, error: `${HOSTILE}\n${HOSTILE}` }],
        [900, { ...answer, model: HOSTILE, cache_read_tokens: 123_456_789, cost_usd: 98_765.4321 }],
      ]);
      record({ id: "two", agent: "b", project: "/q" }, [[1, answer]]);
      const text = renderAudit(await auditReport(reader), { columns, color: false });
      const lines = text.split("\n");
      // Notes name what they name in full; everything else is cut to fit.
      const notes = lines.indexOf("Notes");
      const fitted = notes < 0 ? lines : lines.slice(0, notes);
      expect(fitted.filter((line) => textWidth(line) > columns)).toEqual([]);
      // oxlint-disable-next-line no-control-regex -- control characters are what this is about
      expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    },
  );

  it("tells the same as the data, and never shows a missing price as nothing", async () => {
    record({ id: "one", agent: "a" }, [
      [1, call],
      [2, failure],
      [3, { ...answer, cost_usd: undefined }],
    ]);
    const report = await auditReport(reader);
    const text = renderAudit(report, { columns: 80, color: false });
    for (const part of ["1 session", "4 events", "1 tool call", "bash", "100.0 %", "opus", "exit code 1"]) {
      expect(text).toContain(part);
    }
    expect(text).not.toContain("$0.00");
    expect(text).toContain("unpriced");
  });

  it("says what could not be read where no session is left, and that there are no errors where they were asked for", async () => {
    const file = path.join(dir, "notes.jsonl");
    fs.writeFileSync(file, "nothing\n");
    const options = { columns: 200, color: false, errors: true };
    const ofNothing = await auditReport(openReader({ paths: [file] }));
    expect(renderAudit(ofNothing, options)).toMatch(/No sessions[^]*skipped 1 place \(7 bytes\)/);
    record({ id: "one", agent: "a" }, [[1, call]]);
    expect(renderAudit(await auditReport(reader), options)).toContain("No errors");
  });

  it("knows the errors of glued lines, also by an index", async () => {
    const file = record({ id: "one", agent: "a" }, [
      [1, failure],
      [2, call],
    ]);
    fs.writeFileSync(
      file,
      fs.readFileSync(file, "utf8").replace('\n{"event":"TOOL_CALL"', '{"event":"TOOL_CALL"'),
    );
    const before = (await auditReport(reader)).latest_errors;
    await writeIndex(reader);
    expect((await auditReport(reader)).latest_errors).toEqual(before);
    expect(before).toHaveLength(1);
  });

  it("is one sentence for an empty store", async () => {
    expect(renderAudit(await auditReport(reader), { columns: 80, color: false }).split("\n")).toHaveLength(2);
  });
});

describe("files in which sessions take turns", () => {
  /** Two sessions, each with a failure, by clocks of different zones; the second also without a time. */
  function writeTurns(): Reader {
    const file = path.join(dir, "turns.jsonl");
    const failed = { event: "TOOL_RESULT", tool: "bash", status: "error" };
    const lines = [
      { ...failed, session_id: "s1", agent_id: "a", timestamp: "2026-01-06T22:30:00+09:00", error: "of a" },
      { ...failed, session_id: "s2", agent_id: "b", timestamp: "2026-01-06T13:40:00Z", error: "of b" },
      {
        event: "ANOMALY_DETECTED",
        session_id: "s2",
        agent_id: "b",
        anomaly: { rule: "MINE", severity: "HIGH" },
      },
    ];
    fs.writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    return openReader({ paths: [file] });
  }

  it("are audited each by its own errors, anomalies and health", async () => {
    const files = writeTurns();
    const all = await auditReport(files);
    expect(all.latest_errors.map(({ session_id: id }) => id)).toEqual(["s2", "s1"]);
    for (const one of [{ session: "s1" }, { agent: "a" }]) {
      const { latest_errors: errors, anomalies } = await auditReport(files, one);
      expect(errors.map(({ session_id: id }) => id)).toEqual(["s1"]);
      expect(anomalies).toEqual([]);
    }
    expect((await auditReport(files, { session: "s2" })).anomalies).toHaveLength(1);
  });

  it("are counted by the hours of UTC, each session in the hours that it has", async () => {
    const rows = await statsRows(writeTurns(), { by: "hour" });
    expect(rows.map(({ key, sessions, events }) => [key, sessions, events])).toEqual([
      ["(no time)", 1, 1],
      ["2026-01-06T13:00:00.000Z", 2, 2],
    ]);
    expect(await statsRows(writeTurns(), { by: "hour", agent: "a" })).toMatchObject([
      { sessions: 1, events: 1 },
    ]);
  });

  it("show times of UTC, whatever zone they were written in", async () => {
    const text = renderAudit(await auditReport(writeTurns(), { session: "s1" }), {
      columns: 80,
      color: false,
    });
    expect(text).toContain("2026-01-06 13:30");
    expect(text).not.toContain("22:30");
  });
});

it("statistics by any key add up to the audit, copies left out", async () => {
  record({ id: "one", agent: "a", project: "/p" }, [
    [1, call],
    [2, failure],
    [3, answer],
  ]);
  record({ id: "two", agent: "b" }, [
    [1, call, { copyOf: "one" }],
    [3, answer, { copyOf: "one" }],
    [4000, answer],
    [4001, call],
  ]);
  const audit: AuditReport = await auditReport(reader);
  for (const by of STATS_KEYS) {
    const rows = await statsRows(reader, { by });
    const total = (field: "tool_calls" | "tool_errors" | "model_calls" | "cost_usd"): number =>
      rows.reduce((sum, row) => sum + (row[field] ?? 0), 0);
    if (by !== "model")
      expect([by, total("tool_calls"), total("tool_errors")]).toEqual([
        by,
        audit.tool_calls,
        audit.tool_errors,
      ]);
    if (by !== "tool")
      expect([by, total("model_calls"), total("cost_usd")]).toEqual([by, audit.model_calls, audit.cost_usd]);
  }
  expect((await statsRows(reader, { by: "hour" })).map(({ key }) => key)).toEqual([
    "2026-01-06T22:00:00.000Z",
    "2026-01-06T23:00:00.000Z",
  ]);
});
