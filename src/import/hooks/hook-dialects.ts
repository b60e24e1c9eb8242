// What the hooks of each host are called, and where each puts what all of them say. Claude Code's and Codex's are the
// same; Gemini's and Cursor's are said in their terms here. A name that is not known stays as it is.

import type { JsonObject, JsonValue } from "../../event/index.ts";
import { isObject } from "../../format/index.ts";
import { textIn } from "../json.ts";

/** A hook call in Claude Code's terms. */
export interface HookPayload {
  /** The hook's name, e.g. PreToolUse; the host's own where Claude Code has none like it. */
  name: string;
  sessionId: string | undefined;
  fields: JsonObject;
}

/** Says a call of any host in Claude Code's terms. */
export function readHook(host: string, payload: JsonObject): HookPayload {
  const name = textIn(payload, "hook_event_name") ?? "unknown";
  if (host === "gemini") return gemini(name, payload);
  if (host === "cursor") return cursor(name, payload);
  return { name, sessionId: textIn(payload, "session_id"), fields: payload };
}

// --- internal ---

const GEMINI_NAMES: ReadonlyMap<string, string> = new Map([
  ["BeforeTool", "PreToolUse"],
  ["AfterTool", "PostToolUse"],
  ["BeforeAgent", "UserPromptSubmit"],
  ["AfterAgent", "Stop"],
  ["PreCompress", "PreCompact"],
]);

function gemini(name: string, payload: JsonObject): HookPayload {
  const response = payload["tool_response"];
  const error = isObject(response) ? response["error"] : undefined;
  const failed = name === "AfterTool" && error !== undefined && error !== null;
  return {
    name: failed ? "PostToolUseFailure" : (GEMINI_NAMES.get(name) ?? name),
    sessionId: textIn(payload, "session_id"),
    fields: renamed(
      { ...payload, ...(failed ? { error } : {}) },
      {
        prompt_response: "last_assistant_message",
      },
    ),
  };
}

const CURSOR_NAMES: ReadonlyMap<string, string> = new Map([
  ["sessionStart", "SessionStart"],
  ["sessionEnd", "SessionEnd"],
  ["preToolUse", "PreToolUse"],
  ["postToolUse", "PostToolUse"],
  ["postToolUseFailure", "PostToolUseFailure"],
  ["beforeSubmitPrompt", "UserPromptSubmit"],
  ["subagentStart", "SubagentStart"],
  ["subagentStop", "SubagentStop"],
  ["preCompact", "PreCompact"],
  ["stop", "Stop"],
]);

function cursor(name: string, payload: JsonObject): HookPayload {
  return {
    name: CURSOR_NAMES.get(name) ?? name,
    sessionId: textIn(payload, "conversation_id") ?? textIn(payload, "session_id"),
    fields: renamed(payload, {
      tool_output: "tool_response",
      duration: "duration_ms",
      error_message: "error",
      failure_type: "error_details",
    }),
  };
}

/** The same fields, some of them under another name. */
function renamed(payload: JsonObject, names: Readonly<Record<string, string>>): JsonObject {
  const entries = Object.entries(payload).map(([name, value]): [string, JsonValue] => [
    names[name] ?? name,
    value ?? null,
  ]);
  return Object.fromEntries(entries);
}
