// The standard types of events, the fields each carries, and how severe it is unless it says otherwise. Any other text
// up to 128 bytes is a custom type: stored and matched exactly as given.

import type { FieldName } from "./fields.ts";
import type { Severity } from "./severity.ts";

export interface TypeDefinition {
  readonly severity: Severity;
  readonly about: string;
  /** Fields it always has. */
  readonly has: readonly FieldName[];
  /** Fields it usually has. Any other field is allowed too. */
  readonly may: readonly FieldName[];
}

export const MAX_TYPE_BYTES = 128;

export const EVENT_TYPES = {
  // Life of a session
  START: {
    severity: "INFO",
    about: "A session begins: the first line, and the first epoch.",
    has: ["format", "recorder", "origin", "durability", "redaction"],
    may: [
      "host",
      "boot_id",
      "pid",
      "process_start",
      "parent_session_id",
      "title",
      "project",
      "imported_at",
      "metadata",
    ],
  },
  RESUMED: {
    severity: "INFO",
    about: "A later process goes on with the session: an epoch, named by the seq of this line.",
    has: ["format", "recorder", "durability", "redaction"],
    may: ["host", "boot_id", "pid", "process_start"],
  },
  END: {
    severity: "INFO",
    about: "The session ended. Imported sessions get no invented END.",
    has: ["reason", "events", "event_counts"],
    may: [
      "tool_calls",
      "tool_errors",
      "model_calls",
      "input_tokens",
      "cache_read_tokens",
      "cache_write_tokens",
      "output_tokens",
      "reasoning_tokens",
      "cost_usd",
      "redactions",
      "error",
    ],
  },
  SEGMENT: {
    severity: "INFO",
    about: "First line of every segment after the first.",
    has: ["format", "segment", "first_seq"],
    may: ["reason"],
  },
  CHECKPOINT: {
    severity: "INFO",
    about: "The agent reached a point worth naming.",
    has: [],
    may: ["message", "description", "metadata"],
  },

  // Conversation
  USER_MESSAGE: {
    severity: "INFO",
    about: "A person, or a program in their place, said something.",
    has: ["message"],
    may: ["metadata"],
  },
  AGENT_MESSAGE: {
    severity: "INFO",
    about: "The agent said something: a `message`, or the `content` of a stream.",
    has: [],
    may: [
      "message",
      "model",
      "metadata",
      "content",
      "chunks",
      "stream_id",
      "position",
      "first_token_ms",
      "duration_ms",
      "chunk_count",
      "chunks_per_second",
      "status",
      "error",
    ],
  },
  SYSTEM_INSTRUCTION: {
    severity: "INFO",
    about: "Instructions the agent works under.",
    has: ["message"],
    may: ["metadata"],
  },
  REASONING: {
    severity: "INFO",
    about: "The agent's thinking, as far as it was shown: a `message`, or the `content` of a stream.",
    has: [],
    may: [
      "message",
      "model",
      "metadata",
      "content",
      "chunks",
      "stream_id",
      "position",
      "first_token_ms",
      "duration_ms",
      "chunk_count",
      "chunks_per_second",
      "status",
      "error",
    ],
  },
  STREAM: {
    severity: "DEBUG",
    about: "Text as it arrived, several chunks together: the `content` of a stream, or a `message`.",
    has: [],
    may: [
      "message",
      "part",
      "model",
      "metadata",
      "content",
      "chunks",
      "stream_id",
      "position",
      "first_token_ms",
      "duration_ms",
      "chunk_count",
      "chunks_per_second",
      "status",
      "error",
    ],
  },

  // Models
  MODEL_CALL: {
    severity: "INFO",
    about: "A model was asked.",
    has: [],
    may: ["provider", "model", "args", "message", "metadata"],
  },
  MODEL_RESPONSE: {
    severity: "INFO",
    about: "A model answered: one event for one billed call, or more of it (`continues`).",
    has: [],
    may: [
      "provider",
      "model",
      "message",
      "result",
      "status",
      "error",
      "duration_ms",
      "finish_reason",
      "input_tokens",
      "cache_read_tokens",
      "cache_write_tokens",
      "cache_write_1h_tokens",
      "output_tokens",
      "reasoning_tokens",
      "cost_usd",
      "cost_source",
      "continues",
      "metadata",
    ],
  },

  // Tools and knowledge
  TOOL_CALL: {
    severity: "INFO",
    about: "A tool was called. With a duration_ms of its own it is a finished call and has no result event.",
    has: ["tool"],
    may: ["args", "duration_ms", "status", "files", "description", "metadata"],
  },
  TOOL_RESULT: {
    severity: "INFO",
    about: "A tool answered or failed; `call_id` names the call.",
    has: [],
    may: ["tool", "result", "status", "error", "duration_ms", "files", "metadata"],
  },
  RETRIEVAL_QUERY: {
    severity: "INFO",
    about: "Something was looked up.",
    has: ["query"],
    may: ["tool", "metadata"],
  },
  RETRIEVAL_RESULT: {
    severity: "INFO",
    about: "What was found.",
    has: [],
    may: ["result", "status", "error", "duration_ms", "files", "metadata"],
  },

  // Several agents
  DELEGATE: {
    severity: "INFO",
    about: "Work was handed to another agent.",
    has: [],
    may: ["task", "child_session_id", "args", "metadata"],
  },
  RETURN: {
    severity: "INFO",
    about: "That work came back.",
    has: [],
    may: ["child_session_id", "result", "status", "error", "duration_ms", "metadata"],
  },
  BRANCH: {
    severity: "INFO",
    about: "The run took one of several ways.",
    has: [],
    may: ["decision", "reason", "description", "metadata"],
  },

  // Who allowed what
  PERMISSION_REQUEST: {
    severity: "INFO",
    about: "Leave was asked for.",
    has: [],
    may: ["tool", "args", "reason", "metadata"],
  },
  HUMAN_APPROVAL: {
    severity: "INFO",
    about: "A person allowed or refused.",
    has: ["status"],
    may: ["approver", "reason", "tool", "metadata"],
  },
  POLICY_CHECK: {
    severity: "INFO",
    about: "A rule allowed or refused.",
    has: ["policy", "status"],
    may: ["reason", "tool", "metadata"],
  },
  DECISION: {
    severity: "INFO",
    about: "The agent decided something.",
    has: ["decision"],
    may: ["reason", "confidence", "metadata"],
  },

  // Trouble
  ERROR: {
    severity: "ERROR",
    about: "Something failed.",
    has: [],
    may: ["message", "error", "reason", "tool", "metadata"],
  },
  ANOMALY_DETECTED: {
    severity: "WARN",
    about: "A detector found something.",
    has: ["anomaly"],
    may: ["original_event", "description"],
  },
  ALERT_OVERRIDE: {
    severity: "WARN",
    about: "A person set an alert aside.",
    has: ["reason"],
    may: ["approver", "original_event", "anomaly"],
  },

  // The recorder about itself
  GAP: {
    severity: "WARN",
    about: "Events were lost or refused, or lines of a source could not be read.",
    has: ["count", "reason"],
    may: ["from_seq", "to_seq", "bytes", "sha256", "fragment", "fragment_encoding"],
  },
  RECOVERED: {
    severity: "WARN",
    about: "An unfinished last line was cut off; what it held is kept here.",
    has: ["bytes", "sha256", "fragment", "fragment_encoding"],
    may: ["reason"],
  },
  DEGRADED: {
    severity: "ERROR",
    about:
      "Recording went on with a lesser promise: events had to wait until they could be written, or a copy is incomplete.",
    has: ["reason"],
    may: ["since", "count", "error", "durability"],
  },
  CLOCK_STEP: {
    severity: "WARN",
    about: "The wall clock fell behind.",
    has: ["expected", "actual"],
    may: [],
  },
  ERASED: {
    severity: "WARN",
    about: "Events were erased on purpose.",
    has: ["count", "reason"],
    may: ["from_seq", "to_seq", "approver"],
  },
  DETECTOR_ERROR: { severity: "ERROR", about: "A detector failed.", has: ["error"], may: ["original_event"] },
} as const;

export type StandardType = keyof typeof EVENT_TYPES;

/** Any text; editors offer the standard types. */
export type EventType = StandardType | (string & Record<never, never>);

const definitions: ReadonlyMap<string, TypeDefinition> = new Map(Object.entries(EVENT_TYPES));

/** Whether `type` is one of ours rather than a custom type. */
export function isStandardType(type: string): type is StandardType {
  return definitions.has(type);
}

/** The severity that an event of this type has when it does not say: INFO for custom types. */
export function severityOfType(type: string): Severity {
  return definitions.get(type)?.severity ?? "INFO";
}
