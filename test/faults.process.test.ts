// Faults as a program meets them: a real limit on the size of its files or on how many it may open, and its own end while
// one lasts.

import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { Event } from "../src/event/index.ts";
import { openReader } from "../src/read/index.ts";

const DIST = pathToFileURL(path.join(import.meta.dirname, "..", "dist", "index.js")).href;

let dir: string;
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
});
afterEach(() => fs.rmSync(dir, { recursive: true }));

/** Runs a program that has `store` and the `faults` it was told, and returns what it gives to `tell`. */
function run(program: string, { limit = "", spill = {} as object | false } = {}): unknown[] {
  const source = `
    import { spawnSync } from "node:child_process";
    import * as fs from "node:fs";
    import { setTimeout as sleep } from "node:timers/promises";
    import { openStore } from ${JSON.stringify(DIST)};
    const tell = (what) => fs.writeSync(1, JSON.stringify(what) + "\\n");
    const faults = [];
    const store = openStore({
      dir: ${JSON.stringify(path.join(dir, "store"))},
      spill: ${JSON.stringify(spill)},
      onFault: ({ code, message, hint }) => faults.push({ code, message, hint }),
    });
    /** No file may be longer than this; more than a limit that is lower. */
    const allowBytes = (bytes) => spawnSync("prlimit", ["--pid", String(process.pid), \`--fsize=\${bytes}:\`]);
    const over = async (session) => { while (session.status().degraded) await sleep(1); };
    ${program}
  `;
  const command = `${limit} exec ${process.execPath} --input-type=module --eval "$0"`;
  const { stdout, stderr } = spawnSync("bash", ["-c", command, source], { encoding: "utf8" });
  expect(stderr).toBe("");
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as unknown);
}

function shown(): Event[] {
  const read = openReader({ dir: path.join(dir, "store") }).events({ session: "s" });
  const events = [...read];
  expect(read.report.skipped).toEqual([]);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index));
  return events;
}

const numbers = (events: readonly Event[]): unknown[] =>
  events.filter(({ event }) => event === "NOTE").map((event) => event["n"]);

/** A limit would hold for the spill file as well. Here only writes to the session's file fail. */
const FILL_ITS_DISK = `
  const { ino } = fs.statSync(session.file);
  const { writeSync } = fs.default;
  fs.default.writeSync = (fd, ...args) => {
    if (fs.fstatSync(fd).ino !== ino) return writeSync(fd, ...args);
    throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  };
  (await import("node:module")).syncBuiltinESMExports();
`;

const hasPrlimit = spawnSync("prlimit", ["--version"]).error === undefined;

describe.skipIf(!hasPrlimit)("a file that may not grow (prlimit is needed)", () => {
  it("makes events wait, shows in status, tells onFault once, and is over when it is", () => {
    const told = run(`
      const session = store.startSession({ id: "s" });
      session.appendSync({ event: "NOTE", n: 0 });
      allowBytes(1000);
      const receipts = [1, 2, 3].map((n) => session.append({ event: "NOTE", n, text: "x".repeat(400) }));
      await sleep(20);
      const { lastError, ...status } = session.status();
      tell({ ...status, lastError: lastError.code });
      let refused;
      try { session.appendSync({ event: "NOTE", n: 4 }); } catch (error) { refused = error.code; }
      tell(refused);
      allowBytes("unlimited");
      await over(session);
      tell((await Promise.all(receipts)).map(({ seq }) => seq));
      session.end();
      tell(faults);
    `);
    expect(told[0]).toMatchObject({
      degraded: true,
      spilled: 3,
      pending: 0,
      nextSeq: 5,
      refused: 0,
      open: true,
      lastError: "DISK_FULL",
    });
    expect(told.slice(1, 3)).toEqual(["DISK_FULL", [2, 3, 4]]);
    expect(told[3]).toMatchObject([{ code: "DISK_FULL" }]);
    const events = shown();
    expect(numbers(events)).toEqual([0, 1, 2, 3]);
    expect(events.map(({ event }) => event).slice(-3)).toEqual(["DEGRADED", "GAP", "END"]);
    expect(events.at(-2)).toMatchObject({ count: 1 });
    expect(events.at(-1)).toMatchObject({ events: events.length - 1 });
  });

  it("does not take what waits in a spill file with it when the process ends", () => {
    const program = (end: string): string => `
      const session = store.openOrStartSession({ id: "s" });
      session.appendSync({ event: "NOTE", n: 0 });
      ${FILL_ITS_DISK}
      for (let n = 1; n < 20; n++) {
        session.log({ event: "NOTE", n, text: "x".repeat(400), password: "hunter2" });
        if (n % 5 === 0) await sleep(1);
      }
      ${end}
    `;
    const spill = { directory: path.join(dir, "aside") };
    for (const end of ["process.exit(0)", "process.kill(process.pid, 'SIGKILL'); await sleep(1000);"]) {
      fs.rmSync(path.join(dir, "store"), { recursive: true, force: true });
      run(program(end), { spill });
      expect(numbers(shown())).toEqual([0]);
      const left = fs.readdirSync(spill.directory);
      expect(left).toHaveLength(1);
      expect(fs.readFileSync(path.join(spill.directory, left[0] ?? ""), "utf8")).not.toContain("hunter2");
      run("store.close();", { spill });
      expect(fs.readdirSync(spill.directory)).toEqual([]);
      run("store.close();", { spill });
      const seen = numbers(shown());
      // What a killed process had in its buffer, which it had not told anybody of, went with it.
      expect(seen).toEqual(Array.from({ length: end.includes("KILL") ? 16 : 20 }, (_, n) => n));
    }
  });
});

it("too many open files stop a new session, with a hint, but not one that is open", () => {
  const told = run(
    `
      const session = store.startSession({ id: "s", durability: "os" });
      const files = [];
      try { for (;;) files.push(fs.openSync("/dev/null")); } catch (error) { tell(error.code); }
      for (let n = 0; n < 30; n++) session.log({ event: "NOTE", n, text: "x".repeat(500) });
      await sleep(5);
      try { session.rotate(); } catch (error) { tell(error.hint); }
      try { store.startSession({ id: "other" }); } catch (error) { tell(error.hint ?? error.message); }
      for (const file of files) fs.closeSync(file);
      session.rotate();
      session.end();
    `,
    { limit: "ulimit -n 256;" },
  );
  expect(told).toEqual([
    "EMFILE",
    expect.stringContaining("ulimit -n"),
    expect.stringContaining("ulimit -n"),
  ]);
  expect(numbers(shown())).toEqual(Array.from({ length: 30 }, (_, n) => n));
});
