// One event, one line: the bytes that every reader, index and hash relies on. The envelope comes first and in a fixed
// order, so that readers can test type, time and severity by position without parsing (docs/format.md).

import { isUtf8 } from "node:buffer";

import { assert } from "../base/assert.ts";
import { ENVELOPE_HEAD, ENVELOPE_TAIL, isSeverity, parseTimestamp, severityOfType } from "../event/index.ts";
import type { Event, EventSource, JsonObject, JsonValue, Severity, Truncation } from "../event/index.ts";
import { encodeJson, escapeUnsafe } from "./safe-json.ts";

/** Default of `maxLineBytes`: our writer cuts values so that a line stays under it. */
export const MAX_LINE_BYTES: number = 16 * 1024 * 1024;
/** Readers skip, and report, lines longer than this. */
export const MAX_READ_LINE_BYTES: number = 64 * 1024 * 1024;

/** An event taken apart for encoding: body and envelope separate, and ids of the session already encoded. */
export interface LineParts {
  event: string;
  timestamp: string;
  severity: Severity;
  seq: number;
  id: string;
  parent_id?: string | undefined;
  call_id?: string | undefined;
  /** Plain JSON without any envelope name in it, unless {@link typed}. */
  body: JsonObject;
  /**
   * The body is a whole draft as it was handed in: `event` is its first field, `parent_id` and `call_id` follow in that
   * order when it has them, and no other is of the envelope.
   */
  typed?: boolean | undefined;
  source?: EventSource | undefined;
  truncated?: readonly Truncation[] | undefined;
  sanitized?: readonly string[] | undefined;
  copy_of?: string | undefined;
  time_inferred?: boolean | undefined;
  salt: string;
}

/** What a line turned out to be. `torn`: no newline at its end. `corrupt`: whole, but not an event. */
export type DecodedLine =
  { kind: "event"; event: Event } | { kind: "torn"; reason: string } | { kind: "corrupt"; reason: string };

/** The part of every line that a session never changes: encode it once, hand it to {@link encodeLine}. */
export function encodeIdentity(sessionId: string, agentId: string): string {
  return `,"session_id":${encodeJson(sessionId)},"agent_id":${encodeJson(agentId)}`;
}

/**
 * The canonical line of an event: fixed field order, safe characters, exactly one `\n`, at the end.
 *
 * @param identity from {@link encodeIdentity}
 */
export function encodeLine(parts: LineParts, identity: string): string {
  const head = headOf(parts.event);
  let line =
    `${head}${parts.timestamp}","severity":"${parts.severity}","seq":${parts.seq}` +
    `,"id":"${parts.id}"${identity}`;
  const body = JSON.stringify(parts.body);
  // The type stands in front already, and what follows it is in order. Taking the type off the text is cheaper than
  // copying the object without it.
  if (parts.typed === true) {
    const typeEnd = head.length - TIMESTAMP_FIELD.length;
    assert(body.startsWith(head.slice(0, typeEnd)), "a typed body to begin with its type");
    line += body.slice(typeEnd, -1);
  } else {
    if (parts.parent_id !== undefined) line += `,"parent_id":${JSON.stringify(parts.parent_id)}`;
    if (parts.call_id !== undefined) line += `,"call_id":${JSON.stringify(parts.call_id)}`;
    if (body !== "{}") line += `,${body.slice(1, -1)}`;
  }
  if (parts.source !== undefined) line += `,"source":${JSON.stringify(parts.source)}`;
  if (parts.truncated !== undefined) line += `,"truncated":${JSON.stringify(parts.truncated)}`;
  if (parts.sanitized !== undefined) line += `,"sanitized":${JSON.stringify(parts.sanitized)}`;
  if (parts.copy_of !== undefined) line += `,"copy_of":${JSON.stringify(parts.copy_of)}`;
  if (parts.time_inferred === true) line += `,"time_inferred":true`;
  return escapeUnsafe(`${line},"salt":"${parts.salt}"}\n`);
}

/** A canonical line with another number in it. */
export function renumberLine(line: string, seq: number): string {
  // An unescaped quote begins or ends a key or a value there, so this is the first key of that name.
  const at = line.indexOf(SEQ_FIELD) + SEQ_FIELD.length;
  return `${line.slice(0, at)}${seq}${line.slice(line.indexOf(",", at))}`;
}

/** The canonical line of a whole event, e.g. of one that was decoded. */
export function encodeEvent(event: Event): string {
  return encodeLine({ ...event, body: bodyOf(event) }, encodeIdentity(event.session_id, event.agent_id));
}

/** The fields of an event that are not the envelope's. */
export function bodyOf(event: Event): JsonObject {
  const body: JsonObject = {};
  for (const [key, value] of Object.entries(event)) {
    if (!ENVELOPE.has(key)) {
      Object.defineProperty(body, key, { value, enumerable: true, configurable: true, writable: true });
    }
  }
  return body;
}

/** Whether a name belongs to the envelope, and so cannot be a field of a body. */
export function isEnvelopeName(name: string): boolean {
  return ENVELOPE.has(name);
}

/**
 * Reads one line, its `\n` included. Any field order is accepted and unknown fields and types are kept; a missing or
 * unknown severity becomes the type's own.
 */
export function decodeLine(bytes: Uint8Array): DecodedLine {
  if (bytes[bytes.length - 1] !== 0x0a) return { kind: "torn", reason: "the line has no newline at its end" };
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const text = buffer.toString("utf8");
  // What is no UTF-8 becomes U+FFFD, which may as well have been written.
  if (text.includes("\ufffd") && !isUtf8(bytes))
    return { kind: "corrupt", reason: "the line is not valid UTF-8" };
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (error) {
    return {
      kind: "corrupt",
      reason: `the line is not JSON: ${error instanceof Error ? error.message : "unreadable"}`,
    };
  }
  return decodeRecord(value);
}

/** The same for what was parsed already; an event is that very object. */
export function decodeRecord(value: JsonValue): Exclude<DecodedLine, { kind: "torn" }> {
  const reason = whyNotEvent(value);
  if (reason !== undefined) return { kind: "corrupt", reason };
  const event = value as unknown as Event;
  if (!isSeverity(event.severity)) event.severity = severityOfType(event.event);
  return { kind: "event", event };
}

// --- internal ---

const ENVELOPE: ReadonlySet<string> = new Set([...ENVELOPE_HEAD, ...ENVELOPE_TAIL]);

const TIMESTAMP_FIELD = ',"timestamp":"';
const SEQ_FIELD = '"seq":';

/** `{"event":"TYPE","timestamp":"` by type. Bounded, because custom types come from outside. */
const heads = new Map<string, string>();
const MAX_HEADS = 1000;

function headOf(type: string): string {
  const known = heads.get(type);
  if (known !== undefined) return known;
  const head = `{"event":${JSON.stringify(type)}${TIMESTAMP_FIELD}`;
  if (heads.size < MAX_HEADS) heads.set(type, head);
  return head;
}

function whyNotEvent(value: JsonValue): string | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return "the line is JSON but not an object";
  const { event, timestamp, seq, session_id: sessionId } = value;
  if (typeof event !== "string" || event === "") return 'the line has no "event"';
  if (typeof timestamp !== "string" || parseTimestamp(timestamp) === undefined)
    return 'the line has no valid "timestamp"';
  if (!Number.isSafeInteger(seq) || Number(seq) < 0) return 'the line has no valid "seq"';
  if (typeof sessionId !== "string") return 'the line has no "session_id"';
  return undefined;
}
