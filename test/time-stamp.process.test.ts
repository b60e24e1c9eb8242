// Time stamps by an authority of openssl's, through the command line and by the bytes.

import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { openStore } from "../src/index.ts";
import { verifyStore } from "../src/integrity/index.ts";
import { checkTimeStamp } from "../src/integrity/time-stamp.ts";
import { evidenceFiles } from "../src/store/layout.ts";
import { flipBit, sampleStore } from "./evidence/mutants.ts";
import type { SampleStore } from "./evidence/mutants.ts";
import { hasOpenssl, timestampAuthority } from "./timestamp-authority.ts";
import type { TimestampAuthority } from "./timestamp-authority.ts";

const CLI = path.join(import.meta.dirname, "..", "dist", "cli", "main.js");

let folder: string;
let store: SampleStore;
let anchor: string;
let authority: TimestampAuthority;
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  store = sampleStore(folder, 8);
  anchor = path.join(folder, "anchor.txt");
  if (!hasOpenssl) return;
  authority = timestampAuthority(path.join(folder, "authority"));
  fs.writeFileSync(anchor, tracekeep("verify", "--anchor").stdout);
});
afterAll(() => fs.rmSync(folder, { recursive: true }));

function tracekeep(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, ...store.env, TRACEKEEP_DIR: store.dir };
  return spawnSync(process.execPath, [CLI, ...args], { env, encoding: "utf8", input: "" });
}

describe.skipIf(!hasOpenssl)("a time stamp (RFC 3161)", () => {
  it.each(["rsa", "ec"] as const)(
    "holds for the bytes that were stamped, and leads to its root: %s",
    (key) => {
      const { stamp, root } = timestampAuthority(path.join(folder, key), key);
      const [token, bytes] = [stamp(anchor), fs.readFileSync(anchor)];
      const checked = checkTimeStamp(token, bytes, fs.readFileSync(root, "utf8"));
      expect(checked).toMatchObject({ kind: "stamp", authority: "CN=Test authority", chained: true });
      const ageMs = checked.kind === "stamp" ? Date.now() - Date.parse(checked.time) : NaN;
      expect(Math.abs(ageMs)).toBeLessThan(3_600_000);
      expect(checkTimeStamp(token, bytes)).toMatchObject({ chained: undefined });
      expect(checkTimeStamp(token, bytes.subarray(1))).toEqual({
        kind: "bad",
        reason: "it is of other bytes",
      });
    },
  );

  it("holds for nothing once a bit of what it signs, or of the signature, is another", () => {
    const [token, bytes] = [authority.stamp(anchor), fs.readFileSync(anchor)];
    const good = checkTimeStamp(token, bytes);
    const passed: unknown[] = [];
    for (let bit = 0; bit < token.length * 8; bit += 37) {
      const checked = checkTimeStamp(flipBit(token, bit).bytes, bytes);
      if (checked.kind === "stamp") passed.push([checked.time, checked.authority]);
    }
    // What is not signed may differ: the answer's status, the root that came along, its names for algorithms.
    if (good.kind === "stamp")
      expect(new Set(passed.map(String))).toEqual(new Set([String([good.time, good.authority])]));
    for (let at = 0; at < token.length; at += 41)
      expect(checkTimeStamp(token.subarray(0, at), bytes).kind, `cut at ${at}`).toBe("bad");
  });

  it("says what is missing or not meant for it", () => {
    const bytes = fs.readFileSync(anchor);
    expect(checkTimeStamp(authority.stamp(anchor, { withoutCertificate: true }), bytes)).toMatchObject({
      reason: expect.stringContaining("-cert"),
    });
    const other = timestampAuthority(path.join(folder, "other"));
    const chained = checkTimeStamp(authority.stamp(anchor), bytes, fs.readFileSync(other.root, "utf8"));
    expect(chained).toMatchObject({ kind: "stamp", chained: false });
    expect(checkTimeStamp(Buffer.from("<html>not found</html>"), bytes)).toMatchObject({
      reason: expect.stringContaining("cannot be read"),
    });
  });
});

describe.skipIf(!hasOpenssl)("tracekeep verify --attach-stamp", () => {
  it("keeps a time stamp that holds, checks it each time, and finds a rollback behind it", () => {
    const file = path.join(folder, "anchor.tsr");
    fs.writeFileSync(file, authority.stamp(anchor));
    const ledger = path.join(store.dir, "ledger.jsonl");
    const old = [ledger, evidenceFiles(ledger).seal].map((each) => [each, fs.readFileSync(each)] as const);
    const opened = openStore({ dir: store.dir, env: store.env });
    opened.startSession({ id: "three" }).end();
    opened.close();
    expect(tracekeep("verify", "--attach-stamp", file)).toMatchObject({ status: 1 });
    const attached = tracekeep(
      "verify",
      "--attach-stamp",
      file,
      "--since",
      anchor,
      "--stamp-ca",
      authority.root,
    );
    expect(attached).toMatchObject({ status: 0, stderr: "" });
    expect(attached.stdout).toContain("by CN=Test authority");
    const good = tracekeep("verify", "--json", "--stamp-ca", authority.root);
    expect(good.status).toBe(0);
    expect(JSON.parse(good.stdout)).toMatchObject({
      verdict: "ok",
      stamps: [{ authority: "CN=Test authority", chained: true, reason: "" }],
    });
    expect(tracekeep("verify").stdout).toContain("whom nothing vouches for");
    const other = timestampAuthority(path.join(folder, "other-root"));
    expect(tracekeep("verify", "--stamp-ca", other.root)).toMatchObject({ status: 3 });

    fs.writeFileSync(anchor, tracekeep("verify", "--anchor").stdout);
    fs.writeFileSync(file, authority.stamp(anchor));
    expect(tracekeep("verify", "--attach-stamp", file)).toMatchObject({ status: 0 });
    for (const [each, bytes] of old) fs.writeFileSync(each, bytes);
    const rolledBack = verifyStore(store.dir, { env: store.env });
    expect(rolledBack.logs[0]).toMatchObject({ name: "ledger.jsonl", verdict: "truncated" });
  });

  it("takes no stamp of another store's seal", () => {
    const other = sampleStore(path.join(folder, "elsewhere"), 4);
    const seal = evidenceFiles(path.join(other.dir, "ledger.jsonl")).seal;
    const file = path.join(folder, "foreign.tsr");
    fs.writeFileSync(file, authority.stamp(seal));
    const { status, stderr } = tracekeep("verify", "--attach-stamp", file, "--since", seal);
    expect([status, stderr]).toEqual([1, expect.stringContaining("no seal of this store")]);
  });
});
