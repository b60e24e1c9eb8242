import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { isStandardType, MAX_TYPE_BYTES } from "../../event/index.ts";
import type { JsonObject, JsonValue } from "../../event/index.ts";
import { loadPrices } from "../../pricing/index.ts";
import type { Translated } from "../importer.ts";
import { objectIn } from "../json.ts";
import { codex } from "./codex.ts";

const ID = "0199c0de-0000-7000-8000-000000000001";
const META = line("session_meta", {
  id: ID,
  cwd: "/home/user/site",
  originator: "codex_cli_rs",
  cli_version: "0.42.0",
});
const TURN = line("turn_context", { model: "gpt-5-codex", approval_policy: "on-request" });

describe("whose recordings they are", () => {
  it("looks where Codex keeps its rollouts, and where it moves those that were archived", () => {
    expect(codex.defaultRoots({}, "/home/ada")).toEqual([
      "/home/ada/.codex/sessions",
      "/home/ada/.codex/archived_sessions",
    ]);
    expect(codex.defaultRoots({ CODEX_HOME: "/data/cx" }, "/home/ada")[0]).toBe("/data/cx/sessions");
    expect(codex.defaultRoots({ CODEX_HOME: "" }, "/home/ada")[0]).toBe("/home/ada/.codex/sessions");
  });

  it("recognises a rollout by its first records, or by its name when they are unreadable", () => {
    expect(codex.recognises("/tmp/any.jsonl", [META])).toBe(true);
    expect(
      codex.recognises("/tmp/any.jsonl", [{ id: ID, timestamp: "2025-08-06T18:02:11Z", instructions: null }]),
    ).toBe(true);
    expect(codex.recognises(`/tmp/rollout-2025-11-01T00-36-16-${ID}.jsonl`, [])).toBe(true);
  });

  it("leaves alone what is not a rollout", () => {
    expect(codex.recognises("/tmp/history.jsonl", [{ session_id: ID, ts: 1, text: "hello" }])).toBe(false);
    expect(
      codex.recognises("/tmp/claude.jsonl", [{ type: "user", uuid: ID, timestamp: "2026-01-01T00:00:00Z" }]),
    ).toBe(false);
    expect(
      codex.recognises("/tmp/spans.jsonl", [{ id: ID, timestamp: "2026-01-01T00:00:00Z", name: "span" }]),
    ).toBe(false);
    expect(codex.recognises(`/tmp/rollout-2025-11-01T00-36-16-${ID}.json`, [META])).toBe(false);
  });

  it("describes the session by its own metadata, not by that of the ancestors which a fork repeats", () => {
    const own = line("session_meta", {
      ...payloadOf(META),
      parent_thread_id: "the-parent",
      source: { subagent: { thread_spawn: { parent_thread_id: "the-parent", agent_nickname: "Zeno" } } },
    });
    const parents = line("session_meta", { id: "the-parent", cwd: "/elsewhere" });
    const expected = { id: ID, agent: "codex/Zeno", parent: "the-parent", project: "/home/user/site" };
    expect(translate([own, parents])[0]?.session).toMatchObject(expected);
    // The first line was damaged: the name still tells whose file it is, and the parent's metadata is not taken for its.
    const [damaged] = translate([parents, TURN], `/s/rollout-2025-11-01T00-36-16-${ID}.jsonl`, [
      TURN,
      parents,
    ]);
    expect(damaged?.session).toEqual({ id: ID, agent: "codex", startedAt: expect.any(String) });
  });
});

