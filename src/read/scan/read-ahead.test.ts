import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { encodeIdentity, encodeLine } from "../../format/index.ts";
import { openReader } from "../reader.ts";

let dir: string;
const files: string[] = [];
const EVENTS = 60_000;

beforeAll(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  for (const session of ["first", "second"]) {
    const file = path.join(dir, `session_${session}.jsonl`);
    fs.writeFileSync(file, linesOf(session));
    files.push(file);
  }
});
afterAll(() => fs.rmSync(dir, { recursive: true }));

/** More than is read without reading ahead; every seventh event is another in the second session. */
function linesOf(session: string): string {
  const identity = encodeIdentity(session, "coder");
  const isSecond = session === "second";
  const lines = Array.from({ length: EVENTS }, (_, seq) => {
    const event = seq === 0 ? "START" : isSecond && seq % 7 === 0 ? "ERROR" : "TOOL_CALL";
    return encodeLine(
      {
        event,
        timestamp: new Date(1_767_700_000_000 + seq).toISOString(),
        severity: event === "ERROR" ? "ERROR" : "INFO",
        seq,
        id: "019b9f2e-6f10-7c3a-9a52-0c6d2f9e8b41",
        body: { format: 1, text: "x".repeat(seq % 1000 === 999 ? 100_000 : seq % 300) },
        salt: "q83vEjRWeJCrze8S",
      },
      identity,
    );
  });
  return lines.join("");
}

/** Without waiting, nothing is read ahead. */
function straight(file: string, event: string): number {
  let count = 0;
  for (const _ of openReader({ paths: [file] }).events({ event })) count++;
  return count;
}

describe("a long log, read ahead", () => {
  it("has the events that it has read straight through, in whatever order they are asked", async () => {
    for (const file of files) {
      expect(fs.statSync(file).size).toBeGreaterThan(16 * 1024 * 1024);
      for (const event of ["TOOL_CALL", "ERROR"])
        expect((await openReader({ paths: [file] }).count({ event })).events).toBe(straight(file, event));
    }
  });

  it("may be read by many at a time, and given up in the middle", async () => {
    const [first = "", second = ""] = files;
    for (let at = 0; at < 10; at++) {
      const stopped = new AbortController();
      const given = openReader({ paths: [first] }).count({
        signal: stopped.signal,
        onProgress: ({ bytes }) => {
          if (bytes > 1e6) stopped.abort(new Error("enough"));
        },
      });
      const whole = openReader({ paths: [second] }).count();
      await expect(given).rejects.toThrow("enough");
      const after = openReader({ paths: [second] }).count({ event: "ERROR" });
      expect((await whole).events).toBe(EVENTS);
      expect((await after).events).toBe(Math.ceil(EVENTS / 7) - 1);
    }
  });
});
