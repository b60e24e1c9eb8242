import { describe, expect, it } from "vitest";

import type { JsonObject } from "../../event/index.ts";
import { parseJson } from "../../format/index.ts";
import { loadPrices } from "../../pricing/index.ts";
import type { Translated } from "../importer.ts";
import { objectIn } from "../json.ts";
import { claudeCode } from "./claude-code.ts";

const FILE = "/home/ada/.claude/projects/-work/s1.jsonl";
const MODEL = "claude-opus-4-5-20251101";
const USAGE = {
  input_tokens: 4,
  cache_read_input_tokens: 18_000,
  cache_creation_input_tokens: 900,
  cache_creation: { ephemeral_5m_input_tokens: 100, ephemeral_1h_input_tokens: 800 },
  output_tokens: 1,
};

let second = 0;

function at(type: string, more: JsonObject): JsonObject {
  second++;
  const timestamp = new Date(Date.UTC(2026, 0, 6) + second * 1000).toISOString();
  return { type, sessionId: "s1", uuid: `u${second}`, parentUuid: `u${second - 1}`, timestamp, ...more };
}

function user(content: JsonObject["content"], more: JsonObject = {}): JsonObject {
  return at("user", { message: { role: "user", content: content ?? null }, ...more });
}

function assistant(block: JsonObject, usage: JsonObject, more: JsonObject = {}, model = MODEL): JsonObject {
  const message = {
    id: "msg_1",
    role: "assistant",
    model,
    content: [block],
    usage,
    stop_reason: null,
  };
  return at("assistant", { requestId: "req_1", message, ...more });
}

function translate(records: readonly JsonObject[], path = FILE): Translated[] {
  const translator = claudeCode.translator({ path, head: records });
  return records.flatMap((record) => translator.translate(record, { offset: 0, line: 1 }));
}

function drafts(...records: JsonObject[]): JsonObject[] {
  return translate(records).map(({ draft }) => JSON.parse(JSON.stringify(draft)));
}

function call(): JsonObject {
  return assistant({ type: "tool_use", id: "toolu_1", name: "Bash", input: { command: "ls" } }, USAGE);
}

function answer(more: JsonObject, toolUseResult?: JsonObject | string): JsonObject {
  const block = { type: "tool_result", tool_use_id: "toolu_1", content: "a\nb", ...more };
  return user([block], toolUseResult === undefined ? {} : { toolUseResult });
}

/** A field of an event's metadata. */
function inMetadata(name: string): (draft: JsonObject) => unknown {
  return (draft) => objectIn(draft, "metadata")?.[name];
}

describe("whose recordings they are", () => {
  it("looks in every place that Claude Code keeps them, or where it is told to", () => {
    expect(claudeCode.defaultRoots({}, "/home/ada")).toEqual([
      "/home/ada/.claude/projects",
      "/home/ada/.config/claude/projects",
    ]);
    expect(claudeCode.defaultRoots({ CLAUDE_CONFIG_DIR: "/a, /b" }, "/home/ada")).toEqual([
      "/a/projects",
      "/b/projects",
    ]);
  });

  it("recognises a transcript by its records, or by its place when none is readable", () => {
    expect(claudeCode.recognises("/tmp/x.jsonl", [user("hi")])).toBe(true);
    expect(claudeCode.recognises("/tmp/x.jsonl", [{ type: "summary", summary: "s", leafUuid: "u" }])).toBe(
      true,
    );
    const name = "fe5e1c67-53e7-4862-81ae-d0e013e3270b";
    expect(claudeCode.recognises(`/home/ada/.claude/projects/-work/${name}.jsonl`, [])).toBe(true);
    expect(claudeCode.recognises(`/x/projects/-work/${name}/subagents/agent-a1.jsonl`, [])).toBe(true);
    expect(claudeCode.recognises("/home/ada/projects/site/data.jsonl", [])).toBe(false);
  });

  it("leaves alone what others wrote in nearly the same form, and its own prompt history", () => {
    const qwen = {
      type: "user",
      sessionId: "q",
      uuid: "1",
      message: { role: "user", parts: [{ text: "hi" }] },
    };
    expect(claudeCode.recognises("/tmp/x.jsonl", [qwen])).toBe(false);
    expect(
      claudeCode.recognises("/tmp/history.jsonl", [{ display: "hi", sessionId: "s", project: "/p" }]),
    ).toBe(false);
  });
});

