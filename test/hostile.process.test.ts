// What hangs a process cannot be tried within the one that tests it.

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

/** The signal that a command had to be ended by. */
function endedBy(command: readonly string[], input: string): string | null {
  const env = { ...process.env, TRACEKEEP_DIR: dir, XDG_STATE_HOME: path.join(folder, "state") };
  return spawnSync(process.execPath, [PROGRAM, ...command], { env, input, timeout: 30_000 }).signal;
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
