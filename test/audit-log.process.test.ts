// Many processes, one AuditLog that is rotated again and again, real SIGKILLs: every acknowledged event is there, once,
// in its writer's order. Quick here; 8 processes with 50,000 events each by `npm run test:audit-log`.

import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { AuditLog } from "../src/audit-log/index.ts";
import { listRotated } from "../src/store/shared/shared-segments.ts";

const CHILD = path.join(import.meta.dirname, "children", "audit-writer.mjs");
const IS_FULL = process.env["TRACEKEEP_AUDIT_EVENTS"] !== undefined;
const EVENTS = Number(process.env["TRACEKEEP_AUDIT_EVENTS"] ?? 2_000);
const NAMES: readonly string[] = IS_FULL
  ? ["a", "b", "c", "d", "e", "f", "g", "h"]
  : ["a", "b", "c", "d", "e", "f"];
const ROTATE_BYTES: number = IS_FULL ? 1024 * 1024 : 256 * 1024;
/** Writers are killed this long after their first receipt, at the latest: somewhere in the middle. */
const KILL_WITHIN_MS = EVENTS / 20;
const TIMEOUT_MS: number = IS_FULL ? 1_800_000 : 30_000;

let directory: string;
let file: string;
const children = new Set<ChildProcess>();
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  file = path.join(directory, "audit.jsonl");
});
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  children.clear();
  fs.rmSync(directory, { recursive: true });
});

class Writer {
  readonly name: string;
  readonly process: ChildProcess;
  acknowledged = 0;
  readonly faults: string[] = [];
  readonly gone: Promise<void>;

  constructor(name: string) {
    this.name = name;
    this.process = fork(CHILD, [file, name, String(EVENTS), String(ROTATE_BYTES)], { execArgv: [] });
    children.add(this.process);
    this.process.on("message", (message: { acknowledged?: number; fault?: string }) => {
      if (message.fault !== undefined) this.faults.push(message.fault);
      this.acknowledged = message.acknowledged ?? this.acknowledged;
    });
    this.gone = new Promise((resolve) => this.process.once("exit", () => resolve()));
  }
}

/** What each writer's events say, in the order of the stream; fails the test where anything is damaged or missing. */
function indexesByWriter(log: AuditLog): Map<string, number[]> {
  const stream = log.query({ type: ["nav", "START", "SEGMENT", "RECOVERED", "GAP"] });
  const found = new Map<string, number[]>();
  let seq = 0;
  for (const event of stream) {
    expect(event.seq).toBe(seq++);
    if (event.event !== "nav") continue;
    const own = found.get(event.agent_id) ?? [];
    own.push(Number(event["index"]));
    found.set(event.agent_id, own);
  }
  expect(stream.report.skipped).toEqual([]);
  return found;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe("an AuditLog of several processes", () => {
  it(
    "holds every event of many processes in order, though it was rotated all the time",
    async () => {
      const writers = NAMES.map((name) => new Writer(name));
      await Promise.all(writers.map(({ gone }) => gone));
      expect(writers.flatMap(({ faults }) => faults)).toEqual([]);
      const log = new AuditLog(file);
      const found = indexesByWriter(log);
      for (const { name, acknowledged } of writers) {
        expect(acknowledged).toBe(EVENTS);
        expect(found.get(name)).toEqual(upTo(EVENTS));
      }
      expect(listRotated(file).length).toBeGreaterThan(8);
      expect(log.hourlySpend()).toBeCloseTo(NAMES.length * EVENTS * 0.001, 6);
      await log.close();
    },
    TIMEOUT_MS,
  );

  it(
    "has every event that was acknowledged to a process that was killed",
    async () => {
      const writers = NAMES.map((name) => new Writer(name));
      const doomed = writers.slice(0, 4);
      const kill = async ({ process: child, gone }: Writer): Promise<void> => {
        const message = new Promise((resolve) => child.once("message", resolve));
        await Promise.race([message, gone]);
        await new Promise((resolve) => setTimeout(resolve, Math.random() * KILL_WITHIN_MS));
        child.kill("SIGKILL");
      };
      await Promise.all(doomed.map(kill));
      await Promise.all(writers.map(({ gone }) => gone));
      const log = new AuditLog(file, { rotateBytes: ROTATE_BYTES });
      log.log("nav", { index: 0 });
      log.flush();
      const found = indexesByWriter(log);
      for (const { name, acknowledged } of writers) {
        const indexes = found.get(name) ?? [];
        expect(indexes).toEqual(upTo(indexes.length));
        expect(indexes.length).toBeGreaterThanOrEqual(acknowledged);
      }
      await log.close();
      // What the dead left unfinished has been finished.
      expect(listRotated(file).filter(({ archived }) => !archived)).toEqual([]);
      const names = fs.readdirSync(directory, { recursive: true, encoding: "utf8" });
      expect(names.filter((name) => path.basename(name).startsWith(".tmp-"))).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
