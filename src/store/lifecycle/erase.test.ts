import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { gunzipSync } from "node:zlib";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { verifyStore } from "../../integrity/index.ts";
import { openReader } from "../../read/index.ts";
import { openStore } from "../../record/index.ts";
import { faultyDisk } from "../../testing/index.ts";
import { nodeDisk } from "../disk/disk.ts";
import type { Disk } from "../disk/disk.ts";
import { writeIndexFile } from "../disk/index-file.ts";
import { INDEX_DIRECTORY, INDEX_SNAPSHOT } from "../layout.ts";
import { Ledger } from "../ledger/ledger.ts";
import { SessionCatalog } from "../session/catalog.ts";
import { eraseLine, findErasable } from "./erase.ts";
import { DAY_MS } from "./plan.ts";
import { PRESETS } from "./policy.ts";
import { retain } from "./retain.ts";
import { DEFAULT_SETTINGS, mergeSettings } from "./settings.ts";

let folder: string;
let dir: string;
let env: Record<string, string>;
beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-erase-"));
  dir = path.join(folder, ".tracekeep");
  env = { XDG_STATE_HOME: path.join(folder, "state") };
  const store = openStore({ dir, env });
  const session = store.startSession({ id: "s" });
  session.userMessage(SECRET);
  // More than one member of an archive on both sides.
  const filler = { event: "CHECKPOINT", message: "x".repeat(1_000) };
  for (let at = 0; at < 400; at++) session.log(filler);
  session.log({ event: "CHECKPOINT", message: SECRET });
  for (let at = 0; at < 400; at++) session.log(filler);
  session.end();
  store.close();
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const SECRET = "the patient is called Ann";
const SEQ = 402;

async function archiveAll(): Promise<void> {
  const settings = mergeSettings(DEFAULT_SETTINGS, { retention: PRESETS["dev"]! });
  vi.stubEnv("XDG_STATE_HOME", env["XDG_STATE_HOME"]);
  const { steps } = await retain(dir, settings, { nowMs: Date.now() + 8 * DAY_MS });
  vi.unstubAllEnvs();
  expect(steps).toMatchObject([{ action: "archive", error: null }]);
}

async function erase(seq: number, disk: Disk = nodeDisk): Promise<void> {
  const ledger = new Ledger(dir, (error) => {
    throw error;
  });
  ledger.beginSealing(env);
  try {
    await eraseLine(disk, ledger, findErasable(dir, "s", seq), "request 42");
  } finally {
    ledger.close();
  }
}

const verdict = () => verifyStore(dir, { env }).verdict;
const logFile = (): string => new SessionCatalog(dir).refresh().filesOf("s")[0]?.path ?? "";

/** The files of the store that hold the text, unpacked. */
function holding(text: string): string[] {
  return fs
    .readdirSync(dir, { recursive: true, encoding: "utf8" })
    .filter((name) => fs.statSync(path.join(dir, name)).isFile())
    .filter((name) => {
      const bytes = fs.readFileSync(path.join(dir, name));
      return (name.endsWith(".gz") ? gunzipSync(bytes) : bytes).includes(text);
    });
}

describe("erasing a line in the archive", () => {
  it("takes it out of the compressed segment, and keeps leaves, seals and every other line", async () => {
    await archiveAll();
    const file = logFile();
    const before = gunzipSync(fs.readFileSync(file)).toString().split("\n");
    expect(file).toMatch(/\.gz$/);
    await erase(SEQ);
    const after = gunzipSync(fs.readFileSync(file)).toString().split("\n");
    expect(after.filter((line, at) => line !== before[at])).toHaveLength(1);
    expect(after[SEQ]).toContain('"erased":"');
    expect([verdict(), fs.statSync(file).mode & 0o777]).toEqual(["ok", 0o600]);
    await erase(1);
    expect([verdict(), holding(SECRET)]).toEqual(["ok", []]);
    await expect(erase(1)).rejects.toThrow("erased already");
    const [, message] = [...openReader({ dir }).events({ session: "s" })];
    expect(message).toMatchObject({ event: "USER_MESSAGE", seq: 1 });
  });

  it("is complete or absent, whatever interrupts it", async () => {
    await archiveAll();
    let interrupted = 0;
    for (let step = 0; ; step++) {
      const disk = faultyDisk();
      disk.crashIn = step;
      const failed = await erase(SEQ, disk).then(
        () => false,
        () => true,
      );
      expect(verdict(), `operation ${step}`).toBe("ok");
      const kept = holding(SECRET).filter(
        (name) => !path.basename(name).startsWith(".tmp-") && !name.includes(INDEX_DIRECTORY),
      );
      if (!failed) break;
      interrupted++;
      // The file in place is the old one or the new one: the message in line 1 is in both.
      expect(kept).toHaveLength(1);
      const lines = gunzipSync(fs.readFileSync(logFile())).toString().split("\n");
      expect(lines).toHaveLength(805);
      if (lines[SEQ]?.includes('"erased":"') === true) break;
    }
    expect(interrupted).toBeGreaterThan(3);
  });

  it("reaches the copy that an interrupted move left", async () => {
    const live = logFile();
    const bytes = fs.readFileSync(live);
    await archiveAll();
    const copy = logFile();
    fs.writeFileSync(live, bytes);
    expect(logFile()).toBe(live);
    await erase(SEQ);
    await erase(1);
    expect(holding(SECRET)).toEqual([]);
    expect(gunzipSync(fs.readFileSync(copy)).length).toBe(bytes.length);
  });

  it("refuses a damaged segment, and leaves it as it is", async () => {
    await archiveAll();
    const file = logFile();
    const bytes = fs.readFileSync(file);
    const damaged = Buffer.concat([bytes, Buffer.from("behind the last member")]);
    fs.writeFileSync(file, damaged);
    await expect(erase(SEQ)).rejects.toThrow("is damaged at byte");
    expect(fs.readFileSync(file).equals(damaged)).toBe(true);
    expect(fs.readdirSync(path.dirname(file)).filter((name) => name.startsWith("."))).toEqual([]);
  });
});

describe("retention", () => {
  it("leaves its own entries sealed", async () => {
    await archiveAll();
    expect(verifyStore(dir, { env }).logs[0]).toMatchObject({ name: "ledger.jsonl", verdict: "ok" });
  });
});

describe("erasing a line", () => {
  it("takes what was derived from it along: an index has the beginning of the first message", async () => {
    const reader = openReader({ dir });
    expect([...reader.sessions()][0]).toMatchObject({ preview: SECRET });
    writeIndexFile(nodeDisk, dir, INDEX_SNAPSHOT, Buffer.from(`{"preview":"${SECRET}"}\n`));
    fs.writeFileSync(path.join(dir, "session_index.json"), `{"details":"${SECRET}"}`);
    await erase(1);
    await erase(SEQ);
    expect(holding(SECRET)).toEqual([]);
    expect([...openReader({ dir }).sessions()][0]).toMatchObject({ preview: null });
  });
});
