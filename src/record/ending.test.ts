// What a program sees when the disk fails at the very end of its sessions.

import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { nodeDisk } from "../store/disk/disk.ts";
import { withSession } from "./run.ts";
import { openStore } from "./store.ts";
import type { Store } from "./store.ts";

let store: Store;
let faults: string[];
beforeEach(() => {
  faults = [];
  store = openStore({
    dir: fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-")),
    durability: "fsync",
    handleSignals: false,
    onFault: ({ message }) => faults.push(message),
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  store.close();
  fs.rmSync(store.dir, { recursive: true });
});

/** From here on no file can be synced. */
function breakSyncs(): void {
  const error = Object.assign(new Error("EIO: i/o error, fsync"), { code: "EIO" });
  vi.spyOn(nodeDisk, "sync").mockImplementation(() => {
    throw error;
  });
  vi.spyOn(nodeDisk, "syncSoon").mockImplementation((_fd, done) => void setImmediate(done, error));
}

const sessionLogs = (): string[] =>
  fs.readdirSync(store.dir).filter((name) => /^session_.*\.jsonl$/.test(name));

it("end() throws when its last sync fails everywhere, END is in the log all the same", () => {
  const session = store.startSession();
  breakSyncs();
  expect(() => session.end()).toThrow(expect.objectContaining({ code: "IO" }));
  expect(fs.readFileSync(session.file, "utf8")).toContain('"event":"END"');
  expect(() => session.end()).not.toThrow();
});

it.each([
  ["withSession", (): Promise<number> => withSession({ store }, () => (breakSyncs(), 5))],
  [
    "await using",
    async (): Promise<number> => {
      await using session = store.startSession();
      session.log({ event: "CHECKPOINT" });
      breakSyncs();
      return 5;
    },
  ],
])("%s gives what the scope returned, and the fault is heard", async (_, scope) => {
  expect(await scope()).toBe(5);
  expect(faults.join()).toContain("cannot sync");
});

it("close() of a store closes the other sessions, too, when one cannot be written out", () => {
  const sessions = ["a", "b", "c"].map((id) => store.startSession({ id }));
  for (const session of sessions) session.log({ event: "CHECKPOINT" });
  breakSyncs();
  expect(() => store.close()).toThrow(expect.objectContaining({ code: "IO" }));
  expect(sessions.map((session) => session.status().open)).toEqual([false, false, false]);
  for (const name of sessionLogs())
    expect(fs.readFileSync(path.join(store.dir, name), "utf8")).toContain("CHECKPOINT");
});
