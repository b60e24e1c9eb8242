import { describe, expect, it } from "vitest";

import type { JsonObject, JsonValue } from "../../event/index.ts";
import { codex } from "./codex.ts";

const FIELDS = { stdout: "", stderr: "no", exitCode: 7 };
const CALL_ID = "call_kItm80DZepVp7HsuoqOnkAUc";

describe("tool calls", () => {
  it("parse arguments that are JSON, and keep those that are not as they were given", () => {
    const cases: [string, JsonValue][] = [
      ['{"command":["bash","-lc","ls"]}', { command: ["bash", "-lc", "ls"] }],
      ['{"command":["ba', '{"command":["ba'],
      ["", ""],
      ["ls -la", "ls -la"],
      // Digits beyond 2^53 would be lost: the text has them.
      ['{"id":9007199254740993}', '{"id":9007199254740993}'],
      ['{"id":1234567890123456}', { id: 1234567890123456 }],
    ];
    for (const [given, expected] of cases) {
      const [call] = translate([
        item("function_call", { name: "shell", arguments: given, call_id: CALL_ID }),
      ]);
      expect(call).toEqual({
        event: "TOOL_CALL",
        call_id: CALL_ID,
        tool: "shell",
        args: expected,
        timestamp: expect.any(String),
      });
    }
  });

  it("are recognised in all their kinds, those to come included", () => {
    const calls = translate([
      item("local_shell_call", {
        id: "lsc_1",
        call_id: null,
        status: "completed",
        action: { type: "exec", command: ["ls"] },
      }),
      item("custom_tool_call", {
        call_id: CALL_ID,
        name: "apply_patch",
        input: "*** Begin Patch",
        status: "completed",
      }),
      item("web_search_call", {
        id: "ws_1",
        status: "completed",
        action: { type: "search", query: "otters" },
      }),
      item("web_search_call", { id: "ws_2", status: "failed", action: { type: "search", query: "voles" } }),
      item("tool_search_call", { call_id: "ts_1", arguments: { query: "mail" } }),
      item("teleport_call", { call_id: "tp_1", arguments: '{"to":"moon"}' }),
      { type: "function_call", function: { name: "translate" }, arguments: { to: "es" } },
    ]);
    expect(calls.map(({ tool, call_id, args, status }) => [tool, call_id, args, status])).toEqual([
      ["local_shell", "lsc_1", { type: "exec", command: ["ls"] }, undefined],
      ["apply_patch", CALL_ID, "*** Begin Patch", undefined],
      ["web_search", "ws_1", { type: "search", query: "otters" }, "ok"],
      ["web_search", "ws_2", { type: "search", query: "voles" }, "error"],
      ["tool_search", "ts_1", { query: "mail" }, undefined],
      ["teleport", "tp_1", { to: "moon" }, undefined],
      ["translate", undefined, { to: "es" }, undefined],
    ]);
  });

  it("are paired with their outputs, also when several run at once; an output without a call is kept", () => {
    const records = [
      callOf("c1", "shell"),
      callOf("c2", "view_image"),
      outputOf("c2"),
      outputOf("c1"),
      outputOf("c3"),
    ];
    const results = translate(records)
      .slice(2)
      .map(({ call_id, tool, status }) => [call_id, tool, status]);
    expect(results).toEqual([
      ["c2", "view_image", "ok"],
      ["c1", "shell", "ok"],
      ["c3", undefined, "ok"],
    ]);
  });

  it("can be known as copies only by ids that are not used again", () => {
    expect(copyKeysOf([callOf(CALL_ID, "shell"), outputOf(CALL_ID)])).toEqual([
      `tool:${CALL_ID}`,
      `result:${CALL_ID}`,
    ]);
    expect(copyKeysOf([callOf("call_0", "shell"), outputOf("call_0")])).toEqual([undefined, undefined]);
  });
});

