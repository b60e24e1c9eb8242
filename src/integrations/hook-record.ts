// One hook call as it goes into the spool: what the host sent, without secrets, and what only this moment knows (when,
// and which process the agent is). It is understood when it is folded (src/import/hooks/hooks.ts), so that nothing a newer
// host sends is lost and nothing has to be decided while the agent waits.

import { formatTimestamp } from "../event/index.ts";
import type { JsonObject, JsonValue } from "../event/index.ts";
import { storeRedactor } from "../record/redaction.ts";
import { Redactor } from "../redact/index.ts";
import type { ProcessIdentity } from "../store/disk/process.ts";
import { redactionKey } from "../store/sealing/redaction-key.ts";

/** The hosts whose hooks are understood. */
export const HOOK_HOSTS = ["claude-code", "codex", "gemini", "cursor"] as const;
export type HookHost = (typeof HOOK_HOSTS)[number];

/** More of one call is not kept: a line of a log has the same limit. */
export const MAX_HOOK_BYTES: number = 16 * 1024 * 1024;

/** Whose spool file takes what names no session. */
export const UNKNOWN_SESSION = "unknown-session";

export interface HookCall {
  /** What the host wrote to standard input. */
  input: Buffer;
  /** Default: told from the call. */
  host?: HookHost | undefined;
  timeMs: number;
  /** The agent's process. */
  agentProcess: ProcessIdentity | undefined;
  /** Of the store that the record goes to. */
  redactor: Redactor;
}

export interface HookRecord {
  sessionId: string;
  /** What the host calls this moment, e.g. `PreToolUse`. */
  event: string | undefined;
  /** JSON, ended by `\n`. */
  line: string;
}

/**
 * The redactor for calls that go into a store's spool. When the store's settings cannot be used, it has the built-in
 * rules alone: the agent cannot be told, and what is not recorded now is lost.
 */
export function hookRedactor(storeDir: string): Redactor {
  try {
    return storeRedactor(storeDir);
  } catch {
    return new Redactor({ key: () => redactionKey(storeDir) });
  }
}

/** Makes the record of a call. What is no JSON object is kept as text. Never throws, whatever was sent. */
export function hookRecord({ input, host, timeMs, agentProcess, redactor }: HookCall): HookRecord {
  const isCut = input.length > MAX_HOOK_BYTES;
  const text = input.toString("utf8", 0, MAX_HOOK_BYTES).replace(/^\ufeff/, "");
  const payload = isCut ? undefined : parseObject(text);
  const said =
    payload === undefined
      ? redactor.redact({
          session_id: sessionOf(undefined, text),
          text: text.slice(0, MAX_TEXT_CHARACTERS),
          bytes: input.length,
        })
      : { payload: redactor.redact(withoutPersonal(payload)) };
  const record: JsonObject = {
    record_type: "hook",
    id: recordId(timeMs),
    timestamp: formatTimestamp(timeMs),
    host: host ?? (payload === undefined ? "claude-code" : hostOf(payload)),
    ...(agentProcess === undefined ? {} : { process: { ...agentProcess } }),
    ...said,
  };
  const name = payload?.["hook_event_name"];
  return {
    sessionId: sessionOf(payload, text),
    event: typeof name === "string" ? name : undefined,
    line: `${JSON.stringify(record)}\n`,
  };
}

// --- internal ---

/** Of something unreadable, this much is kept. */
const MAX_TEXT_CHARACTERS: number = 64 * 1024;

function parseObject(text: string): JsonObject | undefined {
  try {
    const value: JsonValue = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Cursor sends the user's address with every call. */
function withoutPersonal(payload: JsonObject): JsonObject {
  if (!("user_email" in payload)) return payload;
  const { user_email: _email, ...rest } = payload;
  return rest;
}

/** A name that nothing else has. Loading the system's cryptography for it would take longer than all else here. */
function recordId(timeMs: number): string {
  const random = (): string => Math.random().toString(36).slice(2);
  return `hook_${timeMs.toString(36)}_${process.pid.toString(36)}_${random()}${random()}`;
}

const GEMINI_NAMES = /^(?:Before|After)(?:Tool|Agent|Model|ToolSelection)$|^PreCompress$/;

/** Hosts send nearly the same; a few fields are each one's own. */
function hostOf(payload: JsonObject): HookHost {
  const { hook_event_name: name, transcript_path: transcript } = payload;
  if ("cursor_version" in payload || "conversation_id" in payload) return "cursor";
  if (typeof name === "string" && GEMINI_NAMES.test(name)) return "gemini";
  if (typeof transcript === "string" && /[\\/]\.gemini[\\/]/.test(transcript)) return "gemini";
  if (typeof transcript === "string" && /[\\/]rollout-[^\\/]*$/.test(transcript)) return "codex";
  return typeof payload["turn_id"] === "string" && name !== "MessageDisplay" ? "codex" : "claude-code";
}

function sessionOf(payload: JsonObject | undefined, text: string): string {
  const id = payload?.["session_id"] ?? payload?.["conversation_id"];
  if (typeof id === "string" && id !== "") return id;
  // A call that was cut off still begins with the session's id.
  return (payload === undefined && /"session_id"\s*:\s*"([^"\\]{1,200})"/.exec(text)?.[1]) || UNKNOWN_SESSION;
}