describe("what was said", () => {
  it("tells prompts from what Codex says in the user's name", () => {
    const events = translate([
      META,
      item("message", { role: "developer", content: [{ type: "input_text", text: "Be brief." }] }),
      item("message", {
        role: "user",
        content: [{ type: "input_text", text: "<environment_context>\n</environment_context>" }],
      }),
      item("message", {
        role: "user",
        content: [
          { type: "input_text", text: "Build it" },
          { type: "input_image", image_url: "x" },
        ],
      }),
      item("message", {
        role: "assistant",
        content: [{ type: "output_text", text: "Done." }],
        phase: "final",
      }),
    ]);
    expect(typesOf(events).slice(1)).toEqual([
      "SYSTEM_INSTRUCTION",
      "SYSTEM_INSTRUCTION",
      "USER_MESSAGE",
      "AGENT_MESSAGE",
    ]);
    expect(events[3]?.draft).toMatchObject({
      message: "Build it",
      metadata: { content: [{ type: "input_image", image_url: "x" }] },
    });
    expect(events[4]?.draft).toMatchObject({ message: "Done.", metadata: { phase: "final" } });
  });

  it("counts nothing twice that is recorded twice, and keeps both", () => {
    const shown = [
      message("user_message", { message: "Hi" }),
      message("agent_reasoning", { text: "Hm" }),
      message("agent_message", { message: "Ho" }),
    ];
    const sent = [
      item("message", { role: "user", content: [{ type: "input_text", text: "Hi" }] }),
      item("reasoning", {
        summary: [{ type: "summary_text", text: "Hm" }],
        content: null,
        encrypted_content: "gAAA",
      }),
      item("message", { role: "assistant", content: [{ type: "output_text", text: "Ho" }] }),
    ];
    const events = translate([META, ...shown, ...sent]).slice(1);
    const said = ["USER_MESSAGE", "REASONING", "AGENT_MESSAGE"];
    expect(typesOf(events)).toEqual([
      "codex/user_message",
      "codex/agent_reasoning",
      "codex/agent_message",
      ...said,
    ]);
    expect(events.slice(0, 3).map(({ draft }) => draft["record"])).toEqual(shown);
    expect(events[4]?.draft).toMatchObject({ message: "Hm", metadata: { encrypted_content: "gAAA" } });
  });

  it("keeps records that it does not know as they are", () => {
    const records = [
      line("world_state", { full: true, state: { agents_md: null } }),
      line("token_usage_record", { response_id: "resp_1", usage: { input_tokens: 5 } }),
      item("ghost_snapshot", { ghost_commit: { id: "c0ffee" } }),
      message("guardian_assessment", { id: "g1", risk_level: "low" }),
      { type: "", odd: true },
    ];
    const events = translate([META, ...records]).slice(1);
    expect(events.map(({ draft }) => draft["record"])).toEqual(records);
    expect(typesOf(events)).toEqual(
      ["world_state", "token_usage_record", "ghost_snapshot", "guardian_assessment", "unknown"].map(
        (type) => `codex/${type}`,
      ),
    );
  });

  it("keeps turn settings whole, and says of errors, interruptions, compaction and sub-agents what they are", () => {
    const events = translate([
      TURN,
      message("turn_aborted", { reason: "interrupted" }),
      message("error", { message: "stream closed", codex_error_info: "overloaded" }),
      line("compacted", {
        message: "They built a site.",
        replacement_history: [{ type: "message", role: "user" }],
      }),
      message("collab_agent_spawn_end", { call_id: "c", new_thread_id: "child-1", prompt: "Find it" }),
    ]);
    expect(events[0]?.draft).toMatchObject({ event: "codex/turn_context", record: TURN });
    expect(events[1]?.draft).toMatchObject({ event: "codex/turn_aborted", severity: "WARN" });
    expect(events[2]?.draft).toMatchObject({ event: "ERROR", message: "stream closed", error: "overloaded" });
    expect(events[3]?.draft).toMatchObject({
      event: "CHECKPOINT",
      message: "They built a site.",
      metadata: { replacement_history: [{ role: "user" }] },
    });
    expect(events[4]?.draft).toMatchObject({
      event: "DELEGATE",
      child_session_id: "child-1",
      task: "Find it",
    });
  });

  it("leaves the time out where a record has none, and keeps what stood in its place", () => {
    const [untimed, unreadable] = translate([
      { record_type: "state" },
      {
        timestamp: "yesterday",
        type: "response_item",
        payload: { type: "message", role: "assistant", content: "Hi" },
      },
    ]);
    expect(untimed?.draft).toEqual({
      event: "codex/state",
      severity: "DEBUG",
      record: { record_type: "state" },
    });
    expect(unreadable?.draft).toEqual({
      event: "AGENT_MESSAGE",
      message: "Hi",
      metadata: { timestamp: "yesterday" },
    });
  });
});

describe("the shape of August 2025", () => {
  it("is read without envelope and times", () => {
    const events = translate([
      { id: ID, timestamp: "2025-08-06T18:02:11.653Z", instructions: "# Rules" },
      { record_type: "state" },
      { type: "message", id: null, role: "user", content: [{ type: "input_text", text: "Fix it" }] },
      { type: "reasoning", id: "rs_1", summary: [], encrypted_content: null },
      {
        type: "function_call",
        id: "fc_1",
        name: "shell",
        arguments: '{"command":["ls"]}',
        call_id: "call_0123456789abcdef",
      },
      {
        type: "function_call_output",
        call_id: "call_0123456789abcdef",
        output: '{"output":"a\\n","metadata":{"exit_code":127,"duration_seconds":0.2}}',
      },
    ]);
    expect(typesOf(events)).toEqual([
      "codex/session_meta",
      "SYSTEM_INSTRUCTION",
      "codex/state",
      "USER_MESSAGE",
      "REASONING",
      "TOOL_CALL",
      "TOOL_RESULT",
    ]);
    expect(events[0]?.session).toEqual({ id: ID, agent: "codex", startedAt: "2025-08-06T18:02:11.653Z" });
    expect(events[5]?.draft).toEqual({
      event: "TOOL_CALL",
      call_id: "call_0123456789abcdef",
      tool: "shell",
      args: { command: ["ls"] },
      metadata: { id: "fc_1" },
    });
    expect(events[6]?.draft).toEqual({
      event: "TOOL_RESULT",
      call_id: "call_0123456789abcdef",
      tool: "shell",
      result: { exit_code: 127, duration_seconds: 0.2, output: "a\n" },
      status: "error",
      duration_ms: 200,
    });
  });
});

