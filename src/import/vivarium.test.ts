import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";

import { afterEach, beforeEach, expect, it } from "vitest";

import { openReader } from "../read/index.ts";
import { openStore } from "../record/index.ts";
import { importSessions } from "./run.ts";
import type { ImportReport } from "./report.ts";

let directory: string;
let scout: string;
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  scout = path.join(directory, ".scout");
  fs.mkdirSync(scout);
});
afterEach(() => fs.rmSync(directory, { recursive: true }));

const line = (second: number, session: string, event: string, more: object = {}): string =>
  `${JSON.stringify({ ts: `2026-01-06T22:00:0${second}.000Z`, event, session_id: session, ...more })}\n`;

async function run(): Promise<ImportReport> {
  const store = openStore({ dir: path.join(directory, "store"), handleSignals: false });
  try {
    return await importSessions(store, { paths: [scout] });
  } finally {
    store.close();
  }
}

it("imports Vivarium's log and archives, each process as a session, and only what is new the next time", async () => {
  const first = line(0, "aaaa1111", "nav", { cost: 0.5, model: "m", input_t: 8, output_t: 2, files: ["a"] });
  fs.writeFileSync(
    path.join(scout, "audit_20260106_220002.jsonl.gz"),
    gzipSync(first + line(1, "bbbb2222", "tldr")),
  );
  const live = path.join(scout, "audit.jsonl");
  fs.writeFileSync(live, line(3, "aaaa1111", "validation_fail", { reason: "hallucinated_path", cost: null }));
  expect(await run()).toMatchObject({ files: 2, sessions: 2, events_added: 3, skipped: [] });
  expect(await run()).toMatchObject({ events_added: 0 });
  fs.appendFileSync(live, `42\n${line(4, "bbbb2222", "nav")}`);
  const again = await run();
  expect(again).toMatchObject({ events_added: 2 });
  expect(again.skipped).toHaveLength(1);

  const reader = openReader({ dir: path.join(directory, "store") });
  const events = reader.events({ session: "aaaa1111", event: ["nav", "validation_fail"] }).toArray();
  expect(events).toMatchObject([
    {
      event: "nav",
      agent_id: "vivarium",
      timestamp: "2026-01-06T22:00:00.000Z",
      cost_usd: 0.5,
      cost_source: "reported",
      model: "m",
      input_tokens: 8,
      output_tokens: 2,
      files: ["a"],
      source: { line: 1 },
    },
    { event: "validation_fail", reason: "hallucinated_path" },
  ]);
  expect(events[1]).not.toHaveProperty("cost_usd");
});

it("knows its events again when Vivarium has rotated the file", async () => {
  const live = path.join(scout, "audit.jsonl");
  const text = line(0, "s", "nav", { cost: 1 }) + line(1, "s", "nav", { cost: 1 });
  fs.writeFileSync(live, text);
  expect(await run()).toMatchObject({ events_added: 2 });
  fs.writeFileSync(path.join(scout, "audit_20260106_230000.jsonl.gz"), gzipSync(text));
  fs.writeFileSync(live, line(5, "s", "nav"));
  expect(await run()).toMatchObject({ events_added: 1, skipped: [] });
});