describe("sessions", () => {
  it("are told apart where one file holds several", () => {
    const events = translate([
      user("a"),
      user("b", { sessionId: "s2" }),
      { type: "summary", summary: "S", leafUuid: "x" },
    ]);
    expect(events.map(({ session }) => session.id)).toEqual(["s1", "s2", "s1"]);
    expect(events[0]?.session).toBe(events[2]?.session);
  });

  it("are called after the file when no record names one", () => {
    const [event] = translate([{ type: "summary", summary: "Fix the build", leafUuid: "x" }]);
    expect(event?.session).toEqual({ id: "s1", agent: "claude-code", title: "Fix the build" });
  });

  it("of sub-agents are children of the one that started them, in both layouts", () => {
    const record = user("look", { isSidechain: true, agentId: "a1", cwd: "/home/user" });
    const child = { id: "s1/agent-a1", agent: "claude-code/a1", parent: "s1", project: "/home/user" };
    const beside = translate([record], "/p/agent-a1.jsonl")[0];
    expect(beside?.session).toMatchObject(child);
    expect(beside?.draft["metadata"]).not.toHaveProperty("sidechain");
    expect(translate([record], "/p/s1/subagents/agent-a1.jsonl")[0]?.session).toMatchObject(child);
    // Newer ones name themselves; then the folder says whose they are.
    const own = { ...record, sessionId: "agent-a1" };
    expect(translate([own], "/p/s1/subagents/agent-a1.jsonl")[0]?.session).toMatchObject(child);
  });

  it("keep a side chain that stands among their own records, marked as one", () => {
    expect(drafts(user("look", { isSidechain: true }))[0]).toMatchObject({ metadata: { sidechain: true } });
  });
});

describe("a model call", () => {
  it("on several lines is one call, and adds up to the last line's usage", async () => {
    const records = [
      assistant({ type: "thinking", thinking: "Hm.", signature: "x".repeat(500) }, USAGE),
      user([{ type: "tool_result", tool_use_id: "other", content: "ok" }]),
      assistant({ type: "text", text: "Yes." }, { ...USAGE, output_tokens: 1 }),
      assistant({ type: "text", text: "No." }, { ...USAGE, output_tokens: 120 }),
    ];
    const translator = claudeCode.translator({ path: FILE, head: records }, await loadPrices());
    const events = records.flatMap((record) => translator.translate(record, { offset: 0, line: 1 }));
    const responses = events.map(({ draft }) => draft).filter(({ event }) => event === "MODEL_RESPONSE");
    expect(responses).toHaveLength(2);
    expect(responses[0]).toMatchObject({
      call_id: "msg_1",
      provider: "anthropic",
      input_tokens: 4,
      cache_read_tokens: 18_000,
      cache_write_tokens: 900,
      cache_write_1h_tokens: 800,
      output_tokens: 1,
      metadata: { request_id: "req_1" },
    });
    expect(responses[1]).toMatchObject({ call_id: "msg_1", continues: true, output_tokens: 119 });
    expect(responses[1]).not.toHaveProperty("input_tokens");
    const whole = (await loadPrices()).price(
      {
        model: "claude-opus-4-5-20251101",
        input_tokens: 4,
        cache_read_tokens: 18_000,
        cache_write_tokens: 900,
        cache_write_1h_tokens: 800,
        output_tokens: 120,
      },
      Date.UTC(2026, 0, 6),
    );
    const told = responses.reduce((sum, response) => sum + Number(response["cost_usd"]), 0);
    expect(told).toBeCloseTo(whole?.cost_usd ?? NaN, 9);
  });

  it("costs what the record reports, when it reports it", () => {
    const [response] = drafts(assistant({ type: "text", text: "Hi" }, USAGE, { costUSD: 0.25 }));
    expect(response).toMatchObject({ cost_usd: 0.25, cost_source: "reported" });
  });

  it("that was never made is none: Claude Code speaks for itself when the API fails", () => {
    const record = assistant(
      { type: "text", text: "API Error: 500" },
      USAGE,
      { isApiErrorMessage: true },
      "<synthetic>",
    );
    expect(drafts(record)).toMatchObject([
      { event: "ERROR", message: "API Error: 500", metadata: { synthetic: true } },
    ]);
  });
});

