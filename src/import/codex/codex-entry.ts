// One line of a rollout in the same terms, whichever of its shapes it has: since September 2025 an envelope
// `{timestamp, type, payload}`; before, the payload alone, after a first line that describes the session.

import { parseTimestamp } from "../../event/index.ts";
import type { JsonObject, Severity } from "../../event/index.ts";
import { isNothing, objectIn, restOf, textIn } from "../json.ts";

export interface Entry {
  /** `session_meta`, `turn_context`, `response_item`, `event_msg`, `compacted`, or a name we do not know. */
  readonly kind: string;
  /** What kind of response item or event message it is; empty for the others. */
  readonly type: string;
  readonly payload: JsonObject;
  readonly record: JsonObject;
  /** As the record says it, if that is a time with an offset at all. */
  readonly timestamp: string | undefined;
  /** The same in milliseconds since 1970. */
  readonly atMs: number | undefined;
}

/** An event made from an entry. Fields that are undefined, the time and the session are seen to when it is handed on. */
export interface Translation {
  event: string;
  severity?: Severity | undefined;
  call_id?: string | undefined;
  copyKey?: string | undefined;
  [field: string]: unknown;
}

export function readEntry(record: JsonObject): Entry {
  const inner = objectIn(record, "payload");
  const payload = inner ?? record;
  const isMessage = inner === undefined && textIn(record, "role") !== undefined;
  const type = textIn(payload, "type") ?? (isMessage ? "message" : "");
  const kind = inner === undefined ? kindOfOldShape(record, type) : (textIn(record, "type") ?? "unknown");
  const timestamp = textIn(record, "timestamp") ?? textIn(record, "created_at");
  const atMs = timestamp === undefined ? undefined : parseTimestamp(timestamp);
  return { kind, type, payload, record, timestamp: atMs === undefined ? undefined : timestamp, atMs };
}

/** What an entry holds beyond the fields of its payload that the event says in its own way, as `metadata`. */
export function restAsMetadata(
  entry: Entry,
  said: readonly string[],
  more: JsonObject = {},
): { metadata: JsonObject | undefined } {
  const { payload, record, timestamp } = entry;
  const metadata = {
    ...(payload === record ? {} : restOf(record, ENVELOPE)),
    ...restOf(payload, new Set(payload === record ? [...said, ...ENVELOPE] : [...said, "type"])),
    // A time that is none is still what the record says.
    ...(timestamp === undefined && !isNothing(record["timestamp"])
      ? { timestamp: record["timestamp"] ?? null }
      : {}),
    ...more,
  };
  return { metadata: Object.keys(metadata).length === 0 ? undefined : metadata };
}

/** A record for which there is no standard type, kept as it is. */
export function wholeRecord({ kind, type, record }: Entry): Translation {
  const name = type === "" ? kind : type;
  // Event types have at most 128 bytes; a UTF-16 unit takes at most three.
  return { event: `codex/${name.slice(0, 40)}`, severity: SEVERITIES.get(name), record };
}

// --- internal ---

const ENVELOPE: ReadonlySet<string> = new Set(["timestamp", "created_at", "type", "payload"]);

/** Where it is not INFO. The first of them say again what a response item says, or nothing new. */
const SEVERITIES: ReadonlyMap<string, Severity> = new Map([
  ["user_message", "DEBUG"],
  ["agent_message", "DEBUG"],
  ["agent_reasoning", "DEBUG"],
  ["agent_reasoning_raw_content", "DEBUG"],
  ["token_count", "DEBUG"],
  ["state", "DEBUG"],
  ["turn_aborted", "WARN"],
  ["stream_error", "WARN"],
  ["warning", "WARN"],
]);

function kindOfOldShape(record: JsonObject, type: string): string {
  const recordType = textIn(record, "record_type");
  if (recordType !== undefined) return recordType;
  if (type !== "") return "response_item";
  // Its first line. "instructions" is there even when it is null, and tells it from other tools' lines with id and time.
  return textIn(record, "id") !== undefined && "instructions" in record ? "session_meta" : "unknown";
}
