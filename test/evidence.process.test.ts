// Sealing over real deaths, erasure, the command line, and the verifiers that share no code with ours.

import { spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { openStore } from "../src/index.ts";
import { verifyStore } from "../src/integrity/index.ts";
import { evidenceFiles } from "../src/store/layout.ts";
import { cutAt, flipBit, linesOf, sampleStore, structuralMutants, verdictOf } from "./evidence/mutants.ts";
import type { SampleStore } from "./evidence/mutants.ts";
import { independentVerifiers } from "./evidence/verifiers.ts";

const CLI = path.join(import.meta.dirname, "..", "dist", "cli", "main.cjs");
const KILLS = 6;
/** Of the mutants, one in so many is shown to the verifiers that are not ours; npm run torture:evidence shows all. */
const STEP = 12;

let folder: string;
let store: SampleStore;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  store = sampleStore(folder, 8);
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

function tracekeep(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, ...store.env, TRACEKEEP_DIR: store.dir };
  return spawnSync(process.execPath, [CLI, ...args], { env, encoding: "utf8", input: "" });
}

describe("a writer that is killed at any moment", () => {
  it("raises no false alarm, and the next one seals everything", async () => {
    for (let kill = 0; kill < KILLS; kill++) {
      const args = [CLI, "--dir", store.dir, "append", "--session", "killed", "--ack"];
      const child = spawn(process.execPath, args, { env: { ...process.env, ...store.env } });
      child.stdin.on("error", () => undefined);
      const feed = setInterval(
        () => child.stdin.write('{"event":"CHECKPOINT","message":"x"}\n'.repeat(20)),
        1,
      );
      const gone = new Promise((resolve) => child.once("close", resolve));
      await Promise.race([new Promise((resolve) => child.stdout.once("data", resolve)), gone]);
      await new Promise((resolve) => setTimeout(resolve, kill * 250));
      child.kill("SIGKILL");
      clearInterval(feed);
      await gone;
      const { logs } = verifyStore(store.dir, { env: store.env });
      expect(logs.filter(({ verdict }) => verdict !== "ok" && verdict !== "unsealed-tail")).toEqual([]);
    }
    expect(tracekeep("append", "--session", "killed", "--end", "NORMAL").status).toBe(0);
    expect(verifyStore(store.dir, { env: store.env }).verdict).toBe("ok");
  });
});

describe("tracekeep verify", () => {
  it("prints the contract's object and exits 3 on findings", () => {
    const good = tracekeep("verify", "--json");
    expect([good.status, good.stderr]).toEqual([0, ""]);
    expect(JSON.parse(good.stdout)).toMatchObject({
      verdict: "ok",
      logs: [{ name: "ledger.jsonl", verdict: "ok" }, {}, {}],
    });
    fs.writeFileSync(store.log, flipBit(fs.readFileSync(store.log), 16_000).bytes);
    const bad = tracekeep("verify", "--json");
    expect(bad.status).toBe(3);
    const found = (JSON.parse(bad.stdout) as { logs: object[] }).logs;
    expect(found).toContainEqual({
      name: path.basename(store.log),
      verdict: "edited",
      lines: 8,
      sealed: 8,
      first_bad_line: expect.any(Number),
      reason: expect.stringContaining("was changed"),
    });
    expect(tracekeep("verify").stdout).toContain("edited");
  });

  it("proves one line to whoever has the key, and nothing once a byte is another", () => {
    const { stdout: proof } = tracekeep("verify", "--prove", "one:3");
    const file = path.join(folder, "line.tlog-proof");
    fs.writeFileSync(file, proof);
    const line = linesOf(fs.readFileSync(store.log))[3]?.toString();
    expect(tracekeep("verify", "--check-proof", file)).toMatchObject({ status: 0, stdout: line });
    fs.writeFileSync(file, proof.replace("index 3", "index 4"));
    expect(tracekeep("verify", "--check-proof", file)).toMatchObject({ status: 3, stdout: "" });
    expect(tracekeep("verify", "--prove", "one:99")).toMatchObject({ status: 1 });
    expect(tracekeep("verify", "--prove", "one")).toMatchObject({ status: 2 });
  });

  it("tells from an anchor that the store grew, and that it did not", () => {
    const anchor = path.join(folder, "anchor.txt");
    fs.writeFileSync(anchor, tracekeep("verify", "--anchor").stdout);
    openStore({ dir: store.dir, env: store.env }).startSession({ id: "three" }).end();
    expect(tracekeep("verify", "--since", anchor).status).toBe(0);
    fs.writeFileSync(
      anchor,
      fs.readFileSync(path.join(folder, "anchor.txt"), "utf8").replace(/^[^\n]+/, "another-store"),
    );
    expect(tracekeep("verify", "--since", anchor).status).toBe(3);
  });
});

