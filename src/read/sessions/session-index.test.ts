import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { severityOfType } from "../../event/index.ts";
import type { JsonObject } from "../../event/index.ts";
import { encodeIdentity, encodeLine } from "../../format/index.ts";
import { foldSnapshot } from "../../session-index/fold.ts";
import { openReader } from "../reader.ts";
import { readSnapshot } from "./session-snapshot.ts";
import type { SessionFilter } from "./sessions.ts";

let dir: string;
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
});
afterEach(() => fs.rmSync(dir, { recursive: true }));

const START_MS = Date.parse("2026-01-06T22:00:00.000Z");
const clock = { wallMs: () => START_MS + 3_600_000, monotonicMs: () => 0 };

function lineOf(session: string, seq: number, event: string, body: JsonObject, atMs = seq * 1000): string {
  const parts = {
    event,
    timestamp: new Date(START_MS + atMs).toISOString(),
    severity: severityOfType(event),
    seq,
    id: "019b9f2e-6f10-7c3a-9a52-0c6d2f9e8b41",
    body,
    salt: "q83vEjRWeJCrze8S",
  };
  return encodeLine(parts, encodeIdentity(session, `agent-${session}`));
}

const CALLS: readonly (readonly [string, JsonObject])[] = [
  ["TOOL_CALL", { tool: "__proto__", args: {} }],
  ["TOOL_RESULT", { tool: "constructor", status: "error", duration_ms: 5 }],
  ["MODEL_RESPONSE", { model: "m", input_tokens: 7, output_tokens: 2, cost_usd: 0.25 }],
  ["ERROR", { message: "failed" }],
  ["GAP", { count: 3, reason: "queue full" }],
  ["custom", { text: "x".repeat(300) }],
];

function log(session: string, kinds: readonly number[], from = 0): string {
  const other: (typeof CALLS)[number] = ["X", {}];
  const events = kinds.map((kind) => CALLS[kind % CALLS.length] ?? other);
  const lines = events.map(([type, body], at) => lineOf(session, from + at + 1, type, body));
  return (
    from === 0 ? [lineOf(session, 0, "START", { format: 1, origin: "recorded" }), ...lines] : lines
  ).join("");
}

const fileOf = (session: string): string => path.join(dir, `session_${session}.jsonl`);

async function index(): Promise<void> {
  await foldSnapshot(openReader({ dir }), {});
}

/** What reading tells of the sessions: figures, notable events, report. */
function told(filter: SessionFilter = {}): unknown {
  const notable: string[] = [];
  const sessions = openReader({ dir, clock }).sessions({
    ...filter,
    notable: ({ session_id: id, seq, event }) => notable.push(`${id} ${seq} ${event}`),
  });
  const entries = [...sessions].map(({ progress: _progress, ...figures }) => figures);
  const { read, skippedCount } = sessions.report;
  return JSON.parse(JSON.stringify({ entries, notable, read, skippedCount }));
}

const FILTERS: SessionFilter[] = [
  {},
  { since: new Date(START_MS + 3000) },
  { until: new Date(START_MS + 3000) },
  { since: new Date(START_MS - 1), until: new Date(START_MS + 60_000) },
  { since: new Date(START_MS + 70_000) },
  { last: 1 },
];

function expectSameAsWithout(): void {
  const withIndex = FILTERS.map(told);
  fs.rmSync(path.join(dir, "index"), { recursive: true });
  expect(withIndex).toEqual(FILTERS.map(told));
}

const kinds = fc.array(fc.nat(CALLS.length - 1), { maxLength: 20 });

/** What may happen to a store after it was indexed. */
const ACCIDENTS: Record<string, (session: string) => void> = {
  nothing: () => undefined,
  "it grew": (session) => fs.appendFileSync(fileOf(session), log(session, [2, 3, 0], 100)),
  "it has an unfinished end": (session) => fs.appendFileSync(fileOf(session), '{"event":"X'),
  "it lost its end": (session) => fs.truncateSync(fileOf(session), fs.statSync(fileOf(session)).size - 3),
  "it was damaged": (session) => {
    const bytes = fs.readFileSync(fileOf(session));
    bytes[bytes.length >> 1] = 0;
    fs.writeFileSync(fileOf(session), bytes);
  },
  "it is another one": (session) =>
    fs.writeFileSync(fileOf(session), log(session, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1])),
  "it was deleted": (session) => fs.rmSync(fileOf(session)),
  "it goes on in another file": (session) =>
    fs.writeFileSync(
      path.join(dir, `session_${session}.0001.jsonl`),
      lineOf(session, 90, "SEGMENT", { format: 1, segment: 1, first_seq: 90 }) + log(session, [3, 2], 90),
    ),
  "what a failed sync left is superseded": (session) =>
    fs.writeFileSync(
      path.join(dir, `session_${session}.0001.jsonl`),
      lineOf(session, 1, "SEGMENT", { format: 1, segment: 1, first_seq: 1 }) + log(session, [3, 2], 1),
    ),
};

