import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, expect, it } from "vitest";

import { openReader } from "../read/index.ts";
import type { Reader } from "../read/index.ts";
import { openStore } from "../record/index.ts";
import { aiCore } from "./aicore.ts";
import { importSessions } from "./run.ts";
import type { ImportReport } from "./report.ts";

let folder: string;
let data: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  data = path.join(folder, "observability_data");
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

/** A record as `LlmOperationRecord.model_dump()` gives it. */
function operation(n: number, more: Record<string, unknown> = {}): Record<string, unknown> {
  const messages = [
    { role: "system", content: "Be terse." },
    { role: "user", content: "List the files" },
  ];
  return {
    session_id: "s/1",
    workspace: "/home/me/app",
    agent_id: "planner",
    action_id: "",
    timestamp: `2025-11-02T10:00:${String(n).padStart(2, "0")}.500250`,
    operation_id: `01J${n}`,
    operation_type: "acompletion",
    provider: "openai",
    model: "gpt-4o",
    system_prompt: "Be terse.",
    user_prompt: "List the files",
    response: "a b c",
    success: true,
    assistant_message: "",
    history_messages: JSON.stringify(messages, null, 4),
    temperature: 0.2,
    max_tokens: 0,
    input_tokens: 100,
    output_tokens: 27,
    cached_tokens: 7,
    total_tokens: 127,
    cost: 0.25,
    latency_ms: 400.5,
    error_message: "",
    completion_args: JSON.stringify({ model: "gpt-4o", messages, temperature: 0.2 }, null, 4),
    extras: "{}",
    ...more,
  };
}

function save(name: string, content: unknown): string {
  const file = path.join(data, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, JSON.stringify(content, null, 2));
  return file;
}

async function run({ zone }: { zone?: string } = { zone: "+01:00" }): Promise<ImportReport> {
  const store = openStore({ dir: path.join(folder, "store"), handleSignals: false });
  try {
    return await importSessions(store, { importers: [aiCore({ zone })], paths: [data] });
  } finally {
    store.close();
  }
}

const reader = (): Reader => openReader({ dir: path.join(folder, "store") });

it("makes a question and an answer of each model call, with tokens in kinds that do not overlap", async () => {
  save("s_1/0.json", [operation(1)]);
  expect(await run()).toMatchObject({ files: 1, sessions: 1, events_added: 3, skipped: [] });
  const { session } = reader().session("s/1");
  expect(session).toMatchObject({
    agent_id: "planner",
    project: "/home/me/app",
    preview: "List the files",
    model_calls: 1,
    cost_usd: 0.25,
  });
  const [, said, asked, answered] = [...reader().events({ session: "s/1" })];
  expect(said).toMatchObject({ event: "USER_MESSAGE", timestamp: "2025-11-02T09:00:01.099Z" });
  expect(asked).toMatchObject({
    event: "MODEL_CALL",
    call_id: "01J1",
    timestamp: "2025-11-02T09:00:01.099Z",
    message: "List the files",
    args: { temperature: 0.2, messages: [{ role: "system" }, { role: "user" }] },
  });
  expect(answered).toMatchObject({
    event: "MODEL_RESPONSE",
    call_id: "01J1",
    timestamp: "2025-11-02T09:00:01.500Z",
    message: "a b c",
    duration_ms: 400.5,
    input_tokens: 100,
    cache_read_tokens: 7,
    output_tokens: 20,
    cost_source: "reported",
    metadata: { operation_type: "acompletion", source_timestamp: "2025-11-02T10:00:01.500250" },
  });
  expect(answered?.["metadata"]).not.toHaveProperty("history_messages");
});

it("adds what was added to a file that is rewritten whole, and goes on in the next file of the session", async () => {
  save("s_1/0.json", [operation(1)]);
  await run();
  const later = { user_prompt: "And their sizes?" };
  save("s_1/0.json", [operation(1), operation(2), operation(3, later)]);
  save("s_1/1.json", [operation(4, later), operation(5, { user_prompt: "Thanks" })]);
  expect(await run()).toMatchObject({ events_added: 2 + 3 + 2 + 3, events_known: 3 });
  expect(await run()).toMatchObject({ events_added: 0 });
  const said = [...reader().events({ session: "s/1", event: "USER_MESSAGE" })];
  expect(said.map(({ message }) => message)).toEqual(["List the files", "And their sizes?", "Thanks"]);
});

it("takes in records that could not be added to their file, and those that name no session", async () => {
  save("s_1/fallback/record_20251102_100009_1.json", operation(9));
  save("default/0.json", [operation(1, { session_id: "", agent_id: "", workspace: "" })]);
  expect(await run()).toMatchObject({ files: 2, sessions: 2, skipped: [] });
  expect(reader().session("s/1").session.model_calls).toBe(1);
  expect(reader().session("aicore-default").session).toMatchObject({ agent_id: "aicore", model_calls: 1 });
});

it("knows a failed call, keeps what it has no field for, and prices what AiCore could not", async () => {
  const failed = operation(1, { error_message: "429 slow down", response: "", extras: '{"user":"7"}' });
  save("s_1/0.json", [failed, operation(2, { cost: 0, action_id: "a7", completion_args: "not JSON" })]);
  await run();
  const [first, second] = [...reader().events({ session: "s/1", event: "MODEL_RESPONSE" })];
  expect(first).toMatchObject({
    severity: "ERROR",
    status: "error",
    error: { message: "429 slow down" },
    metadata: { extras: { user: "7" } },
  });
  expect(second?.["cost_source"]).toMatch(/^genai-prices/);
  // What AiCore worked out from arguments that cannot be read is all there is of them.
  expect(second?.["metadata"]).toMatchObject({ action_id: "a7", system_prompt: "Be terse." });
});

it("goes on behind a call that took longer than time goes back", async () => {
  save("s_1/0.json", [operation(1, { latency_ms: 1e15 }), operation(2)]);
  expect(await run()).toMatchObject({ files: 1, skipped: [] });
  expect(reader().session("s/1").session.model_calls).toBe(2);
});

it("refuses times without an offset until a zone is named, and says how", async () => {
  save("s_1/0.json", [operation(1)]);
  const { skipped, events_added: added } = await run({});
  expect(added).toBe(0);
  expect(skipped[0]?.reason).toContain("import aicore --zone local");
});

it("keeps every whole record of a file that was cut, and leaves the rest for the next import", async () => {
  const whole = fs.readFileSync(save("s_1/0.json", [operation(1), operation(2)]));
  const second = whole.indexOf('"operation_id": "01J2"');
  fs.writeFileSync(path.join(data, "s_1/0.json"), whole.subarray(0, second + 10));
  expect(await run()).toMatchObject({ events_added: 3, unfinished: [{ to: second + 10 }] });
  fs.writeFileSync(path.join(data, "s_1/0.json"), whole);
  expect(await run()).toMatchObject({ events_added: 2, unfinished: [] });
});

it("passes over other documents in the same folders", async () => {
  save("s_1/0.json", [{ hello: "world" }]);
  save("7.json", { events: [] });
  save("8.json", []);
  expect(await run()).toMatchObject({ files: 0, events_added: 0 });
});