describe("tracekeep erase", () => {
  it("takes the content out, keeps seals and offsets, and is found when it is not authorised", () => {
    const before = fs.readFileSync(store.log);
    expect(before.toString()).toContain("step 2 of one");
    expect(tracekeep("erase", "one:3", "--reason", "request 42", "--dry-run").stdout).toContain(
      "would erase",
    );
    expect(fs.readFileSync(store.log).equals(before)).toBe(true);
    expect(tracekeep("erase", "one:3", "--reason", "request 42")).toMatchObject({ status: 0, stderr: "" });
    const after = fs.readFileSync(store.log);
    expect([after.length, after.toString().includes("step 2 of one")]).toEqual([before.length, false]);
    expect(verifyStore(store.dir, { env: store.env }).verdict).toBe("ok");
    expect(tracekeep("erase", "one:3", "--reason", "again").stderr).toContain("erased already");
    expect(tracekeep("erase", "one:0", "--reason", "x").stderr).toContain("every reader needs");
    expect(tracekeep("erase", "one:3").status).toBe(2);
    const session = openStore({ dir: store.dir, env: store.env }).openSession("one");
    session.log({ event: "CHECKPOINT" });
    session.end();
    expect(verdictOf(store)).toMatchObject({ verdict: "ok", sealed: 11 });
    // The same tombstone without the ledger's word for it: another line, erased by hand.
    const lines = linesOf(fs.readFileSync(store.log));
    const tombstone = (lines[3] ?? before).toString();
    const leaf = fs.readFileSync(evidenceFiles(store.log).leaves).toString("base64", 4 * 32, 5 * 32);
    const forged = tombstone.replace('"seq":3', '"seq":4').replace(/"erased":"[^"]+"/, `"erased":"${leaf}"`);
    fs.writeFileSync(store.log, Buffer.concat(lines.with(4, Buffer.from(forged))));
    expect(verdictOf(store)).toMatchObject({ verdict: "erased-without-authority", first_bad_line: 5 });
  });

  it("waits for nobody who writes", () => {
    const session = openStore({ dir: store.dir, env: store.env }).openSession("one");
    session.log({ event: "CHECKPOINT" });
    expect(tracekeep("erase", "one:3", "--reason", "x").stderr).toContain("has a writer");
    session.close();
  });
});

describe("verifiers that share no code with ours", () => {
  const verifiers = independentVerifiers(path.join(os.tmpdir(), "tracekeep-verifiers"));
  it.each(verifiers)("agree with ours on good and bad logs: $name", ({ check }) => {
    const { key = "" } = verifyStore(store.dir, { env: store.env });
    expect(check(key, store.log)).toBe(true);
    expect(check(key, path.join(store.dir, "ledger.jsonl"))).toBe(true);
    expect(check(key.replace("+", "x+"), store.log)).toBe(false);
    tracekeep("erase", "one:3", "--reason", "request 42");
    expect(check(key, store.log)).toBe(true);
    const log = fs.readFileSync(store.log);
    const mutants = [
      ...structuralMutants(log, log),
      ...[100, 9_000, log.length * 8 - 1].map((bit) => flipBit(log, bit)),
      ...[1, 2_000, log.length - 1].map((at) => cutAt(log, at)),
    ];
    for (const [at, mutant] of mutants.entries()) {
      if (at % STEP !== 0 || mutant.bytes.equals(log)) continue;
      fs.writeFileSync(store.log, mutant.bytes);
      const ours = verdictOf(store)?.verdict ?? "missing";
      // A line repeated behind the sealed ones is found by ours alone: the others look at what is sealed.
      const sealedPart = mutant.bytes.subarray(0, log.length).equals(log);
      expect(check(key, store.log), mutant.about).toBe(ours === "ok" || sealedPart);
    }
    fs.writeFileSync(store.log, log);
    const { seal } = evidenceFiles(store.log);
    const note = fs.readFileSync(seal);
    // In the text, and in the signature by the store's key, the last one: the epoch's is not theirs to check.
    for (const bit of [3, 700, note.length * 8 - 1, note.length * 8 - 300]) {
      fs.writeFileSync(seal, flipBit(note, bit).bytes);
      expect(check(key, store.log), `seal, bit ${bit}`).toBe(false);
    }
  });
});
