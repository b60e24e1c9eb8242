// That no secret reaches a store, whichever way it is recorded, and what the store's key and settings do.

import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { gunzipSync } from "node:zlib";

import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { foldSpool, importSessions } from "../src/import/index.ts";
import { hookRecord, hookRedactor } from "../src/integrations/hook-record.ts";
import { openStore } from "../src/record/index.ts";
import { checkFigures } from "../src/session-index/check.ts";
import { nodeDisk } from "../src/store/disk/disk.ts";
import { DAY_MS } from "../src/store/lifecycle/plan.ts";
import { PRESETS } from "../src/store/lifecycle/policy.ts";
import { retain } from "../src/store/lifecycle/retain.ts";
import { DEFAULT_SETTINGS, mergeSettings } from "../src/store/lifecycle/settings.ts";
import { appendToSpool } from "../src/store/session/spool.ts";
import { made, PLANTED } from "./planted-secrets.ts";
import { runCli } from "./run-cli.ts";

let dir: string;
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(tmpdir(), "tracekeep-redaction-"));
});
afterEach(() => fs.rmSync(dir, { recursive: true }));

const TOKEN = `ghp_${made(36)}`;

function filesOf(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => path.join(folder, name))
    .filter((file) => fs.statSync(file).isFile());
}

