// What is recorded does not depend on whether the engine has WebAssembly: with it texts are escaped and searched by
// vectors, without it by JSON.stringify and a regular expression (ADR 24).

import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { expect, it } from "vitest";

import { withoutFingerprints } from "../src/redact/fingerprint.ts";

const CHILD = path.join(import.meta.dirname, "children", "long-texts.mjs");

/** The texts of the events in the log, as they stand in its lines, and the secret that was planted in some. */
function record(flags: readonly string[]): { texts: string[]; secret: string } {
  const store = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  try {
    const { stdout, status, stderr } = spawnSync(process.execPath, [...flags, CHILD, store], {
      encoding: "utf8",
    });
    expect(status, stderr).toBe(0);
    const log = fs.readdirSync(store).find((name) => name.startsWith("session_") && name.endsWith(".jsonl"));
    const lines = fs.readFileSync(path.join(store, log ?? ""), "utf8").split("\n");
    const texts = lines.flatMap((line) => /"text":"(?:[^"\\]|\\.)*"/.exec(line) ?? []);
    return { texts: texts.map(withoutFingerprints), secret: stdout };
  } finally {
    fs.rmSync(store, { recursive: true });
  }
}

it("records the same texts, without their secrets, with WebAssembly and without", () => {
  const withIt = record([]);
  expect(withIt.texts).toHaveLength(800);
  expect(withIt.texts.filter((text) => text.includes("[REDACTED:"))).toHaveLength(160);
  expect(withIt.secret).toMatch(/^sk-/);
  expect(withIt.texts.filter((text) => text.includes(withIt.secret))).toEqual([]);
  expect(record(["--jitless"])).toEqual(withIt);
});
