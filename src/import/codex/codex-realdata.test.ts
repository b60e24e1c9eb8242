// Rollouts that nobody here wrote, against figures that a separate program took from the same files.

import { existsSync, readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import type { JsonObject, JsonValue } from "../../event/index.ts";
import { isObject } from "../../format/index.ts";
import type { Translated } from "../importer.ts";
import { objectIn } from "../json.ts";
import { codex } from "./codex.ts";

const REALDATA = new URL("../../../../shared/realdata/", import.meta.url);
const isThere = existsSync(REALDATA);
const truth = isThere
  ? (objectIn(parse(readFileSync(new URL("truth.json", REALDATA), "utf8")), "files") ?? {})
  : {};

/**
 * Failures beyond those that the truth counts. It looks for an exit code in the JSON of an output and for "Exit code: N"
 * in its text, and so does not see what Codex up to 0.34 answers in place of an output.
 */
const FAILED_OTHERWISE: Record<string, { exitCodeInSandboxMessage: number; noExitCode: number }> = {
  // "failed in sandbox … sandbox denied exec error, exit code: 1" and 2; "error: Failed to find expected lines in …".
  "c61729d4-da6d-46a4-9a29-ec2c614e5e23": { exitCodeInSandboxMessage: 25, noExitCode: 11 },
  // The same with exit code 101; "failed in sandbox None with execution error: command timed out", twice.
  "05997ac9-0e06-4251-8576-cc16266d3022": { exitCodeInSandboxMessage: 1, noExitCode: 2 },
};

const rollouts = Object.keys(truth).filter((file) => objectIn(truth, file)?.["parser"] === "codex");
const fixtures = Object.keys(truth).filter((file) => /^multi\/.*codex/.test(file));

describe.skipIf(!isThere)("rollouts found in the wild (../shared/realdata)", () => {
  it("are there", () => {
    expect(rollouts).toHaveLength(13);
    expect(fixtures).toHaveLength(9);
  });

  it.each(rollouts)("%s", (file) => {
    const expected = objectIn(truth, file) ?? {};
    const records = recordsOf(file);
    const events = translate(file, records);

    expect(codex.recognises(file, records.slice(0, 20))).toBe(true);
    expect([...new Set(events.map(({ session }) => session.id))]).toEqual(expected["session_ids"]);
    expect(countOf(events, "TOOL_CALL")).toBe(expected["tool_calls"]);
    expect(toolsOf(events)).toEqual(expected["tools"]);
    expect(countOf(events, "TOOL_RESULT")).toBe(expected["tool_calls"]);
    expect(
      events.filter(({ draft }) => draft.event === "TOOL_RESULT" && draft["tool"] === undefined),
    ).toEqual([]);

    const { exitCodeInSandboxMessage, noExitCode } = FAILED_OTHERWISE[String(events[0]?.session.id)] ?? NONE;
    const failed = events.filter(({ draft }) => draft["status"] === "error");
    const byExitCode = failed.filter(({ draft }) => isObject(valueOf(draft["result"])));
    expect(byExitCode).toHaveLength(Number(expected["nonzero_exit"]) + exitCodeInSandboxMessage);
    expect(failed).toHaveLength(byExitCode.length + noExitCode);

    const total = objectIn(expected, "final_total_token_usage");
    expect(tokensOf(events)).toEqual({
      input_tokens: total?.["input_tokens"] ?? 0,
      cached_input_tokens: total?.["cached_input_tokens"] ?? 0,
      output_tokens: total?.["output_tokens"] ?? 0,
      reasoning_output_tokens: total?.["reasoning_output_tokens"] ?? 0,
      total_tokens: total?.["total_tokens"] ?? 0,
    });
    // One call for each value that the running total had.
    const calls = new Set(records.map((record) => JSON.stringify(totalOf(record) ?? null))).size - 1;
    expect(countOf(events, "MODEL_RESPONSE")).toBe(calls);
    expect(modelsOf(events)).toEqual(
      new Set(Object.keys(calls > 0 ? (objectIn(expected, "models") ?? {}) : {})),
    );
    expect(countOf(events, "codex/turn_context")).toBe(expected["turn_contexts"]);
    expect(countOf(events, "codex/turn_aborted")).toBe(expected["turn_aborted"]);

    // Every prompt once, told from what Codex says in the user's name: as often as the user was shown one.
    const shown = objectIn(expected, "payload_types")?.["event_msg/user_message"];
    if (shown !== undefined) expect(countOf(events, "USER_MESSAGE")).toBe(shown);
  });

  it.each([...rollouts, ...fixtures])("loses no text of %s", (file) => {
    const records = recordsOf(file);
    const text = translate(file, records)
      .map(({ draft }) => JSON.stringify(draft))
      .join("\n");
    for (const said of records.flatMap((record) => longTextsOf(record)))
      expect(text).toContain(JSON.stringify(said).slice(1, -1));
  });

  it("are known by their content, other files of Codex are not taken for them", () => {
    const recognised = fixtures.filter((file) => codex.recognises(file, recordsOf(file)));
    expect(fixtures.filter((file) => !recognised.includes(file))).toEqual([
      // Says nowhere whose session it is.
      "multi/jazzyalex-agent-sessions/stage0/agents/codex/schema_drift.jsonl",
    ]);
    const history = "codex/agentic-neurodata-conversion/history.jsonl";
    expect(codex.recognises(history, recordsOf(history))).toBe(false);
  });

  it("of newer versions give calls, results and tokens too", () => {
    const [large] = fixtures.filter((file) => file.endsWith("codex/large.jsonl"));
    const events = translate(large ?? "", recordsOf(large ?? ""));
    expect(tokensOf(events)).toMatchObject({
      input_tokens: 12_091,
      cached_input_tokens: 10_880,
      output_tokens: 182,
    });
    expect(modelsOf(events)).toEqual(new Set(["gpt-5.2"]));
    expect(toolsOf(events)).toEqual({ run_shell_command: 1 });
  });
});

// --- internal ---

const NONE = { exitCodeInSandboxMessage: 0, noExitCode: 0 };

function parse(text: string): JsonObject {
  const value: JsonValue = JSON.parse(text);
  return isObject(value) ? value : {};
}

function recordsOf(file: string): JsonObject[] {
  const lines = readFileSync(new URL(file, REALDATA), "utf8").split("\n");
  return lines.filter((line) => line.trim() !== "").map(parse);
}

function translate(file: string, records: readonly JsonObject[]): Translated[] {
  const translator = codex.translator({ path: `/${file}`, head: records.slice(0, 20) });
  return records.flatMap((record, index) => {
    const events = translator.translate(record, { offset: index, line: index + 1 });
    expect(events.length).toBeGreaterThan(0);
    return events;
  });
}

function countOf(events: readonly Translated[], type: string): number {
  return events.filter(({ draft }) => draft.event === type).length;
}

function toolsOf(events: readonly Translated[]): Record<string, number> {
  const tools: Record<string, number> = {};
  for (const { draft } of events) {
    if (draft.event === "TOOL_CALL") tools[String(draft["tool"])] = (tools[String(draft["tool"])] ?? 0) + 1;
  }
  return tools;
}

function modelsOf(events: readonly Translated[]): Set<unknown> {
  return new Set(
    events.flatMap(({ draft }) => (draft.event === "MODEL_RESPONSE" ? (draft["model"] ?? []) : [])),
  );
}

/** Put together again as Codex counts: input with what was cached, output with reasoning. */
function tokensOf(events: readonly Translated[]): Record<string, number> {
  const sum = (name: string): number =>
    events.reduce((total, { draft }) => total + Number(draft[name] ?? 0), 0);
  const cached = sum("cache_read_tokens");
  const input = sum("input_tokens") + cached + sum("cache_write_tokens");
  const output = sum("output_tokens");
  return {
    input_tokens: input,
    cached_input_tokens: cached,
    output_tokens: output,
    reasoning_output_tokens: sum("reasoning_tokens"),
    total_tokens: input + output,
  };
}

function totalOf(record: JsonObject): JsonObject | undefined {
  return objectIn(objectIn(objectIn(record, "payload"), "info"), "total_token_usage");
}

function valueOf(value: unknown): JsonValue {
  return parse(JSON.stringify({ value }))["value"] ?? null;
}

/** The texts in a record that are somebody's words or an output: short ones are names, and JSON in them is parsed. */
function longTextsOf(value: JsonValue): string[] {
  if (typeof value === "string") return value.length > 40 && !value.startsWith("{") ? [value] : [];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(longTextsOf) : [];
}