describe("a tool call", () => {
  it("has a result with the tool's name, how it went and how long it took", () => {
    const events = drafts(call(), answer({ is_error: false })).slice(1);
    expect(events).toMatchObject([
      { event: "TOOL_CALL", call_id: "toolu_1", tool: "Bash", args: { command: "ls" } },
      {
        event: "TOOL_RESULT",
        call_id: "toolu_1",
        tool: "Bash",
        result: "a\nb",
        status: "ok",
        duration_ms: 1000,
      },
    ]);
    expect(drafts(call(), answer({ is_error: true })).at(-1)).toMatchObject({ status: "error" });
    expect(drafts(call(), answer({}, { durationMs: 7 })).at(-1)).toMatchObject({ duration_ms: 7 });
  });

  it("that a person refused has failed, and the answer is recorded besides", () => {
    const said =
      "The user doesn't want to proceed with this tool use. The tool use was rejected (eg. if it …).";
    const refused = (content: string): object[] =>
      drafts(call(), answer({ is_error: true, content }, "User rejected tool use")).slice(2);
    const denied = {
      event: "HUMAN_APPROVAL",
      call_id: "toolu_1",
      tool: "Bash",
      status: "denied",
      approver: "user",
    };
    expect(refused(said)).toMatchObject([{ event: "TOOL_RESULT", status: "error" }, denied]);
    expect(refused(`${said} To tell you how to proceed, the user said:\nuse make`)).toMatchObject([
      {},
      { ...denied, reason: "use make" },
    ]);
    expect(refused("exit 1: the user doesn't want to proceed")).toHaveLength(1);
  });

  it("names the child session that it started", () => {
    expect(drafts(call(), answer({}, { agentId: "a1" })).at(-1)).toMatchObject({
      child_session_id: "s1/agent-a1",
    });
  });

  it("keeps of the structured result only what is not said already", () => {
    const called = call();
    const told = answer(
      {},
      { stdout: "a\nb\n", stderr: "", interrupted: false, isImage: false, command: "ls" },
    );
    expect(drafts(called, told).at(-1)).not.toHaveProperty("metadata");
    const edit = answer(
      { content: "The file has been updated." },
      {
        originalFile: "hello",
        structuredPatch: [
          { oldStart: 1, oldLines: 1, newStart: 1, newLines: 1, lines: ["-hello", "+hullo"] },
        ],
        file: { filePath: "/f", content: "hello", numLines: 1 },
        stderr: "careful",
      },
    );
    expect(drafts(call(), edit).at(-1)).toMatchObject({
      metadata: {
        tool_use_result: {
          originalFile: { bytes: 5, sha256: expect.stringMatching(/^2cf24dba/) },
          structuredPatch: [{ oldStart: 1, oldLines: 1, newStart: 1, newLines: 1 }],
          file: { filePath: "/f", numLines: 1 },
          stderr: "careful",
        },
      },
    });
  });
});

