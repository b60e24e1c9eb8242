import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";

import { afterEach, beforeEach, expect, it } from "vitest";

import { openReader } from "../read/index.ts";
import type { Reader } from "../read/index.ts";
import { openStore } from "../record/index.ts";
import { importSessions } from "./run.ts";
import type { ImportReport } from "./report.ts";
import { sentinel } from "./sentinel.ts";

let folder: string;
let audit: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  audit = path.join(folder, ".claude/audit");
  fs.mkdirSync(path.join(audit, "archive"), { recursive: true });
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const AGENT = "Claude-Orch-Prime-20260106-c614";

function line(second: number, event: string, more: object = {}): string {
  const timestamp = `2026-01-06T19:00:0${second}-03:00`;
  return `${JSON.stringify({ event, timestamp, agent_id: AGENT, ...more })}\n`;
}

async function run(options: { zone?: string } = {}): Promise<ImportReport> {
  const store = openStore({ dir: path.join(folder, "store"), handleSignals: false });
  try {
    return await importSessions(store, { importers: [sentinel(options)], paths: [folder] });
  } finally {
    store.close();
  }
}

const reader = (): Reader => openReader({ dir: path.join(folder, "store") });

it("takes in sessions and archives as they are read in place, and only what is new the next time", async () => {
  const file = path.join(audit, "session_20260106_c614.jsonl");
  const anomaly = { original_event: "TOOL_CALL", anomaly: { type: "TOOL_STORM", details: "15 tool calls" } };
  fs.writeFileSync(
    file,
    line(0, "START") +
      line(1, "TOOL_CALL", { tool: "bash", args: { command: "ls" }, duration_ms: 150 }) +
      line(2, "ERROR", {
        severity: "CRITICAL",
        description: "bad",
        agent_id: "Claude-Worker-20260106-ab12",
      }) +
      line(3, "ANOMALY_DETECTED", anomaly),
  );
  const old = line(0, "TOOL_CALL", { tool: "read" }) + line(1, "END", { reason: "TIMEOUT", files: 2 });
  fs.writeFileSync(path.join(audit, "archive/session_20251230_e5f6.jsonl.gz"), gzipSync(old));
  fs.writeFileSync(path.join(audit, "session_index.json"), "{}");
  expect(await run()).toMatchObject({ files: 2, sessions: 2, events_added: 6, skipped: [] });
  expect(await run()).toMatchObject({ events_added: 0, events_known: 6 });
  fs.appendFileSync(file, line(4, "END"));
  expect(await run()).toMatchObject({ events_added: 1 });

  const inPlace = openReader({ paths: [audit] }).session("session_20260106_c614").session;
  const { session } = reader().session("session_20260106_c614");
  expect(session).toMatchObject({
    origin: "sentinel",
    agent_id: AGENT,
    tool_calls: 1,
    ended_at: expect.any(String),
  });
  expect(session.errors).toBe(inPlace.errors);
  expect(session.health).toEqual(inPlace.health);
  expect(reader().events({ session: session.session_id }).toArray()).toMatchObject([
    { event: "START", timestamp: "2026-01-06T22:00:00.000Z" },
    { event: "sentinel/START", source: { line: 1 } },
    { event: "TOOL_CALL", timestamp: "2026-01-06T22:00:01.000Z", tool: "bash", duration_ms: 150 },
    { event: "ERROR", severity: "CRITICAL", agent_id: AGENT, agent_name: "Claude-Worker-20260106-ab12" },
    { event: "ANOMALY_DETECTED", ...anomaly },
    { event: "RESUMED" },
    { event: "END", reason: "NORMAL" },
  ]);
  const archived = reader().events({ session: "session_20251230_e5f6", event: "END" }).toArray();
  expect(archived).toMatchObject([{ reason: "TIMEOUT", events: 2, metadata: { files: 2 } }]);
});

it("asks for the zone of times that append_trace made up, and takes none for sure without", async () => {
  const file = path.join(audit, "session_20260106_c614.jsonl");
  fs.writeFileSync(file, `${JSON.stringify({ event: "BRANCH", timestamp: "2026-01-06T19:00:00.123456" })}\n`);
  const { skipped } = await run();
  expect(skipped).toMatchObject([{ file, reason: expect.stringContaining("import sentinel --zone local") }]);
  expect(await run({ zone: "-03:00" })).toMatchObject({ events_added: 1, skipped: [] });
  const [branch] = reader().events({ event: "BRANCH" }).toArray();
  expect(branch).toMatchObject({ timestamp: "2026-01-06T22:00:00.123Z", agent_id: "sentinel" });
});

it("passes over logs of ours, which are named in the same way", async () => {
  const ours = openStore({ dir: path.join(folder, "ours"), handleSignals: false });
  ours.startSession({ agent: AGENT }).end();
  ours.close();
  expect(fs.existsSync(path.join(folder, "ours/session_20260106_c614.jsonl"))).toBe(true);
  expect(await run()).toMatchObject({ files: 0, events_added: 0, skipped: [] });
});
