// Whoever can write to the disk but has no key changes nothing without being found, and the finding says what it was.

import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { openStore } from "../src/index.ts";
import { verifyLog, verifyStore } from "../src/integrity/index.ts";
import { nodeDisk } from "../src/store/disk/disk.ts";
import { evidenceFiles } from "../src/store/layout.ts";
import { Ledger } from "../src/store/ledger/ledger.ts";
import { eraseLine, findErasable } from "../src/store/lifecycle/erase.ts";
import {
  cutAt,
  flipBit,
  judgeMutant,
  linesOf,
  sampleStore,
  structuralMutants,
  verdictOf,
} from "./evidence/mutants.ts";
import type { SampleStore } from "./evidence/mutants.ts";

let folder: string;
let store: SampleStore;
let log: Buffer;
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  store = sampleStore(folder, 8);
  fs.cpSync(store.dir, path.join(folder, "good"), { recursive: true });
  log = fs.readFileSync(store.log);
});
afterEach(() => {
  fs.rmSync(store.dir, { recursive: true });
  fs.cpSync(path.join(folder, "good"), store.dir, { recursive: true });
});
afterAll(() => fs.rmSync(folder, { recursive: true }));

const verdict = (since: string[] = []) => verifyStore(store.dir, { env: store.env, since }).verdict;
const file = (name: string): string => path.join(store.dir, name);
const other = (): Buffer =>
  fs.readFileSync(
    file(
      fs
        .readdirSync(path.join(folder, "good"))
        .filter((name) => /^session.*jsonl$/.test(name))
        .find((name) => file(name) !== store.log) ?? "",
    ),
  );
/** Every n-th number, so that all bits and all fields are met. */
const sample = (end: number, step: number): number[] =>
  Array.from({ length: Math.ceil(end / step) }, (_, at) => at * step);

describe("a log that nobody touched", () => {
  it("is ok, line by line", () => {
    expect(verifyStore(store.dir, { env: store.env })).toMatchObject({
      verdict: "ok",
      logs: [{ verdict: "ok" }, { lines: 8, sealed: 8 }, { lines: 8 }],
    });
  });
});

describe("a log that was tampered with", () => {
  it("is found after a flipped bit, and the line is named", () => {
    const wrong = sample(log.length * 8, 211).map((bit) => judgeMutant(store, flipBit(log, bit)));
    expect(wrong.filter((each) => each !== undefined)).toEqual([]);
  });

  it("is found when it was cut off anywhere", () => {
    const wrong = sample(log.length, 61).map((at) => judgeMutant(store, cutAt(log, at)));
    expect(wrong.filter((each) => each !== undefined)).toEqual([]);
  });

  it("is found when lines were swapped, deleted, repeated, put in, or taken from another session", () => {
    const wrong = [...structuralMutants(log, other())].map((mutant) => judgeMutant(store, mutant));
    expect(wrong.filter((each) => each !== undefined)).toEqual([]);
  });

  it("is found without the file of leaves, too", () => {
    fs.rmSync(evidenceFiles(store.log).leaves);
    const mutants = [
      ...sample(log.length * 8, 1997).map((bit) => flipBit(log, bit)),
      ...structuralMutants(log, other()),
    ];
    for (const mutant of mutants) {
      fs.writeFileSync(store.log, mutant.bytes);
      expect(["ok", "ok-open", "unsealed-tail"], mutant.about).not.toContain(verdictOf(store)?.verdict);
    }
  });

  it("is found when something was put behind its END, which its writer sealed", () => {
    fs.appendFileSync(store.log, (linesOf(log)[3] ?? log).toString().replace('"seq":3', '"seq":8'));
    expect(verdictOf(store)).toMatchObject({ verdict: "edited", first_bad_line: 9 });
  });

  it("is found when it cannot be read any more, and so is what was done to the others", () => {
    fs.rmSync(store.log);
    fs.mkdirSync(store.log);
    const rest = fs.readdirSync(store.dir).filter((name) => /^session.*jsonl$/.test(name));
    const [two = ""] = rest.filter((name) => file(name) !== store.log);
    fs.truncateSync(file(two), 1000);
    const verdicts = verifyStore(store.dir, { env: store.env }).logs.map((row) => row.verdict);
    expect(verdicts).toEqual(["ok", "truncated", "inconclusive"]);
  });

  it("is found when it is gone", () => {
    fs.rmSync(store.log);
    expect(verdict()).toBe("missing");
  });
});

