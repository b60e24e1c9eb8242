import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { nodeDisk } from "./disk.ts";
import {
  leftTemporaryFiles,
  nameBehindTemporary,
  removeLeftTemporaryFiles,
  temporaryBeside,
} from "./temporary-file.ts";

let dir: string;
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
});
afterEach(() => fs.rmSync(dir, { recursive: true }));

const DAY_MS = 24 * 3_600_000;
/** A file that this process might be making, with another process in its name. */
function madeBy(pid: number, start: string, place = "session.jsonl"): string {
  return temporaryBeside(path.join(dir, place)).replace(/\.\d+\.\d+\./, `.${pid}.${start}.`);
}

function write(file: string, ageMs = 0): string {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, "half a fi");
  const seconds = (Date.now() - ageMs) / 1000;
  fs.utimesSync(file, seconds, seconds);
  return file;
}

describe("an unfinished file", () => {
  it("says what it is to become", () => {
    for (const name of ["a.jsonl", "-odd-.name.jsonl.gz", "x"]) {
      const temporary = path.basename(temporaryBeside(path.join(dir, name)));
      expect(nameBehindTemporary(temporary)).toBe(name);
      expect(nameBehindTemporary(name)).toBeUndefined();
    }
    const names = Array.from({ length: 1000 }, () => temporaryBeside("x"));
    expect(new Set(names).size).toBe(1000);
  });

  it("is removed at once when its maker is dead, wherever in the store it is", () => {
    const { pid } = spawnSync(process.execPath, ["--eval", "0"]);
    const files = ["a.jsonl", "archive/a.jsonl", "index/sessions.jsonl", "spool/folded.json"].map((place) =>
      write(madeBy(pid, "12345", place)),
    );
    const other = write(path.join(dir, "session.jsonl"), 3 * DAY_MS);
    expect(leftTemporaryFiles(dir).toSorted()).toEqual(files.toSorted());
    expect(removeLeftTemporaryFiles(nodeDisk, dir)).toBe(4);
    expect(files.filter((file) => fs.existsSync(file))).toEqual([]);
    expect(fs.existsSync(other)).toBe(true);
  });

  it("stays while its maker lives, however old it is", async () => {
    const child = spawn(process.execPath, ["--eval", "setInterval(() => {}, 1000)"]);
    try {
      const stat = fs.readFileSync(`/proc/${child.pid}/stat`, "utf8");
      const start = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
      const own = write(temporaryBeside(path.join(dir, "own.jsonl")), 3 * DAY_MS);
      const another = write(madeBy(child.pid ?? 0, start), 3 * DAY_MS);
      expect(leftTemporaryFiles(dir)).toEqual([]);
      // The same number, given to another process since.
      const reused = write(madeBy(child.pid ?? 0, `${start}1`));
      expect(leftTemporaryFiles(dir)).toEqual([reused]);
      child.kill("SIGKILL");
      await once(child, "exit");
      expect(removeLeftTemporaryFiles(nodeDisk, dir)).toBe(2);
      expect([own, another, reused].filter((file) => fs.existsSync(file))).toEqual([own]);
    } finally {
      child.kill("SIGKILL");
    }
  });

  it("of a maker that nothing is known of stays for a day", () => {
    const elsewhere = path.join(dir, ".tmp-zzzzzz.1.1.abcdefgh-session.jsonl");
    const older = path.join(dir, ".tmp-4711-folded.json");
    for (const file of [elsewhere, older]) write(file, DAY_MS - 60_000);
    expect(leftTemporaryFiles(dir)).toEqual([]);
    for (const file of [elsewhere, older]) write(file, DAY_MS + 60_000);
    expect(leftTemporaryFiles(dir).toSorted()).toEqual([elsewhere, older].toSorted());
  });
});