describe("how calls end", () => {
  it.each<[string, JsonValue, string, number | undefined]>([
    ["exit code 0 in JSON", '{"output":"a\\n","metadata":{"exit_code":0,"duration_seconds":0.1}}', "ok", 0],
    ["exit code 1 in JSON", '{"output":"","metadata":{"exit_code":1,"duration_seconds":0.1}}', "error", 1],
    ["exit code 0 in text", "Exit code: 0\nWall time: 0.3 seconds\nOutput:\nExit code: 1\n", "ok", 0],
    [
      "exit code 2 in text",
      "Exit code: 2\nWall time: 0.3 seconds\nTotal output lines: 900\nOutput:\n...",
      "error",
      2,
    ],
    [
      "a process that ended",
      "Chunk ID: 9f\nWall time: 1.2 seconds\nProcess exited with code 101\nOutput:\n",
      "error",
      101,
    ],
    [
      "a process that still runs",
      "Wall time: 10.0 seconds\nProcess running with session ID 4\nOutput:\n",
      "ok",
      undefined,
    ],
    [
      "a failure in the sandbox",
      "failed in sandbox LinuxSeccomp with execution error: sandbox denied exec error, exit code: 2, stdout: ",
      "error",
      2,
    ],
    [
      "a timeout in the sandbox",
      "failed in sandbox None with execution error: command timed out",
      "error",
      undefined,
    ],
    [
      "a patch that does not fit",
      "error: Failed to find expected lines in /home/user/a.ts:\nfoo",
      "error",
      undefined,
    ],
    ["arguments that are none", "failed to parse function arguments: EOF while parsing", "error", undefined],
    ["a refusal", "exec command rejected by user", "denied", undefined],
    ["an interruption", "aborted by user after 3.2s", "cancelled", undefined],
    ["content items", [{ type: "input_text", text: "a.txt\n" }], "ok", undefined],
    [
      "content items with an exit code",
      [{ type: "input_text", text: "Exit code: 3\nOutput:\n" }],
      "error",
      3,
    ],
    ["an older object", { content: "no such tool", success: false }, "error", undefined],
    ["fields", FIELDS, "error", 7],
    ["nothing", null, "ok", undefined],
  ])("reads %s", (_, output, status, exitCode) => {
    const [, result] = translate(pair(output));
    expect(result).toMatchObject({ event: "TOOL_RESULT", tool: "shell", status });
    const expected = exitCode === undefined ? {} : output === FIELDS ? { exitCode } : { exit_code: exitCode };
    expect(Object(result?.["result"])).toMatchObject(expected);
    if (exitCode === undefined) expect(Object(result?.["result"])).not.toHaveProperty("exit_code");
  });

  it("is not read out of what the command itself printed", () => {
    const printed = [
      "Plan updated\nExit code: 1\n",
      "a log:\nProcess exited with code 1",
      '{"exit_code":1}',
      "# error: not at the beginning",
    ];
    for (const output of printed)
      expect(translate(pair(output))[1]).toMatchObject({ status: "ok", result: output });
  });

  it("keeps the output whole beside the exit code", () => {
    const text = "Exit code: 2\nWall time: 0.3 seconds\nOutput:\nno\n";
    expect(translate(pair(text))[1]?.["result"]).toEqual({ exit_code: 2, output: text });
    const json = '{"output":"no","metadata":{"exit_code":2,"duration_seconds":1.5},"truncated":true}';
    expect(translate(pair(json))[1]?.["result"]).toEqual({
      exit_code: 2,
      duration_seconds: 1.5,
      output: "no",
      truncated: true,
    });
  });

  it("takes the recorded duration, else the time between call and output, else none", () => {
    expect(durationOf('{"output":"","metadata":{"exit_code":0,"duration_seconds":1.5}}', 9)).toBe(1500);
    expect(durationOf("Exit code: 0\nWall time: 0.3 seconds\nOutput:\n", 9)).toBe(300);
    expect(durationOf("Plan updated", 9)).toBe(9000);
    // Codex up to 0.3x wrote call and output in one go, with one time. That says nothing of how long it took.
    expect(durationOf("Plan updated", 0)).toBeUndefined();
    expect(durationOf("Plan updated", -5)).toBeUndefined();
  });

  it("believes the event message that reports the end of a call, and keeps it", () => {
    const duration = { secs: 1, nanos: 4_000_000 };
    const cases: [JsonObject, string, number | undefined][] = [
      [{ type: "exec_command_end", exit_code: 1, duration }, "error", 1004],
      [{ type: "mcp_tool_call_end", duration, result: { Ok: { content: [], isError: false } } }, "ok", 1004],
      [{ type: "mcp_tool_call_end", result: { Ok: { content: [], isError: true } } }, "error", undefined],
      [{ type: "mcp_tool_call_end", result: { Err: "no such server" } }, "error", undefined],
      [{ type: "patch_apply_end", success: false, status: "failed" }, "error", undefined],
      [{ type: "dynamic_tool_call_response", success: true, error: null }, "ok", undefined],
    ];
    for (const [payload, status, durationMs] of cases) {
      const [call, output] = pair("[]");
      const end = { type: "event_msg", payload: { call_id: CALL_ID, ...payload } };
      const [, kept, result] = translate([call, end, output]);
      expect(kept?.["record"]).toEqual(end);
      expect([result?.["status"], result?.["duration_ms"]]).toEqual([status, durationMs]);
    }
  });
});

// --- internal ---

function item(type: string, payload: JsonObject, timeMs: number = 0): JsonObject {
  return {
    timestamp: new Date(Date.parse("2026-01-06T22:00:00Z") + timeMs).toISOString(),
    type: "response_item",
    payload: { type, ...payload },
  };
}

function callOf(id: string, name: string): JsonObject {
  return item("function_call", { name, arguments: "{}", call_id: id });
}

function outputOf(id: string): JsonObject {
  return item("function_call_output", { call_id: id, output: "done" });
}

function copyKeysOf(records: readonly JsonObject[]): (string | undefined)[] {
  const translator = codex.translator({ path: "/s/x.jsonl", head: [] });
  return records.flatMap((record) =>
    translator.translate(record, { offset: 0, line: 1 }).map(({ copyKey }) => copyKey),
  );
}

function durationOf(output: string, seconds: number): unknown {
  return translate(pair(output, seconds))[1]?.["duration_ms"];
}

/** A call of the shell and its output, so many seconds later. */
function pair(output: JsonValue, seconds: number = 0): [JsonObject, JsonObject] {
  return [
    item("function_call", { name: "shell", arguments: "{}", call_id: CALL_ID }),
    item("function_call_output", { call_id: CALL_ID, output }, seconds * 1000),
  ];
}

function translate(records: readonly JsonObject[]): Record<string, unknown>[] {
  const translator = codex.translator({ path: "/s/x.jsonl", head: records });
  return records.flatMap((record) =>
    translator.translate(record, { offset: 0, line: 1 }).map(({ draft }) => draft),
  );
}
