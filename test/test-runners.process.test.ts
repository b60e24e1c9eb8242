// Programs that record are tested themselves, in surroundings that test runners make: with timers that stand still, and (Jest)
// in a context of its own, where Node's errors and bytes are of other classes than the program's.

import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import vm from "node:vm";

import { build } from "esbuild";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { AuditLog, createRecorder, openStore } from "../src/index.ts";
import { asyncJsonlSink } from "../src/sinks/index.ts";

const ROOT = path.join(import.meta.dirname, "..");

let dir: string;
beforeEach(() => {
  dir = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-")), "store");
});
afterEach(() => {
  vi.useRealTimers();
  fs.rmSync(path.dirname(dir), { recursive: true });
});

it("does not wait for timers that a test has stopped", async () => {
  vi.useFakeTimers();
  const store = openStore({ dir, handleSignals: false });
  const session = store.startSession();
  for (const durability of ["os", "interval", "fsync"] as const) {
    const receipt = await session.append({ event: "CHECKPOINT" }, { durability });
    expect(receipt.durability).toBe(durability);
  }
  session.end();
  store.close();
  const log = new AuditLog(`${dir}.audit.jsonl`, { handleSignals: false });
  log.log("nav");
  await log.close();
  const sink = asyncJsonlSink(`${dir}.copy.jsonl`);
  const recorder = createRecorder({ sink, handleSignals: false });
  recorder.checkpoint("done");
  await recorder.close();
  await sink.close();
  expect(fs.readFileSync(`${dir}.copy.jsonl`, "utf8").trim().split("\n")).toHaveLength(2);
});

it("records and reads where Node's classes are not the program's", async () => {
  const { outputFiles } = await build({
    stdin: {
      contents: `
        import { AuditLog, TracekeepError, withSession } from "tracekeep";
        import { openReader } from "tracekeep/read";
        export async function main(dir, nodeError) {
          await withSession({ store: { dir, handleSignals: false } }, (session) => {
            session.error(nodeError);
            session.log({ event: "NODE", usage: process.memoryUsage(), none: process.getActiveResourcesInfo().slice(0, 0) });
            session.log({ event: "OURS", map: new Map([["a", 1]]) });
          });
          const reader = openReader({ dir });
          const events = [];
          for await (const event of reader.events()) events.push(event);
          let code;
          try { openReader({ dir: dir + "/none" }); } catch (error) { code = error instanceof TracekeepError && error.code; }
          const log = new AuditLog(dir + ".audit.jsonl", { handleSignals: false });
          log.log("nav", { cost: 0.5 });
          await log.close();
          return JSON.stringify({ events, code, sessions: reader.sessions().toArray().length });
        }`,
      resolveDir: ROOT,
    },
    bundle: true,
    write: false,
    platform: "node",
    format: "cjs",
    external: ["fs-native-extensions"],
    logLevel: "silent",
  });
  const program = { exports: {} as { main: (dir: string, error: unknown) => Promise<string> } };
  const globals = {
    Buffer,
    process,
    performance,
    URL,
    AbortController,
    setTimeout,
    clearTimeout,
    setInterval,
    clearInterval,
  };
  const context = vm.createContext({
    ...globals,
    module: program,
    require: createRequire(import.meta.url),
    __filename: import.meta.filename,
  });
  vm.runInContext(outputFiles[0]?.text ?? "", context);
  let nodeError: unknown;
  try {
    execFileSync(path.join(dir, "there is no such program"));
  } catch (error) {
    nodeError = error;
  }
  const { events, code, sessions } = JSON.parse(await program.exports.main(dir, nodeError)) as {
    events: Record<string, unknown>[];
    code: string;
    sessions: number;
  };
  expect(events.map(({ event }) => event)).toEqual(["START", "ERROR", "NODE", "OURS", "END"]);
  expect(events[1]?.["error"]).toMatchObject({
    name: "Error",
    message: expect.stringContaining("ENOENT"),
    stack: expect.stringContaining("execFileSync"),
    code: "ENOENT",
  });
  expect(events[2]).toMatchObject({ usage: { rss: expect.any(Number) }, none: [] });
  expect(events[3]).toMatchObject({ map: { a: 1 } });
  expect({ code, sessions }).toEqual({ code: "NO_STORE", sessions: 1 });
});
