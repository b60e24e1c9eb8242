// Kill tests of the shell's way in, with real processes and real SIGKILLs.

import { spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { decodeLine } from "../src/format/index.ts";
import type { Event } from "../src/event/index.ts";

const CLI = path.join(import.meta.dirname, "..", "dist", "cli", "main.cjs");
const KILLS = 200;

let store: string;
beforeEach(() => {
  store = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
});
afterEach(() => fs.rmSync(store, { recursive: true }));

interface Acknowledged {
  seq: number;
  id: string;
}

/**
 * Feeds events until the process is killed, and returns the receipts that were printed whole.
 *
 * @param after the moment that `afterMs` counts from: the process's start, or its first receipt
 */
async function appendAndKill(
  durability: string,
  after: "start" | "receipt",
  afterMs: number,
): Promise<Acknowledged[]> {
  const args = [CLI, "--dir", store, "append", "--session", "s", "--ack", "--durability", durability];
  const child = spawn(process.execPath, args);
  let printed = "";
  let errors = "";
  const firstReceipt = new Promise((resolve) => child.stdout.once("data", resolve));
  child.stdout.setEncoding("utf8").on("data", (text: string) => (printed += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  child.stdin.on("error", () => undefined);
  let count = 0;
  const feed = setInterval(() => {
    for (let each = 0; each < 20; each++) {
      const message = "x".repeat((count++ * 37) % 3_000);
      child.stdin.write(`${JSON.stringify({ event: "CHECKPOINT", message })}\n`);
    }
  }, 1);
  const gone = new Promise((resolve) => child.once("close", resolve));
  if (after === "receipt") await Promise.race([firstReceipt, gone]);
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  child.kill("SIGKILL");
  clearInterval(feed);
  await gone;
  expect(errors).toBe("");
  // A last line that the kill cut short was not printed, so it promised nothing.
  return printed
    .slice(0, printed.lastIndexOf("\n") + 1)
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Acknowledged);
}

function logged(): Event[] {
  const number = (name: string): number => Number(/\.(\d{4})\.jsonl$/.exec(name)?.[1] ?? 0);
  const names = fs.readdirSync(store).filter((name) => /^session_.*\.jsonl$/.test(name));
  names.sort((left, right) => number(left) - number(right));
  // One log, whose files follow each other without a gap.
  expect(names.map(number)).toEqual(names.map((_, index) => index));
  const bytes = Buffer.concat(names.map((name) => fs.readFileSync(path.join(store, name))));
  const events: Event[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(0x0a, start) + 1;
    expect(end).toBeGreaterThan(0);
    const decoded = decodeLine(bytes.subarray(start, end));
    if (decoded.kind !== "event") throw new Error(`line at byte ${start}: ${decoded.reason}`);
    events.push(decoded.event);
    start = end;
  }
  return events;
}

describe("tracekeep append --ack", () => {
  it(
    `keeps every acknowledged event over ${KILLS} kills at random moments, whole and without gaps`,
    { timeout: 600_000 },
    async () => {
      const acknowledged: Acknowledged[] = [];
      let withReceipts = 0;
      for (let kill = 0; kill < KILLS; kill++) {
        const durability = kill % 2 === 0 ? "fsync" : "os";
        // Half of the kills may come at any moment of a start, the other half while events are being written.
        const after = kill % 4 < 2 ? "start" : "receipt";
        const receipts = await appendAndKill(
          durability,
          after,
          Math.random() * (after === "start" ? 150 : 50),
        );
        acknowledged.push(...receipts);
        if (receipts.length > 0) withReceipts++;
      }
      expect(withReceipts).toBeGreaterThanOrEqual(KILLS / 2);
      // The last one is left to end in peace, which also heals what the last kill left.
      const last = spawnSync(
        process.execPath,
        [CLI, "--dir", store, "append", "--session", "s", "--end", "NORMAL"],
        {
          input: '{"event":"CHECKPOINT"}\n',
          encoding: "utf8",
        },
      );
      expect(last.stderr).toBe("");
      expect(last.status).toBe(0);
      const events = logged();
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index));
      const ids = new Map(events.map(({ seq, id }) => [seq, id]));
      expect(acknowledged.filter(({ seq, id }) => ids.get(seq) !== id)).toEqual([]);
      const end = events.at(-1);
      expect(end?.event).toBe("END");
      expect(end?.["events"]).toBe(events.length - 1);
      expect(fs.readdirSync(store).filter((name) => name.includes(".torn"))).toEqual([]);
    },
  );

  it("goes on with a session from one shell command to the next", () => {
    const append = (line: string, ...args: string[]) =>
      spawnSync(
        "sh",
        [
          "-c",
          `printf '%s\\n' "$1" | "$2" "$3" --dir "$4" append --session s --agent shell --ack ${args.join(" ")}`,
          "sh",
          line,
          process.execPath,
          CLI,
          store,
        ],
        { encoding: "utf8" },
      );
    expect(append('{"event":"CHECKPOINT","message":"one"}').status).toBe(0);
    const second = append('{"event":"nav","cost_usd":0.25}', "--end", "DONE");
    expect(second.stderr).toBe("");
    expect(JSON.parse(second.stdout)).toEqual({ seq: 3, id: expect.any(String), session_id: "s" });
    expect(logged().map(({ event }) => event)).toEqual(["START", "CHECKPOINT", "RESUMED", "nav", "END"]);
  });
});
