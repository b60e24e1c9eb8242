// What is recorded does not depend on whether the engine has WebAssembly: with it texts are escaped and searched by
// vectors, without it by JSON.stringify and a regular expression (ADR 24). Nor does what is read: with it lines of others
// are passed over by their members, without it each is parsed (ADR 23).

import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { expect, it } from "vitest";

import { withoutFingerprints } from "../src/redact/fingerprint.ts";

const CLI = path.join(import.meta.dirname, "../dist/cli/main.cjs");
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

it("reads the same of a log of others, with WebAssembly and without", () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  const file = path.join(dir, "others.jsonl");
  const lines = Array.from({ length: 12_000 }, (_, at) => {
    const time = new Date(Date.parse("2026-01-06T22:00:00Z") + at * 1000).toISOString();
    if (at % 1000 === 17) return `{"type": "cut off", "time": "${time}", "text": "`;
    if (at % 1000 === 18) return `{"type": "cut off", "time": "${time}", "type": "twice"}`;
    const level = at % 100 === 0 ? "ERROR" : "INFO";
    return `{"text": "${"what was said ".repeat(5)}ä", "time": "${time}", "severity": "${level}", "type": "t${at % 5}"}`;
  });
  fs.writeFileSync(file, lines.join("\n"));
  const ask = (flags: readonly string[], ...asked: readonly string[]): string => {
    const args = [...flags, CLI, "query", file, "--count", "--json", ...asked];
    const { stdout, status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    // Damage is a finding.
    expect([0, 3], stderr).toContain(status);
    const said = stderr.split("\n").filter((line) => !line.includes("--expose_wasm"));
    return [stdout, status, ...said].join("\n");
  };
  try {
    for (const asked of [[], ["--severity", "ERROR"], ["--since", "2026-01-06T23:10:01Z", "--event", "t1"]])
      expect(ask(["--jitless"], ...asked)).toEqual(ask([], ...asked));
    expect(ask([])).toContain("skipped 12 places");
    expect(ask([])).toContain('"twice":12');
  } finally {
    fs.rmSync(dir, { recursive: true });
  }
}, 60_000);