describe("an index of sessions", () => {
  it.each(Object.entries(ACCIDENTS))("never changes an answer: %s", async (_, accident) => {
    await fc.assert(
      fc.asyncProperty(kinds, kinds, async (first, second) => {
        for (const name of fs.readdirSync(dir)) fs.rmSync(path.join(dir, name), { recursive: true });
        fs.writeFileSync(fileOf("a"), log("a", first));
        fs.writeFileSync(fileOf("b"), log("b", second));
        await index();
        accident("a");
        expectSameAsWithout();
      }),
      { numRuns: 12 },
    );
  });

  it("that is damaged is not believed, wherever", async () => {
    fs.writeFileSync(fileOf("a"), log("a", [0, 1, 2, 3, 4, 5]));
    await index();
    const file = path.join(dir, "index", "sessions.jsonl");
    const whole = fs.readFileSync(file);
    const truth = told();
    for (let at = 0; at < whole.length; at += 3) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      fs.writeFileSync(file, damaged);
      expect(told()).toEqual(truth);
    }
    fs.writeFileSync(file, whole.subarray(0, whole.length >> 1));
    expect(told()).toEqual(truth);
  });

  it("saves reading what it knows, and reads only what is new", async () => {
    fs.writeFileSync(
      fileOf("a"),
      log(
        "a",
        Array.from({ length: 5000 }, (_, at) => at % 3),
      ),
    );
    await index();
    const read = (): number => {
      const sessions = openReader({ dir }).sessions();
      for (const _ of sessions);
      return sessions.report.bytes;
    };
    expect(read()).toBe(0);
    fs.appendFileSync(fileOf("a"), log("a", [1, 2], 9000));
    // The end of the file; its beginning is passed over.
    expect(told()).toMatchObject({ entries: [{ events: 5003 }], read: 5003 });
    await index();
    expect(read()).toBe(0);
  });

  it("compares files by size and time in a store that never had a ledger, and reads those that differ", async () => {
    for (const id of ["a", "b"]) fs.writeFileSync(fileOf(id), log(id, [0, 1, 2]));
    fs.utimesSync(fileOf("a"), 1000, 1000);
    await index();
    const before = told();
    fs.writeFileSync(fileOf("a"), fs.readFileSync(fileOf("a"), "utf8").replaceAll("TOOL_CALL", "TOOL_LOOP"));
    fs.utimesSync(fileOf("a"), 1000, 1000);
    expect(told()).toEqual(before);
    fs.appendFileSync(fileOf("a"), log("a", [0], 3));
    expect(told()).not.toEqual(before);
    expect(told()).toMatchObject({ entries: [{ events: 5 }, { events: 4 }] });
  });

  it("gives the last sessions from its end, whatever became of what it says of the others", async () => {
    const ids = Array.from({ length: 150 }, (_, at) => String(at).padStart(3, "0"));
    for (const id of ids) fs.writeFileSync(fileOf(id), log(id, [0, 1, 2]));
    fs.writeFileSync(path.join(dir, "ledger.jsonl"), lineOf("ledger", 0, "STORE_CHECKED", { open: [] }));
    await index();
    const file = path.join(dir, "index", "sessions.jsonl");
    const names = (last?: number): string[] =>
      [...openReader({ dir }).sessions({ last })].map(({ session_id: id }) => id);
    const bytes = fs.readFileSync(file);
    // In the columns of the first group.
    bytes[bytes.indexOf('"ids"')] = 0;
    fs.writeFileSync(file, bytes);
    expect(readSnapshot(dir)?.isWhole()).toBe(false);
    expect(readSnapshot(dir)?.isWhole(145)).toBe(true);
    expect(names(5)).toEqual(ids.slice(-5));
    expect(names()).toEqual(ids);
  });

  it("holds no session that cannot be read without damage", async () => {
    fs.writeFileSync(fileOf("a"), `${log("a", [1])}damage\n`);
    fs.writeFileSync(fileOf("b"), log("b", [1]));
    await index();
    const snapshot = readSnapshot(dir);
    expect([0, 1].map((row) => snapshot?.record(row)?.folded.summary.session_id)).toEqual([undefined, "b"]);
    expect(told()).toMatchObject({ skippedCount: 1 });
  });
});
