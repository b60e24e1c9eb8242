// What hangs a process, or is done to it from outside, cannot be tried within the one that tests it.

import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, expect, it } from "vitest";

const PROGRAM = path.join(import.meta.dirname, "..", "dist", "cli", "main.cjs");

let folder: string;
let dir: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  dir = path.join(folder, ".tracekeep");
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const environment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  TRACEKEEP_DIR: dir,
  XDG_STATE_HOME: path.join(folder, "state"),
});

/** The signal that a command had to be ended by. */
function endedBy(command: readonly string[], input: string): string | null {
  return spawnSync(process.execPath, [PROGRAM, ...command], { env: environment(), input, timeout: 30_000 })
    .signal;
}

/** What a shell makes of a line of its own. */
function inShell(line: string, input: string): { status: number | null; stdout: string; stderr: string } {
  const script = line.replaceAll("tracekeep", `'${process.execPath}' '${PROGRAM}'`);
  const options = { env: environment(), cwd: folder, input, timeout: 60_000, encoding: "utf8" } as const;
  return spawnSync("bash", ["-c", script], options);
}

const CALL = JSON.stringify({ session_id: "h", hook_event_name: "UserPromptSubmit", prompt: "go" });

it.each([
  ["settings.json"],
  ["index/sessions.jsonl", "index/journal.jsonl", "index/sessions.tally", "session_index.json"],
  ["spool/h.jsonl", "spool/folded.json", "session_20260106_c614.leaves"],
])("FIFOs in the place of %s keep nobody waiting", { timeout: 120_000 }, (...names) => {
  const line = '{"event":"NOTE","message":"one"}\n';
  const append = ["append", "--session", "s", "--agent", "Claude-Orch-Prime-20260106-c614"];
  expect(endedBy(append, line)).toBeNull();
  for (const name of names) {
    fs.mkdirSync(path.dirname(path.join(dir, name)), { recursive: true, mode: 0o700 });
    fs.rmSync(path.join(dir, name), { force: true });
    expect(spawnSync("mkfifo", [path.join(dir, name)]).status).toBe(0);
  }
  for (const command of [["hook"], append, ["sessions"], ["index"], ["verify"]])
    expect(endedBy(command, command[0] === "hook" ? CALL : line), command[0]).toBeNull();
});

it("an append whose events the disk does not take fails, and its receipts are those of the others", () => {
  const events = 2_000;
  const line = `${JSON.stringify({ event: "NOTE", message: "x".repeat(200) })}\n`;
  // In KiB, as bash has it.
  const { status, stdout, stderr } = inShell(
    "ulimit -f 400; tracekeep append --session s --wait 0s --ack",
    line.repeat(events),
  );
  const receipts = stdout.split("\n").length - 1;
  expect([status, stderr]).toEqual([1, expect.stringContaining(`recorded ${receipts} of`)]);
  const { stdout: count } = inShell("tracekeep query --event NOTE --count", "");
  expect([receipts > 0, receipts < events]).toEqual([true, true]);
  // What has a receipt is there. What has none may be, too: the last try at the end goes on in another file.
  expect(Number(count)).toBeGreaterThanOrEqual(receipts);
});

it("a hook and a command whose folder was deleted do their work", () => {
  fs.mkdirSync(path.join(folder, "gone"));
  const { status, stderr } = inShell(
    "cd gone && rmdir ../gone && tracekeep hook && tracekeep sessions",
    CALL,
  );
  expect([status, stderr]).toEqual([0, ""]);
  expect(fs.readdirSync(folder)).not.toContain("gone");
});
