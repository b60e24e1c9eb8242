import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, expect, it } from "vitest";

import { openReader } from "../read/index.ts";
import type { Reader } from "../read/index.ts";
import { openStore } from "../record/index.ts";
import { importSessions } from "./run.ts";
import type { ImportReport } from "./report.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  file = path.join(folder, "agent_events.jsonl");
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

let events = 0;
/** An event as `AgentEvent.to_json()` gives it. */
function line(type: string, payload: object = {}, more: object = {}): string {
  const event = {
    schema_version: "1.0",
    event_id: `0b0f6b1e-0000-4000-8000-${String(++events).padStart(12, "0")}`,
    run_id: "run-1",
    event_type: type,
    timestamp: `2026-01-06T22:00:${String(events % 60).padStart(2, "0")}.123456Z`,
    agent_name: "pricing-agent",
    workflow_name: "margin-risk-review",
    parent_event_id: null,
    provider: null,
    model: null,
    tool_name: null,
    status: null,
    payload,
    risk: {},
    metadata: {},
    ...more,
  };
  return `${JSON.stringify(event)}\n`;
}
const idOf = (text: string): string => String((JSON.parse(text) as { event_id: string }).event_id);

async function run(): Promise<ImportReport> {
  const store = openStore({ dir: path.join(folder, "store"), handleSignals: false });
  try {
    return await importSessions(store, { paths: [file] });
  } finally {
    store.close();
  }
}

const reader = (): Reader => openReader({ dir: path.join(folder, "store") });

it("makes a session of each run, pairs calls with results, and adds only what is new the next time", async () => {
  const call = line("tool_call", { args: { sql: "select 1" } }, { tool_name: "snowflake.query" });
  const failing = line("tool_call", { args: [] }, { tool_name: "mail.send" });
  fs.writeFileSync(
    file,
    line("run_start", { input: { request: "Find risks" } }) +
      line("user_message", { message: "Find risks" }) +
      line("system_instruction", { instruction: "Be terse" }) +
      call +
      line("tool_result", { result: 3 }, { tool_name: "snowflake.query", parent_event_id: idOf(call) }) +
      failing +
      line("error", { error_type: "OSError", message: "no route" }, { parent_event_id: idOf(failing) }) +
      line("policy_check", { policy_name: "egress" }, { status: "allowed", risk: { level: "low" } }) +
      line("decision", { decision: "Escalated", requires_human_review: true }, { metadata: { host: "a" } }) +
      line("user_message", { message: "another run" }, { run_id: "run-2", agent_name: null }),
  );
  expect(await run()).toMatchObject({ files: 1, sessions: 2, events_added: 10, skipped: [] });
  expect(await run()).toMatchObject({ events_added: 0, events_known: 10 });
  fs.appendFileSync(file, line("run_end", { output: "done" }, { status: "success" }));
  expect(await run()).toMatchObject({ events_added: 1, skipped: [] });

  expect(reader().session("run-1").session).toMatchObject({
    agent_id: "pricing-agent",
    origin: "agentlogsafe",
    tool_calls: 2,
    tool_errors: 1,
    event_counts: { START: 1, "agentlogsafe/run_start": 1, END: 1 },
  });
  const stored = reader().events({ session: "run-1" }).toArray();
  expect(stored[0]).toMatchObject({ event: "START", metadata: { workflow_name: "margin-risk-review" } });
  expect(stored.slice(1)).toMatchObject([
    { event: "agentlogsafe/run_start", input: { request: "Find risks" } },
    { event: "USER_MESSAGE", message: "Find risks", source: { line: 2 } },
    { event: "SYSTEM_INSTRUCTION", message: "Be terse" },
    { event: "TOOL_CALL", tool: "snowflake.query", args: { sql: "select 1" }, call_id: idOf(call) },
    { event: "TOOL_RESULT", result: 3, call_id: idOf(call) },
    { event: "TOOL_CALL", tool: "mail.send" },
    { event: "TOOL_RESULT", status: "error", message: "no route", call_id: idOf(failing) },
    { event: "POLICY_CHECK", policy: "egress", status: "allowed", risk: { level: "low" } },
    { event: "DECISION", decision: "Escalated", requires_human_review: true, metadata: { host: "a" } },
    // It was left open for the next import.
    { event: "RESUMED" },
    { event: "END", reason: "success", metadata: { output: "done" } },
  ]);
  expect(reader().session("run-2").session.agent_id).toBe("agentlogsafe");
});

it("counts a model call once, whether the call tells of its tokens or its response", async () => {
  const model = { provider: "openai", model: "gpt-4o" };
  const told = line("model_call", { input_tokens: 1000, output_tokens: 100, prompt: "?" }, model);
  const asked = line("model_call", { prompt: "?" }, model);
  fs.writeFileSync(
    file,
    told +
      line("model_response", { output_tokens: 100, response: "!" }, { parent_event_id: idOf(told) }) +
      asked +
      line(
        "model_response",
        { input_tokens: 10, output_tokens: 1 },
        { ...model, parent_event_id: idOf(asked) },
      ),
  );
  await run();
  const { session } = reader().session("run-1");
  expect(session).toMatchObject({ model_calls: 2, tokens: { input: 1010, output: 101 }, unpriced: 0 });
  expect(session.cost_usd).toBeCloseTo(0.0035 + 0.000035);
  const [, second] = reader().events({ event: "MODEL_RESPONSE" }).toArray();
  expect(second).toMatchObject({
    continues: true,
    response: "!",
    metadata: { tokens: { output_tokens: 100 } },
  });
});

it("keeps what a payload says under a name that the event itself has, and a time that is none", async () => {
  fs.writeFileSync(
    file,
    line("custom", { status: "inner", metadata: 1 }, { status: "outer", event_type: "margin" }) +
      line("custom", { event: "x", session_id: "y" }, { timestamp: "yesterday" }),
  );
  await run();
  expect(
    reader()
      .events({ event: ["agentlogsafe/margin", "agentlogsafe/custom"] })
      .toArray(),
  ).toMatchObject([
    { status: "outer", metadata: { payload: { status: "inner", metadata: 1 } } },
    {
      event: "agentlogsafe/custom",
      time_inferred: true,
      source_timestamp: "yesterday",
      metadata: { payload: { event: "x" }, reserved: { session_id: "y" } },
    },
  ]);
});