/** Which planted secrets stand in a file of the store, as they are or as JSON writes them. */
function leaksIn(store: string): string[] {
  return filesOf(store).flatMap((file) => {
    const bytes = fs.readFileSync(file);
    const text = (file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("latin1");
    return PLANTED.filter(([, planted, secret = planted]) => {
      const asJson = JSON.stringify(secret).slice(1, -1);
      return text.includes(secret) || text.includes(asJson);
    }).map(([kind]) => `${path.basename(file)}: ${kind}`);
  });
}

it("leaves nothing planted in any file: sessions, streams, spool, folded hooks and imports", async () => {
  const storeDir = path.join(dir, "store");
  const store = openStore({ dir: storeDir, segmentBytes: 64 * 1024 });
  const session = store.startSession({ title: `with ${TOKEN}`, metadata: { note: TOKEN } });
  const stream = session.stream();
  for (const [kind, planted] of PLANTED) {
    session.log({ event: "NOTE", message: `of ${kind}: ${planted}`, call_id: `call ${TOKEN}` });
    session
      .toolCall("bash", { command: `true\n${planted}\n`, [`key ${TOKEN}`]: 1 })
      .result({ stdout: planted });
    for (let at = 0; at < planted.length; at += 7) stream.write(planted.slice(at, at + 7));
    stream.write("\n\n");
    const input = Buffer.from(
      JSON.stringify({
        session_id: "h1",
        hook_event_name: "PostToolUse",
        tool_name: "Bash",
        tool_input: { command: `run\n${planted}\n` },
        tool_response: { stdout: planted },
        tool_use_id: `toolu_${kind}`,
      }),
    );
    const redactor = hookRedactor(storeDir);
    const record = hookRecord({ input, timeMs: Date.now(), agentProcess: undefined, redactor });
    appendToSpool(storeDir, record.sessionId, record.line);
  }
  session.log({ event: `type ${TOKEN}` });
  session.end();

  const transcript = path.join(dir, "t1.jsonl");
  const records = PLANTED.map(([, planted], at) => ({
    type: "user",
    uuid: `u${at}`,
    sessionId: "t1",
    cwd: "/p",
    version: "2.0.0",
    timestamp: "2026-01-06T22:00:00.000Z",
    message: { role: "user", content: `use\n${planted}\nplease` },
  }));
  fs.writeFileSync(transcript, records.map((each) => `${JSON.stringify(each)}\n`).join(""));
  const report = await importSessions(store, { paths: [transcript] });
  expect(report.events_added).toBeGreaterThanOrEqual(PLANTED.length);
  expect(leaksIn(storeDir)).toEqual([]);
  expect((await foldSpool(store)).events_added).toBeGreaterThan(0);
  store.close();
  expect(leaksIn(storeDir)).toEqual([]);
  expect(filesOf(storeDir).some((file) => fs.readFileSync(file, "latin1").includes(TOKEN))).toBe(false);

  // The same in what is made of it afterwards.
  expect(await runCli(dir, ["--dir", storeDir, "index"])).toMatchObject({ code: 0 });
  const dev = mergeSettings(DEFAULT_SETTINGS, { retention: PRESETS["dev"]! });
  const { steps } = await retain(storeDir, dev, { nowMs: Date.now() + 8 * DAY_MS });
  expect(steps.filter(({ action }) => action === "archive").length).toBeGreaterThan(3);
  const names = filesOf(storeDir).map((file) => path.relative(storeDir, file).replace(/\/.*/, ""));
  expect(names).toEqual(expect.arrayContaining(["archive", "index", "spool"]));
  expect(await checkFigures(storeDir)).toEqual([]);
  expect(leaksIn(storeDir)).toEqual([]);
});

it("leaves nothing planted in the file where events wait while the disk is full", async () => {
  const storeDir = path.join(dir, "store");
  const spill = path.join(dir, "spill");
  const store = openStore({ dir: storeDir, spill: { directory: spill }, onFault: () => undefined });
  const session = store.startSession();
  const full = Object.assign(new Error("ENOSPC"), { code: "ENOSPC" });
  const fdOf = (fd: number): string => fs.readlinkSync(`/proc/self/fd/${fd}`);
  const { write, writeSoon } = nodeDisk;
  vi.spyOn(nodeDisk, "write").mockImplementation((fd, ...rest) => {
    if (fdOf(fd).startsWith(storeDir)) throw full;
    return write(fd, ...rest);
  });
  vi.spyOn(nodeDisk, "writeSoon").mockImplementation((fd, bytes, offset, length, done) => {
    if (fdOf(fd).startsWith(storeDir)) done(full, 0);
    else writeSoon(fd, bytes, offset, length, done);
  });
  for (const [kind, planted] of PLANTED) session.log({ event: "NOTE", message: `of ${kind}: ${planted}` });
  expect(() => session.flush()).toThrow("ENOSPC");
  expect(session.status()).toMatchObject({ degraded: true });
  expect(filesOf(spill).map((file) => fs.statSync(file).size > 20_000)).toEqual([true]);
  expect([...leaksIn(spill), ...leaksIn(storeDir)]).toEqual([]);
  vi.restoreAllMocks();
  session.end();
  store.close();
  expect(leaksIn(storeDir)).toEqual([]);
  expect(await checkFigures(storeDir)).toEqual([]);
});

it("gives a secret one name in all of a store, under a key that only its owner can read", () => {
  const names = new Set<string>();
  for (const store of [openStore({ dir }), openStore({ dir })]) {
    const session = store.startSession();
    session.log({ event: "NOTE", message: TOKEN });
    session.end();
    store.close();
    const [mark = ""] =
      /\[REDACTED:github-token:[0-9a-f]{8}\]/.exec(fs.readFileSync(session.file, "utf8")) ?? [];
    names.add(mark);
  }
  expect([...names]).toHaveLength(1);
  expect([...names][0]).not.toBe("");
  expect(fs.statSync(path.join(dir, "redaction.key")).mode & 0o777).toBe(0o600);
});

it("adds what the settings name, says so on START, and counts each secret once", () => {
  const redaction = {
    field_names: ["badge"],
    groups: ["email"],
    rules: [{ kind: "acme-token", pattern: "acme_[a-z0-9]{8,40}" }],
  };
  fs.writeFileSync(path.join(dir, "settings.json"), JSON.stringify({ redaction }));
  const store = openStore({ dir });
  const session = store.startSession();
  session.log({ event: "NOTE", message: "acme_a1b2c3d4e5 of ann@example.org", badge: 7 });
  session.end();
  store.close();
  const text = fs.readFileSync(session.file, "utf8");
  const [start, , end] = text.split("\n").map((line) => (line === "" ? {} : JSON.parse(line))) as Record<
    string,
    unknown
  >[];
  expect(start?.["redaction"]).toEqual({
    mode: "on",
    rules: ["built-in/2", "email", "acme-token"],
    field_names: ["badge"],
  });
  expect(end?.["redactions"]).toEqual({ "acme-token": 1, email: 1, "field-name": 1 });
  expect(text).not.toMatch(/acme_a1|ann@example/);
});

it.each([
  ['{"redaction":{"mode":"off"}}', "mode"],
  ['{"redaction":{"rules":[{"kind":"a","pattern":"(a+)+"}]}}', "literal characters"],
  ['{"redaction":{"groups":["mail"]}}', "email"],
  ["{", "JSON"],
])("refuses settings that would switch it off or cannot be used: %s", (settings, reason) => {
  fs.writeFileSync(path.join(dir, "settings.json"), settings);
  expect(() => openStore({ dir })).toThrow(new RegExp(reason));
});

it("says on START that it only reports, or is off, when the program wants so", () => {
  for (const mode of ["report-only", "off"] as const) {
    const store = openStore({ dir, redaction: { mode } });
    const session = store.startSession();
    session.log({ event: "NOTE", message: TOKEN });
    session.end();
    store.close();
    const text = fs.readFileSync(session.file, "utf8");
    expect(text).toContain(`"redaction":{"mode":"${mode}"`);
    expect(text).toContain(TOKEN);
    expect(text.includes('"redactions":{"github-token":1}')).toBe(mode === "report-only");
  }
});
