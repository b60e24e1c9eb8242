// Every way a program can end while JavaScript still runs: nothing that was logged may be missing afterwards.

import { spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

const LIBRARY = path.join(import.meta.dirname, "..", "dist", "index.js");
const EVENTS = 10_000;

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  events: Record<string, unknown>[];
  stderr: string;
}

/** Logs 10,000 events in one turn, then does `ending`; returns how the process ended and what is in the log. */
async function logThen(ending: string, options = ""): Promise<Ended> {
  const program = path.join(folder, "program.mjs");
  fs.writeFileSync(
    program,
    `import { openStore, withSession, log } from ${JSON.stringify(LIBRARY)};
     const store = openStore({ dir: ${JSON.stringify(path.join(folder, "store"))} ${options} });
     const session = store.startSession();
     const logAll = () => { for (let n = 0; n < ${EVENTS}; n++) session.log({ event: "CHECKPOINT", n }); };
     ${ending}`,
  );
  const child = spawn(process.execPath, [program], { stdio: ["ignore", "pipe", "pipe"] });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdout.on("data", () => child.kill("SIGKILL"));
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) =>
    child.once("close", (...how) => resolve(how)),
  );
  const store = path.join(folder, "store");
  const [name = ""] = fs.readdirSync(store).filter((file) => /^session_.*\.jsonl$/.test(file));
  const lines = fs.readFileSync(path.join(store, name), "utf8").split("\n").slice(0, -1);
  return { code, signal, stderr, events: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

function expectAll({ events }: Ended): void {
  const checkpoints = events.filter(({ event }) => event === "CHECKPOINT");
  expect(checkpoints.map(({ n }) => n)).toEqual(Array.from({ length: EVENTS }, (_, n) => n));
}

describe("nothing that was logged is lost", () => {
  it("when the folder that the program runs in has been deleted, as an agent's work tree is", () => {
    const store = path.join(folder, "store");
    const program = `
      import * as fs from "node:fs";
      import { openReader, withSession } from ${JSON.stringify(LIBRARY)};
      fs.mkdirSync("work");
      process.chdir("work");
      fs.rmdirSync(process.cwd());
      const dir = ${JSON.stringify(store)};
      await withSession({ store: { dir } }, (session) => session.checkpoint("done"));
      console.log(JSON.stringify((await openReader({ dir }).count()).event_counts));`;
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
      cwd: folder,
      encoding: "utf8",
    });
    expect({ stdout, stderr }).toEqual({ stdout: '{"START":1,"CHECKPOINT":1,"END":1}\n', stderr: "" });
  });

  it("when the program returns", async () => {
    const ended = await logThen("logAll();");
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expectAll(ended);
  });

  it("by process.exit", async () => {
    const ended = await logThen("logAll(); process.exit(7);");
    expect(ended.code).toBe(7);
    expectAll(ended);
  });

  it("by an error that nobody catches, nor by a rejection", async () => {
    expectAll(await logThen('logAll(); throw new Error("boom");'));
    expectAll(await logThen('logAll(); await Promise.reject(new Error("boom"));'));
  });

  it.each(["SIGINT", "SIGTERM", "SIGHUP"])(
    "by %s, which then ends the program as it always did",
    async (signal) => {
      const ended = await logThen(
        `logAll(); process.kill(process.pid, "${signal}"); setInterval(() => {}, 1000);`,
      );
      expect(ended.signal).toBe(signal);
      expectAll(ended);
    },
  );

  it("by a signal that the program handles itself, and the program decides how to end", async () => {
    const ended = await logThen(
      'process.on("SIGTERM", () => process.exit(3)); logAll(); process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 1000);',
    );
    expect(ended.code).toBe(3);
    expectAll(ended);
  });

  it("by SIGKILL, once the turn of the event loop is over", async () => {
    const ended = await logThen('logAll(); setImmediate(() => setImmediate(() => { console.log("now"); }));');
    expectAll(ended);
  });
});

describe("the program is left as it was", () => {
  it("has no signal handlers of ours once its sessions are closed", async () => {
    const ended = await logThen(
      'logAll(); session.end(); if (process.listenerCount("SIGINT") + process.listenerCount("SIGTERM") > 0) process.exit(9);',
    );
    expect(ended.code).toBe(0);
    expect(ended.events.at(-1)).toMatchObject({ event: "END", reason: "NORMAL", events: EVENTS + 1 });
  });

  it("gets no signal handler when it asks for none", async () => {
    const ended = await logThen(
      'if (process.listenerCount("SIGTERM") > 0) process.exit(9); logAll();',
      ", handleSignals: false",
    );
    expect(ended.code).toBe(0);
    expectAll(ended);
  });

  it("is told once, by a warning, that a session could not be written, and goes on", async () => {
    const ended = await logThen(
      'logAll(); session.end(); session.log({ event: "late" }); session.log({ event: "later" }); console.error("alive");',
    );
    expect(ended.code).toBe(0);
    expect(ended.stderr).toContain("alive");
    expect(ended.stderr.match(/TracekeepWarning/g)).toHaveLength(1);
  });

  it("goes on without a store that can be written: log and traced say so once and never throw", () => {
    const program = path.join(folder, "program.mjs");
    fs.writeFileSync(
      program,
      `import { log, traced } from ${JSON.stringify(LIBRARY)};
       const id = log({ event: "x" });
       const doubled = await traced("double", async (n) => n * 2)(21);
       console.log(JSON.stringify([id, doubled]));`,
    );
    fs.writeFileSync(path.join(folder, "file"), "");
    const env = { ...process.env, TRACEKEEP_DIR: path.join(folder, "file", "store") };
    const { stdout, stderr, status } = spawnSync(process.execPath, [program], { env, encoding: "utf8" });
    expect([status, stdout]).toEqual([0, '["",42]\n']);
    expect(stderr.match(/nothing is recorded/g)).toHaveLength(1);
  });
});