describe("a log of several files", () => {
  it("holds over all of them, and names what is missing, erased or changed in any", async () => {
    const dir = path.join(folder, "segments");
    const opened = openStore({ dir, env: store.env, segmentBytes: 4_096 });
    const session = opened.startSession({ id: "long" });
    for (let at = 0; at < 60; at++) session.log({ event: "CHECKPOINT", message: `step ${at}` });
    session.end();
    opened.close();
    const files = fs
      .readdirSync(dir)
      .filter((name) => name.startsWith("session") && name.endsWith("jsonl"))
      .toSorted((left, right) => left.length - right.length || (left < right ? -1 : 1))
      .map((name) => path.join(dir, name));
    expect(files.length).toBeGreaterThan(3);
    const check = () => verifyStore(dir, { env: store.env }).logs.at(-1);
    expect(check()).toMatchObject({ verdict: "ok", sealed: check()?.lines });
    const { key = "" } = verifyStore(dir, { env: store.env });
    expect(verifyLog(files, key).verdict).toBe("ok");
    const ledger = new Ledger(dir, (error) => {
      throw error;
    });
    ledger.beginSealing(store.env);
    const erasable = findErasable(dir, "long", 20);
    expect(erasable.file).not.toBe(files.at(-1));
    await eraseLine(nodeDisk, ledger, erasable, "request 42");
    ledger.close();
    expect(check()?.verdict).toBe("ok");
    const [, second = "", third = ""] = files;
    const bytes = fs.readFileSync(third);
    fs.writeFileSync(third, flipBit(bytes, 8 * 700).bytes);
    expect(check()).toMatchObject({ verdict: "edited", first_bad_line: expect.any(Number) });
    fs.writeFileSync(third, bytes);
    // Behind the last line that the log has of it, with a number that readers would show.
    const [, forged = ""] = bytes.toString().split("\n");
    fs.appendFileSync(third, `${forged.replace(/"seq":\d+/, '"seq":3')}\n`);
    expect(check()).toMatchObject({ verdict: "edited", reason: expect.stringContaining("holds more") });
    fs.writeFileSync(third, bytes);
    const lines = linesOf(fs.readFileSync(files[0] ?? "")).length;
    fs.mkdirSync(path.join(dir, "archive"));
    fs.writeFileSync(
      path.join(dir, "archive", `${path.basename(second)}.gz`),
      gzipSync(fs.readFileSync(second)),
    );
    fs.rmSync(second);
    expect(check()?.verdict).toBe("ok");
    const archived = path.join(dir, "archive", `${path.basename(second)}.gz`);
    fs.appendFileSync(archived, "rubbish");
    expect(check()).toMatchObject({ verdict: "edited", reason: expect.stringContaining("holds more") });
    fs.rmSync(path.join(dir, "archive"), { recursive: true });
    expect(check()).toMatchObject({ verdict: "missing", first_bad_line: lines + 1 });
  });
});

describe("seals and ledger that were tampered with", () => {
  it.each(["ledger.jsonl", "ledger.seal", "seal"])("are found after a flipped bit in %s", (name) => {
    const target = name === "seal" ? evidenceFiles(store.log).seal : file(name);
    const bytes = fs.readFileSync(target);
    for (const bit of sample(bytes.length * 8, 97)) {
      fs.writeFileSync(target, flipBit(bytes, bit).bytes);
      expect(["ok", "ok-open", "unsealed-tail"], `bit ${bit}`).not.toContain(verdict());
    }
  });

  it("are found when log and seal are rolled back together, through the ledger", () => {
    const lines = linesOf(log);
    fs.writeFileSync(store.log, Buffer.concat(lines.slice(0, 4)));
    fs.rmSync(evidenceFiles(store.log).seal);
    fs.truncateSync(evidenceFiles(store.log).leaves, 4 * 32);
    expect(verdictOf(store)).toMatchObject({ verdict: "truncated", first_bad_line: 5 });
  });

  it("are found when everything is rolled back together, through an anchor", () => {
    const older = fs.cpSync(store.dir, `${store.dir}-older`, { recursive: true });
    const later = openStore({ dir: store.dir, env: store.env });
    later.startSession({ id: "three" }).end();
    later.close();
    const { anchor = "" } = verifyStore(store.dir, { env: store.env });
    expect(verdict([anchor])).toBe("ok");
    fs.rmSync(store.dir, { recursive: true });
    fs.renameSync(`${store.dir}-older`, store.dir);
    expect(older).toBeUndefined();
    expect(verdict()).toBe("ok");
    expect(verdict([anchor])).toBe("truncated");
  });

  it.each([0, 1, 2, 3])(
    "are found when all seals are taken away, and the ledger but %i lines of it",
    (kept) => {
      const bytes = fs.readFileSync(file("ledger.jsonl"));
      for (const name of fs.readdirSync(store.dir)) if (/\.(seal|leaves)$/.test(name)) fs.rmSync(file(name));
      if (kept === 0) fs.rmSync(file("ledger.jsonl"));
      else fs.writeFileSync(file("ledger.jsonl"), Buffer.concat(linesOf(bytes).slice(0, kept)));
      fs.writeFileSync(store.log, flipBit(log, 8 * 900).bytes);
      const { verdict: whole, trust } = verifyStore(store.dir, { env: store.env });
      expect([whole, trust]).toEqual(["missing", "none"]);
    },
  );

  it("do not vouch for a session of another store that was put among theirs", () => {
    const strange = sampleStore(path.join(folder, "elsewhere"), 8);
    fs.writeFileSync(
      file("session_strange.jsonl"),
      fs.readFileSync(strange.log, "utf8").replaceAll('"session_id":"one"', '"session_id":"three"'),
    );
    expect(verdict()).toBe("inconclusive");
  });

  it("are found when the whole store is replaced by one of another key", () => {
    const strange = sampleStore(path.join(folder, "strange"), 8);
    expect(verifyStore(strange.dir, { env: strange.env }).verdict).toBe("ok");
    expect(verifyStore(strange.dir, { env: store.env }).verdict).toBe("inconclusive");
  });

  it("are found when a log was sealed anew by a key the ledger does not know", () => {
    fs.rmSync(file("ledger.jsonl"));
    expect(verdict()).toBe("missing");
  });
});

