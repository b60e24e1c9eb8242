// What a snapshot of the index is believed for, and when it is not: an answer is always that of the logs themselves.

import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { openReader } from "../read/index.ts";
import { openStore } from "../record/index.ts";
import type { Store } from "../record/index.ts";
import { foldSnapshot } from "./fold.ts";

let directory: string;
let dir: string;
let store: Store;
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  dir = path.join(directory, "store");
});
afterEach(() => {
  store.close();
  fs.rmSync(directory, { recursive: true });
});

/** Without seals nothing but sessions that begin and segments that move changes the folder. */
function open(seals = false): void {
  store = openStore({
    dir,
    durability: "os",
    handleSignals: false,
    keepSchedule: false,
    seals,
    onFault: () => undefined,
  });
}

const fold = (): Promise<unknown> => foldSnapshot(openReader({ dir }), {});

function record(id: string, events = 1): void {
  const session = store.openOrStartSession({ id });
  for (let at = 0; at < events; at++)
    session.log({ event: at % 3 === 2 ? "ERROR" : "CHECKPOINT", message: "m" });
  session.close();
}

/** What the sessions add up to; paths left out. */
function told(place: string): unknown {
  const found = openReader({ dir: place }).sessions();
  const sessions = [...found].map(({ progress: _progress, files, ...figures }) => ({
    ...figures,
    files: files.map((file) => path.relative(place, file)),
  }));
  return JSON.parse(
    JSON.stringify({ sessions, read: found.report.read, skipped: found.report.skippedCount }),
  );
}

/** The same of a copy that has no index. */
function truth(): unknown {
  const copy = path.join(directory, "copy");
  fs.rmSync(copy, { recursive: true, force: true });
  fs.cpSync(dir, copy, {
    recursive: true,
    preserveTimestamps: true,
    filter: (file) => path.basename(file) !== "index",
  });
  return told(copy);
}

const counts = (): number[] => [...openReader({ dir }).sessions()].map(({ events }) => events);
const fileOf = (id: string): string => openReader({ dir }).session(id).session.files[0] ?? "";