describe("every record", () => {
  it("is kept whole when no standard type says what it says", () => {
    const unknown = at("hologram", { subtype: "blue", rays: [1, 2], cwd: "/home/user" });
    expect(drafts(unknown)[0]).toMatchObject({
      event: "claude-code/hologram/blue",
      record: { rays: [1, 2] },
      metadata: { cwd: "/home/user" },
    });
    expect(drafts({ silly: "this" })).toEqual([{ event: "claude-code/other", record: { silly: "this" } }]);
    const long = at("x".repeat(500), {});
    expect(drafts(long)[0]).toMatchObject({ event: "claude-code/other", record: { type: "x".repeat(500) } });
  });

  it("is kept whole when it is not as it should be", () => {
    expect(drafts(at("user", { message: { role: "user", contenst: [] } }))[0]).toMatchObject({
      event: "claude-code/user",
      record: { message: { contenst: [] } },
    });
    expect(drafts(at("assistant", { message: "text" }))[0]).toMatchObject({ event: "claude-code/assistant" });
    expect(drafts(user(["wow", 7, { type: "image", source: {} }]))).toMatchObject([
      { event: "USER_MESSAGE", message: "wow" },
      { event: "USER_MESSAGE", message: "", metadata: { attachments: [7, { type: "image", source: {} }] } },
    ]);
  });

  it("says once what stays the same, and again when it changes", () => {
    const events = drafts(
      user("a", { cwd: "/home/user", version: "2.1.0" }),
      user("b", { cwd: "/home/user", version: "2.1.0" }),
      user("c", { cwd: "/home/user/sub", version: "2.1.0" }),
    );
    expect(events.map(inMetadata("cwd"))).toEqual(["/home/user", undefined, "/home/user/sub"]);
  });

  it("names the record before it only where that is not the line before it", () => {
    const records = [user("a"), user("b"), user("c", { parentUuid: "elsewhere" })];
    const parents = drafts(...records).map(inMetadata("parentUuid"));
    expect(parents.slice(1)).toEqual([undefined, "elsewhere"]);
  });

  it("gives no time of its own when it has none that can be read", () => {
    const [event] = drafts(user("a", { timestamp: "yesterday" }));
    expect(event).not.toHaveProperty("timestamp");
    expect(event).toMatchObject({ metadata: { timestamp: "yesterday" } });
  });

  it("marks what the program said in the user's name", () => {
    expect(drafts(user("<command-name>/clear</command-name>"))[0]).toMatchObject({
      metadata: { command: "/clear" },
    });
    expect(drafts(user("Summary", { isCompactSummary: true }))[0]).toMatchObject({
      metadata: { compact_summary: true },
    });
    expect(drafts(user("Caveat", { isMeta: true }))[0]).toMatchObject({ metadata: { meta: true } });
  });

  it("of the system has the standard type that fits", () => {
    const error = at("system", {
      subtype: "api_error",
      level: "error",
      error: { message: "overloaded", status: 529 },
    });
    expect(drafts(error)[0]).toMatchObject({ event: "ERROR", message: "overloaded", error: { status: 529 } });
    const boundary = at("system", {
      subtype: "compact_boundary",
      content: "Compacted",
      compactMetadata: { preTokens: 9 },
    });
    expect(drafts(boundary)[0]).toMatchObject({
      event: "CHECKPOINT",
      message: "Compacted",
      metadata: { compactMetadata: { preTokens: 9 } },
    });
    expect(drafts(at("system", { subtype: "turn_duration", durationMs: 5 }))[0]).toMatchObject({
      event: "claude-code/system/turn_duration",
      record: { durationMs: 5 },
    });
  });

  it("cannot hurt by what its fields are called or how deep they go", () => {
    const deep = parseJson(`${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`) ?? null;
    const polluting = parseJson('{"__proto__":{"polluted":true},"constructor":1}') ?? null;
    const input = { deep, odd: polluting };
    const started = assistant({ type: "tool_use", id: "t", name: "X", input }, USAGE);
    const content = [{ type: "tool_result", tool_use_id: "t", content: [deep] }];
    const result = user(content, { toolUseResult: { deep, more: deep } });
    const odd = Object.assign(at("odd", {}), polluting);
    expect(() => translate([started, result, odd])).not.toThrow();
    expect({}).not.toHaveProperty("polluted");
  });
});