describe("a writer", () => {
  it("never signs what was changed while nobody wrote", () => {
    fs.writeFileSync(store.log, flipBit(log, 8 * 900).bytes);
    fs.rmSync(evidenceFiles(store.log).leaves);
    const faults: string[] = [];
    const opened = openStore({ dir: store.dir, env: store.env, onFault: ({ code }) => faults.push(code) });
    const session = opened.openSession("one");
    session.log({ event: "CHECKPOINT", message: "on it goes" });
    session.end();
    expect(faults).toEqual(["SEAL_BROKEN"]);
    expect(fs.readFileSync(store.log).length).toBeGreaterThan(log.length);
    expect(verdictOf(store)?.verdict).toBe("edited");
  });

  it("goes on with a session and seals it all, with and without the file of leaves", () => {
    for (const round of [1, 2]) {
      if (round === 2) fs.rmSync(evidenceFiles(store.log).leaves);
      const session = openStore({ dir: store.dir, env: store.env }).openSession("one");
      session.log({ event: "CHECKPOINT", message: "more" });
      session.close();
      expect(verdictOf(store)).toMatchObject({
        verdict: "ok-open",
        lines: 8 + 2 * round,
        sealed: 8 + 2 * round,
      });
    }
  });

  it("is not stopped by a key that cannot be kept, and says so", () => {
    const faults: string[] = [];
    const dir = path.join(folder, "keyless");
    fs.writeFileSync(path.join(folder, "no-folder"), "");
    const env = { XDG_STATE_HOME: path.join(folder, "no-folder") };
    const session = openStore({ dir, env, onFault: ({ code }) => faults.push(code) }).startSession({
      id: "x",
    });
    session.log({ event: "CHECKPOINT" });
    session.end();
    expect(faults).toHaveLength(1);
    expect(linesOf(fs.readFileSync(session.file))).toHaveLength(3);
    expect(verifyStore(dir, { env: store.env }).verdict).toBe("inconclusive");
  });

  it("that is still alive may have lines to seal, and one that it is just writing", () => {
    const [start = log] = linesOf(log);
    fs.appendFileSync(store.log, start.toString().replace("START", "RESUMED").replace('"seq":0', '"seq":8'));
    expect(verdictOf(store)).toMatchObject({ verdict: "ok-open", lines: 9, sealed: 8 });
    fs.appendFileSync(store.log, '{"event":"CHECK');
    expect(verdictOf(store)).toMatchObject({ verdict: "ok-open", lines: 9, sealed: 8 });
  });

  it("that is alive has the ledger open, too: what it wrote there in the last second is no tail of a dead one", async () => {
    const dir = path.join(folder, "alive");
    const session = openStore({ dir, env: store.env }).startSession({ id: "x" });
    session.sync();
    const ledger = path.join(dir, "ledger.jsonl");
    while (!fs.readFileSync(ledger, "utf8").includes("SESSION_OPENED"))
      await new Promise((resolve) => setImmediate(resolve));
    const { verdict: whole, logs } = verifyStore(dir, { env: store.env });
    expect([whole, logs.map((row) => row.verdict)]).toEqual(["ok-open", ["ok-open", "ok-open"]]);
    // Once its process is dead, nobody is going to seal it.
    fs.writeFileSync(ledger, fs.readFileSync(ledger, "utf8").replaceAll(`"pid":${process.pid}`, '"pid":1'));
    expect(verifyStore(dir, { env: store.env }).logs[0]).not.toMatchObject({ verdict: "ok-open" });
  });

  it("seals nothing when it is told not to", () => {
    const dir = path.join(folder, "unsealed");
    openStore({ dir, env: store.env, seals: false }).startSession({ id: "x" }).end();
    expect(fs.readdirSync(dir).filter((name) => /seal|leaves/.test(name))).toEqual([]);
  });
});
