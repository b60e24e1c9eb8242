// Stores written by released versions, kept for ever: one folder for each version of the format, made once and never
// made again. Whatever changes in the code, these must read as they did.

import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { describe, expect, it } from "vitest";

import { decodeLine, encodeEvent } from "../src/format/index.ts";
import { openReader } from "../src/read/index.ts";
import { auditReport } from "../src/report/index.ts";

const GOLDEN = path.join(import.meta.dirname, "golden");

describe("format 1", () => {
  const dir = path.join(GOLDEN, "v1");
  const logs = readdirSync(dir).filter((name) => /^session_.*\.jsonl$/.test(name));

  it("is read to the last event, nothing skipped", () => {
    const events = openReader({ dir }).events();
    const types = [...events].map(({ event }) => event);
    expect(types).toEqual([
      "START",
      "USER_MESSAGE",
      "TOOL_CALL",
      "TOOL_RESULT",
      "TOOL_CALL",
      "TOOL_RESULT",
      "MODEL_CALL",
      "MODEL_RESPONSE",
      "nav",
      "RESUMED",
      "DECISION",
      "END",
      "START",
      "RECOVERED",
      "RESUMED",
      "CHECKPOINT",
    ]);
    expect(events.report.skipped).toEqual([]);
  });

  it("is written today byte for byte as it was then", () => {
    for (const name of logs) {
      const bytes = readFileSync(path.join(dir, name));
      for (let start = 0; start < bytes.length;) {
        const end = bytes.indexOf(0x0a, start) + 1;
        const line = bytes.subarray(start, end);
        const decoded = decodeLine(line);
        if (decoded.kind !== "event") throw new Error(`${name} at byte ${start}: ${decoded.reason}`);
        expect(encodeEvent(decoded.event)).toBe(line.toString("utf8"));
        start = end;
      }
    }
  });

  it("adds up to the same figures", async () => {
    const report = await auditReport(openReader({ dir }));
    expect(report).toMatchObject({
      sessions: 2,
      events: 16,
      tool_calls: 2,
      tool_errors: 1,
      tools: { bash: { calls: 2, errors: 1 } },
      model_calls: 1,
      cost_usd: 1.25,
      tokens: { input: 812, output: 3, cache_read: 100, cache_write: 0, reasoning: 0 },
      lost: 0,
      skipped: [],
    });
  });
});
