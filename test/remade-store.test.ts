// A folder that is deleted and made again at once, in one process, as tests do with their stores. What the kernel has
// still to sync of the first store is sealed when that has happened: by then the path is the second one's.

import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { verifyStore } from "../src/integrity/index.ts";
import { openStore } from "../src/record/index.ts";

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

it.each([
  [{ durability: "os" }, "closed"],
  [{ durability: "os", id: "the-same" }, "closed"],
  [{ durability: "interval" }, "never closed"],
] as const)(
  "a store hears nothing of the one that was deleted from its path: %j, %s",
  async (options, how) => {
    const { durability, id } = { id: undefined, ...options };
    const dir = path.join(folder, "store");
    const faults: string[] = [];
    const onFault = ({ message }: Error): void => void faults.push(message);
    const ids: string[] = [];
    for (let round = 0; round < 5; round++) {
      fs.rmSync(dir, { recursive: true, force: true });
      const store = openStore({ dir, durability, handleSignals: false, onFault });
      const session = store.startSession({ id });
      ids.push(session.id);
      session.log({ event: "CHECKPOINT", round });
      session.end();
      if (how === "closed") store.close();
      // What was asked for may have ended, and wait for its turn.
      if (round % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const linesOfLedger = (): string[] =>
      fs.readFileSync(path.join(dir, "ledger.jsonl"), "utf8").trim().split("\n");
    // Those before it have been synced and sealed earlier than the last one, or never will be.
    await vi.waitFor(() => {
      const [, size] = fs.readFileSync(path.join(dir, "ledger.seal"), "utf8").split("\n");
      expect(linesOfLedger().join()).toContain('"event":"SEAL"');
      expect(Number(size)).toBe(linesOfLedger().length);
    }, 5_000);
    expect(faults).toEqual([]);
    const named = linesOfLedger().map((line) => (JSON.parse(line) as { session_id: string }).session_id);
    expect(new Set(named)).toEqual(new Set(["store", ids.at(-1)]));
    expect(fs.readdirSync(dir).filter((name) => /^session_.*\.seal$/.test(name))).toHaveLength(1);
    expect(verifyStore(dir).verdict).toBe("ok");
  },
);

it("a store that was closed before anything was recorded can be recorded to all the same", async () => {
  const dir = path.join(folder, "store");
  const store = openStore({ dir, handleSignals: false });
  store.close();
  store.startSession({ id: "late" }).end();
  await new Promise((resolve) => setImmediate(resolve));
  expect(verifyStore(dir)).toMatchObject({
    verdict: "ok",
    logs: [{}, { name: expect.any(String), lines: 2 }],
  });
});
