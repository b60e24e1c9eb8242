// Many processes, one file, real SIGKILLs: nothing acknowledged is lost, no number is missing or used twice.

import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { decodeLine } from "../src/format/index.ts";
import type { Event } from "../src/event/index.ts";

const CHILD = path.join(import.meta.dirname, "children", "many-writers.mjs");

let directory: string;
const children = new Set<ChildProcess>();
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
});
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  children.clear();
  fs.rmSync(directory, { recursive: true });
});

interface Outcome {
  /** What the child said, in order. */
  said: Record<string, unknown>[];
  code: number | null;
  signal: NodeJS.Signals | null;
}

class Child {
  readonly process: ChildProcess;
  readonly said: Record<string, unknown>[] = [];
  readonly gone: Promise<Outcome>;

  constructor(job: string, ...args: string[]) {
    this.process = fork(CHILD, [job, ...args], { cwd: directory, execArgv: [] });
    children.add(this.process);
    this.process.on("message", (message) => this.said.push(message as Record<string, unknown>));
    this.gone = new Promise((resolve) =>
      this.process.once("exit", (code, signal) => resolve({ said: this.said, code, signal })),
    );
  }

  /** Resolves once it has said so many things. */
  async hasSaid(count: number): Promise<void> {
    while (this.said.length < count) {
      const more = new Promise((resolve) => this.process.once("message", resolve));
      await Promise.race([more, this.gone]);
      if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    }
  }
}

/** Every line of a log; fails the test on any that is no event, and on any gap or repeat of numbers. */
function eventsOf(name: string): Event[] {
  const lines = fs
    .readFileSync(path.join(directory, name))
    .toString("latin1")
    .split(/(?<=\n)/);
  const events = lines.map((line) => {
    const decoded = decodeLine(Buffer.from(line, "latin1"));
    if (decoded.kind !== "event") throw new Error(`${decoded.kind}: ${decoded.reason}: ${line.slice(0, 80)}`);
    return decoded.event;
  });
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index));
  return events;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe("a shared log", () => {
  it("keeps every acknowledged event of 16 processes, a dozen of which are killed", async () => {
    const writers = Array.from({ length: 16 }, (_, index) => new Child("shared", "log.jsonl", String(index)));
    await Promise.all(writers.map((child) => child.hasSaid(1)));
    const doomed = writers.slice(0, 12);
    for (const child of doomed) {
      await pause(Math.random() * 30);
      child.process.kill("SIGKILL");
    }
    await Promise.all(doomed.map(({ gone }) => gone));
    for (const child of writers.slice(12)) child.process.send("stop");
    const outcomes = await Promise.all(writers.map(({ gone }) => gone));
    expect(outcomes.slice(12).map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    const ids = new Map(
      eventsOf("log.jsonl").map(({ seq, id, session_id: session }) => [seq, `${session} ${id}`]),
    );
    const acknowledged = outcomes.flatMap(({ said }) =>
      said.flatMap((message) => message["receipts"] as { seq: number; id: string; sessionId: string }[]),
    );
    expect(acknowledged.length).toBeGreaterThan(16);
    expect(acknowledged.filter(({ seq, id, sessionId }) => ids.get(seq) !== `${sessionId} ${id}`)).toEqual(
      [],
    );
    expect(fs.readdirSync(directory).toSorted()).toEqual(["log.jsonl", "log.jsonl.lock"]);
  });
});

describe("withFileLock", () => {
  it("is free again when its holder is killed, and names the holder before", async () => {
    const holder = new Child("hold", "x.lock");
    await holder.hasSaid(1);
    const impatient = new Child("lock", "x.lock", "50");
    const patient = new Child("lock", "x.lock", "20000");
    const { said } = await impatient.gone;
    expect(said).toMatchObject([{ code: "LOCK_TIMEOUT" }]);
    expect(said[0]?.["message"]).toContain(
      `process ${holder.process.pid} on ${os.hostname()} has it, node many-writers.mjs, started 20`,
    );
    holder.process.kill("SIGKILL");
    expect((await patient.gone).said).toEqual([{ locked: true }]);
  });
});

describe("updateFile", () => {
  it("loses no change of 4 processes", async () => {
    const counters = Array.from({ length: 4 }, () => new Child("count", "count.txt", "50"));
    for (const child of counters) expect((await child.gone).code).toBe(0);
    expect(fs.readFileSync(path.join(directory, "count.txt"), "utf8")).toBe("200");
    expect(fs.readdirSync(directory).toSorted()).toEqual(["count.txt", "count.txt.lock"]);
  });
});

describe("a session", () => {
  it("has one writer: a second process is told who, or waits, and takes over from a killed one", async () => {
    const writer = new Child("session", "store", "s");
    await writer.hasSaid(1);
    const second = await new Child("session", "store", "s", "now").gone;
    expect(second.said).toMatchObject([{ code: "SESSION_BUSY" }]);
    expect(second.said[0]?.["message"]).toContain(`process ${writer.process.pid} on `);
    const waiting = new Child("session", "store", "s", "wait");
    await pause(50);
    expect(waiting.said).toEqual([]);
    writer.process.kill("SIGKILL");
    await waiting.hasSaid(1);
    expect(waiting.said).toEqual([{ open: true }]);
    waiting.process.send("stop");
    expect((await waiting.gone).code).toBe(0);
    const ledger = eventsOf("store/ledger.jsonl");
    const takeover = ledger.find(
      ({ event }) => event === "SESSION_TAKEN_OVER" || event === "SESSION_ABANDONED",
    );
    expect(takeover).toMatchObject({ session_id: "s", previous: { pid: writer.process.pid } });
  });
});
