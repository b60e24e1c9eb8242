// Real processes that die while a log goes on in another file, and that race for one.

import { spawn } from "node:child_process";
import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { afterEach, beforeEach, expect, it } from "vitest";

import type { Event } from "../../event/index.ts";
import { openReader } from "../../read/index.ts";

const DIST = path.join(import.meta.dirname, "..", "..", "..", "dist");
const KILLS = 20;

let dir: string;
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
});
afterEach(() => fs.rmSync(dir, { recursive: true }));

/** Runs a program that has `store` and prints receipts, and returns what it printed whole. */
async function run(program: string, killAfterMs?: number): Promise<{ seq: number; id: string }[]> {
  const source = `
    import { setTimeout as sleep } from "node:timers/promises";
    import { openStore } from ${JSON.stringify(pathToFileURL(path.join(DIST, "index.js")).href)};
    import { writeSync } from "node:fs";
    const store = openStore({ dir: ${JSON.stringify(dir)}, segmentBytes: 4096 });
    const print = ({ seq, id }) => writeSync(1, JSON.stringify({ seq, id }) + "\\n");
    ${program}
  `;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", source]);
  let printed = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (printed += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  const gone = new Promise((resolve) => child.once("close", resolve));
  if (killAfterMs !== undefined) {
    await Promise.race([gone, new Promise((resolve) => child.stdout.once("data", resolve))]);
    await new Promise((resolve) => setTimeout(resolve, killAfterMs));
    child.kill("SIGKILL");
  }
  await gone;
  expect(errors).toBe("");
  return printed
    .slice(0, printed.lastIndexOf("\n") + 1)
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { seq: number; id: string });
}

/** The session's events: gapless, undamaged, and with every one in it that was acknowledged. */
function expectWhole(acknowledged: readonly { seq: number; id: string }[]): Event[] {
  const read = openReader({ dir }).events({ session: "s" });
  const events = [...read];
  expect(read.report.skipped).toEqual([]);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index));
  expect(acknowledged.filter(({ seq, id }) => events[seq]?.id !== id)).toEqual([]);
  expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  return events;
}

it(
  `keeps every acknowledged event over ${KILLS} kills of a writer that keeps switching`,
  { timeout: 120_000 },
  async () => {
    const acknowledged: { seq: number; id: string }[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      const durability = ["os", "interval", "fsync"][kill % 3];
      const receipts = await run(
        `const session = store.openOrStartSession({ id: "s", durability: "${durability}" });
         for (let count = 0; ; count++) {
           print(await session.append({ event: "CHECKPOINT", message: "x".repeat((count * 37) % 900) }));
           if (count % 5 === 0) session.rotate();
         }`,
        Math.random() * 30,
      );
      expect(receipts.length).toBeGreaterThan(0);
      acknowledged.push(...receipts);
    }
    const last = await run(`store.openSession("s").end();`);
    expect(last).toEqual([]);
    const events = expectWhole(acknowledged);
    expect(events.at(-1)).toMatchObject({ event: "END", events: events.length - 1 });
    expect(events.filter(({ event }) => event === "SEGMENT").length).toBeGreaterThan(KILLS);
  },
);

it(
  "lets processes race for a session that switches: one at a time has it, always at its end",
  { timeout: 60_000 },
  async () => {
    const receipts = await Promise.all(
      Array.from({ length: 3 }, () =>
        run(
          `for (let turn = 0; turn < 40; ) {
           try {
             const session = store.openOrStartSession({ id: "s" });
             session.rotate();
             print(session.appendSync({ event: "CHECKPOINT", message: "x".repeat(900) }));
             session.rotate();
             print(session.appendSync({ event: "CHECKPOINT" }));
             session.close();
             turn++;
           } catch (error) {
             if (error.code !== "SESSION_BUSY") throw error;
           }
           await sleep(Math.random() * 2);
         }`,
        ),
      ),
    );
    expect(receipts.map((printed) => printed.length)).toEqual([80, 80, 80]);
    const events = expectWhole(receipts.flat());
    expect(events.filter(({ event }) => event === "CHECKPOINT")).toHaveLength(240);
  },
);