describe("money", () => {
  const count = {
    input_tokens: 12_091,
    cached_input_tokens: 10_880,
    output_tokens: 182,
    reasoning_output_tokens: 128,
  };

  it("prices a call of a known model at the turn's model and the record's time", async () => {
    const prices = await loadPrices();
    const translator = codex.translator({ path: "/s/x.jsonl", head: [META] }, prices);
    const events = [META, TURN, tokenCount(count)].flatMap((record, at) =>
      translator.translate(record, { offset: at, line: at + 1 }),
    );
    // https://openai.com/api/pricing: GPT-5-Codex at $1.25 in, $0.125 cached, $10 out, per million tokens.
    const byHand = (1211 * 1.25 + 10_880 * 0.125 + 182 * 10) / 1e6;
    expect(events[2]?.draft).toMatchObject({
      provider: "openai",
      model: "gpt-5-codex",
      cost_usd: expect.closeTo(byHand, 12),
    });
    expect(events[2]?.draft["cost_source"]).toMatch(/^genai-prices@\d/);
  });

  it("says nothing of money without prices, without a model, or for a provider that is not on the list", async () => {
    const prices = await loadPrices();
    const cases = [
      { head: [META, TURN], prices: undefined },
      { head: [META], prices },
      { head: [line("session_meta", { ...payloadOf(META), model_provider: "my-own-server" }), TURN], prices },
    ];
    for (const { head, prices: given } of cases) {
      const translator = codex.translator({ path: "/s/x.jsonl", head }, given);
      const events = [...head, tokenCount(count)].flatMap((record, at) =>
        translator.translate(record, { offset: at, line: at + 1 }),
      );
      expect(events.at(-1)?.draft).toMatchObject({ event: "MODEL_RESPONSE", input_tokens: 1211 });
      expect(events.at(-1)?.draft).not.toHaveProperty("cost_usd");
    }
  });
});

it("makes at least one sound event of any record whatever, and never throws", () => {
  const names = fc.constantFrom(
    "session_meta",
    "turn_context",
    "response_item",
    "event_msg",
    "compacted",
    "message",
    "reasoning",
    "function_call",

    "function_call_output",
    "token_count",
    "exec_command_end",
    "error",
    "collab_agent_spawn_end",
    "state",
    "task_started",
  );
  const value = fc.json({ maxDepth: 3 }).map((text): JsonValue => JSON.parse(text));
  const loose = fc.oneof(value, names);
  const fields = fc.dictionary(
    fc.constantFrom(
      "type",
      "role",
      "content",
      "id",
      "call_id",
      "name",
      "arguments",
      "output",
      "info",
      "summary",
      "turn_id",
      "model",
    ),
    loose,
  );
  const record = fc.record(
    { timestamp: loose, type: fc.oneof(names, loose), record_type: loose, payload: fc.oneof(fields, value) },
    { requiredKeys: [] },
  );
  const count = fc.record({
    type: fc.constant("token_count"),
    info: fc.dictionary(fc.constantFrom("total_token_usage", "last_token_usage"), value),
  });
  const counted = count.map((payload): JsonObject => ({ type: "event_msg", payload }));
  fc.assert(
    fc.property(fc.array(fc.oneof(record, fields, counted)), (records) => {
      const translator = codex.translator({ path: "/s/x.jsonl", head: records });
      for (const [index, one] of records.entries()) {
        const events = translator.translate(one, { offset: index, line: index + 1 });
        expect(events.length).toBeGreaterThan(0);
        for (const { draft } of events) {
          expect(Buffer.byteLength(draft.event)).toBeLessThanOrEqual(MAX_TYPE_BYTES);
          expect(isStandardType(draft.event) || draft["record"] === one).toBe(true);
        }
      }
    }),
  );
});

// --- internal ---

function line(type: string, payload: JsonObject): JsonObject {
  return { timestamp: "2025-11-01T00:36:16.473Z", type, payload };
}

function item(type: string, payload: JsonObject): JsonObject {
  return line("response_item", { type, ...payload });
}

function message(type: string, payload: JsonObject): JsonObject {
  return line("event_msg", { type, ...payload });
}

function tokenCount(total: JsonObject, last: JsonObject = total): JsonObject {
  return message("token_count", { info: { total_token_usage: total, last_token_usage: last } });
}

function payloadOf(record: JsonObject): JsonObject {
  return objectIn(record, "payload") ?? {};
}

function translate(
  records: readonly JsonObject[],
  path: string = "/s/x.jsonl",
  head: readonly JsonObject[] = records,
): Translated[] {
  const translator = codex.translator({ path, head });
  return records.flatMap((record, index) =>
    translator.translate(record, { offset: index * 100, line: index + 1 }),
  );
}

function typesOf(events: readonly Translated[]): string[] {
  return events.map(({ draft }) => draft.event);
}