describe("a snapshot of the index", () => {
  it.each([true, false])(
    "never changes an answer, whatever is done to the store (seals: %s)",
    async (seals) => {
      const id = fc.constantFrom("a", "b", "c");
      const action = fc.oneof(
        fc.record({
          do: fc.constantFrom("record", "end", "rotate", "leave open", "delete") as fc.Arbitrary<string>,
          id,
        }),
        fc.record({ do: fc.constantFrom("fold", "archive", "reopen", "fold"), id: fc.constant("") }),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(action, { minLength: 3, maxLength: 12 }), async (actions) => {
          fs.rmSync(dir, { recursive: true, force: true });
          open(seals);
          for (const step of actions) {
            const known = store.openSessions.find((session) => session.id === step.id);
            if (step.do === "fold") await fold();
            else if (step.do === "reopen") store.close();
            else if (step.do === "archive") {
              await store.updateSettings({ retention: { active_max_size_mb: 0 } });
              await store.retain();
            } else if (step.do === "delete") {
              known?.close();
              const names = fs
                .readdirSync(dir)
                .filter((name) => name.endsWith(".jsonl") && name !== "ledger.jsonl");
              if (known === undefined && names[0] !== undefined) fs.rmSync(path.join(dir, names[0]));
            } else {
              const session = known ?? store.openOrStartSession({ id: step.id });
              session.log({ event: "TOOL_CALL", tool: "bash", duration_ms: 2 });
              if (step.do === "end") session.end();
              else if (step.do === "rotate") session.rotate();
              else if (step.do === "record") session.close();
              session.flush();
            }
            if (step.do === "reopen") open(seals);
            expect(told(dir)).toEqual(truth());
          }
          store.close();
        }),
        { numRuns: 15 },
      );
    },
    60_000,
  );

  it("is not told figures of a segment that was deleted before the session was closed", () => {
    open();
    const session = store.startSession({ id: "a" });
    for (let segment = 0; segment < 3; segment++) {
      session.log({ event: "CHECKPOINT" });
      session.rotate();
    }
    fs.rmSync(session.status().file.replace(/\d\.jsonl$/, "1.jsonl"));
    session.close();
    expect(told(dir)).toEqual(truth());
  });

  it("is believed for sessions that are over, and for those only", async () => {
    open();
    store.startSession({ id: "a" }).end();
    store.startSession({ id: "b" });
    store.openSessions[0]?.flush();
    await fold();
    // By hand, and so that only a look at the file itself would tell.
    fs.appendFileSync(fileOf("a"), fs.readFileSync(fileOf("a"), "utf8").split("\n").at(-2) + "\n");
    store.openSessions[0]?.log({ event: "CHECKPOINT" });
    expect(counts()).toEqual([2, 2]);
    // Any change to the folder has every file compared with what it was.
    fs.writeFileSync(path.join(dir, "note.txt"), "");
    expect(counts()).toEqual([3, 2]);
  });

  it("is not believed for a session that is gone on with, before that is acknowledged", async () => {
    open();
    record("a");
    record("b");
    await fold();
    const session = openStore({ dir, seals: false, handleSignals: false }).openSession("a");
    session.appendSync({ event: "CHECKPOINT" });
    // RESUMED comes with the event.
    expect(counts()).toEqual([4, 2]);
    session.close();
    expect(counts()).toEqual([4, 2]);
  });

  it("does not vouch for a file that took another's place before it was saved again", async () => {
    open();
    const session = store.startSession({ id: "a" });
    session.log({ event: "ERROR", message: "m" });
    session.end();
    store.close();
    const { save } = await foldSnapshot(openReader({ dir }), {});
    const log = fileOf("a");
    // What an editor does: another file in its place, even as long.
    const other = path.join(directory, "other");
    fs.writeFileSync(other, fs.readFileSync(log, "utf8").replace('"ERROR"', '"OTHER"'));
    fs.renameSync(other, log);
    await save();
    expect(told(dir)).toEqual(truth());
    expect([...openReader({ dir }).sessions()]).toMatchObject([{ event_counts: { OTHER: 1 } }]);
  });

  it("is not believed when there is no ledger, or another one", async () => {
    open();
    record("a");
    store.close();
    await fold();
    const ledger = path.join(dir, "ledger.jsonl");
    const text = fs.readFileSync(ledger, "utf8");
    for (const other of [
      text.slice(0, -40),
      text.replaceAll("SESSION_CLOSED", "SESSION_CL0SED"),
      undefined,
    ]) {
      fs.writeFileSync(fileOf("a"), fs.readFileSync(fileOf("a")).subarray(0, -10));
      if (other === undefined) fs.rmSync(ledger);
      else fs.writeFileSync(ledger, other);
      expect(told(dir)).toEqual(truth());
      expect(counts()).not.toEqual([2]);
    }
    open();
  });

  it("is gone once the ledger cannot say that a session is gone on with", async () => {
    open();
    record("a");
    await fold();
    fs.rmSync(path.join(dir, "ledger.jsonl.lock"), { force: true });
    fs.mkdirSync(path.join(dir, "ledger.jsonl.lock"));
    const session = openStore({
      dir,
      seals: false,
      handleSignals: false,
      onFault: () => undefined,
    }).openSession("a");
    session.appendSync({ event: "CHECKPOINT" });
    expect(fs.existsSync(path.join(dir, "index", "sessions.jsonl"))).toBe(false);
    expect(counts()).toEqual([4]);
    session.close();
  });

  it("is the same bytes built again", async () => {
    open();
    for (const id of ["a", "b", "c"]) record(id, 4);
    store.close();
    await fold();
    const snapshot = path.join(dir, "index", "sessions.jsonl");
    const folded = fs.readFileSync(snapshot);
    await fold();
    expect(fs.readFileSync(snapshot)).toEqual(folded);
    fs.rmSync(path.join(dir, "index", "sessions.jsonl"));
    await fold();
    expect(fs.readFileSync(snapshot)).toEqual(folded);
  });
});

describe("the journal of the index", () => {
  it("knows of each session what a reader would read, and spares it that", async () => {
    open(true);
    record("a", 2);
    record("b", 5);
    const long = store.startSession({ id: "c" });
    long.toolCall("bash", { command: "é" }).result({ exit_code: 0 });
    long.rotate();
    long.userMessage("hello");
    long.end();
    const known = told(dir);
    expect(known).toEqual(truth());
    const sessions = openReader({ dir }).sessions();
    for (const _ of sessions);
    expect(sessions.report.bytes).toBe(0);
  });
});
