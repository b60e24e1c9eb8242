// Tool calls of a Claude Code session, and their results.

import type { JsonObject, JsonValue } from "../../event/index.ts";
import { isObject } from "../../format/index.ts";
import { restOf, textIn, textOf } from "../json.ts";
import { answerKey } from "../stamp.ts";
import type { RecordSheet } from "./claude-sheet.ts";
import { addedByToolUseResult } from "./claude-tool-result.ts";

export class ToolCalls {
  readonly #mainSessionId: string;
  /** Calls without an answer so far, by call id. */
  readonly #open = new Map<string, OpenCall>();

  /** @param mainSessionId the session whose sub-agents the calls may start */
  constructor(mainSessionId: string) {
    this.#mainSessionId = mainSessionId;
  }

  /** Adds a `tool_use` block. */
  addCall(sheet: RecordSheet, block: JsonObject): void {
    const id = textIn(block, "id");
    const tool = textIn(block, "name") ?? "";
    const args = block["input"] ?? null;
    if (id !== undefined) this.#open.set(id, { tool, args, atMs: sheet.atMs });
    sheet.add(
      { event: "TOOL_CALL", ...(id === undefined ? {} : { call_id: id }), tool, args },
      restOf(block, IN_CALL),
      id === undefined ? undefined : `tool:${id}`,
    );
  }

  /** Adds a `tool_result` block. `toolUseResult` is the record's own, structured account of it. */
  addResult(sheet: RecordSheet, block: JsonObject, toolUseResult: JsonValue | undefined): void {
    const id = textIn(block, "tool_use_id");
    const call = id === undefined ? undefined : this.#open.get(id);
    if (id !== undefined) this.#open.delete(id);
    const result = block["content"] ?? null;
    const details =
      toolUseResult === undefined ? undefined : addedByToolUseResult(toolUseResult, result, call?.args);
    const callId = id === undefined ? {} : { call_id: id };
    const subAgent = isObject(toolUseResult) ? textIn(toolUseResult, "agentId") : undefined;
    sheet.add(
      {
        event: "TOOL_RESULT",
        ...callId,
        tool: call?.tool,
        result,
        status: block["is_error"] === true ? "error" : "ok",
        duration_ms: durationOf(toolUseResult, call?.atMs, sheet.atMs),
        child_session_id: subAgent === undefined ? undefined : `${this.#mainSessionId}/agent-${subAgent}`,
      },
      { ...restOf(block, IN_RESULT), ...(details === undefined ? {} : { tool_use_result: details }) },
      id === undefined ? undefined : `result:${id}`,
    );
    const refusal = block["is_error"] === true ? refusalIn(textOf(result)) : undefined;
    if (refusal === undefined) return;
    const draft = { event: "HUMAN_APPROVAL", ...callId, tool: call?.tool, ...refusal };
    sheet.add(draft, {}, id === undefined ? undefined : answerKey(id));
  }
}

// --- internal ---

interface OpenCall {
  tool: string;
  args: JsonValue;
  atMs: number | undefined;
}

const IN_CALL: ReadonlySet<string> = new Set(["type", "id", "name", "input"]);
const IN_RESULT: ReadonlySet<string> = new Set(["type", "tool_use_id", "content", "is_error"]);

/**
 * What a person said who was asked for leave and refused it. Claude Code records it as a failed call, and so it counts as
 * one; this is the answer itself. Undefined for results of calls that ran.
 */
function refusalIn(
  text: string,
): { status: string; approver: string; reason: string | undefined } | undefined {
  if (!REFUSAL.test(text)) return undefined;
  return { status: "denied", approver: "user", reason: /the user said:\s*(\S[^]*)$/.exec(text)?.[1] };
}

/** Claude Code's own words to the model. */
const REFUSAL = /^The user doesn't want to (?:proceed with this tool use|take this action right now)\b/;

/** How long the tool took: as it says itself, else from call to result, which includes waiting for permission. */
function durationOf(
  toolUseResult: JsonValue | undefined,
  calledMs: number | undefined,
  answeredMs: number | undefined,
): number | undefined {
  const told = isObject(toolUseResult)
    ? (toolUseResult["totalDurationMs"] ?? toolUseResult["durationMs"])
    : undefined;
  if (typeof told === "number" && told >= 0) return told;
  if (calledMs === undefined || answeredMs === undefined || answeredMs < calledMs) return undefined;
  return answeredMs - calledMs;
}
