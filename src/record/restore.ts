// A session that was recorded elsewhere, put into a store as it is: the same events, ids, times and numbers, so the
// same lines. Redaction is the one thing that may change it; what went through a recorder has been through that already.

import { TracekeepError } from "../base/errors.ts";
import { isWrittenTimestamp, parseTimestamp } from "../event/index.ts";
import type { Event, JsonObject } from "../event/index.ts";
import {
  decodeTombstone,
  bodyOf,
  encodeIdentity,
  encodeJson,
  encodeLine,
  encodeTombstone,
  MAX_READ_LINE_BYTES,
} from "../format/index.ts";
import type { Redactor } from "../redact/index.ts";

export interface RestoreOptions {
  /** Id of the session in this store. Default: the one it has. */
  id?: string | undefined;
}

/** A session that was put into a store. */
export interface RestoredSession {
  sessionId: string;
  agentId: string;
  /** The session's log. */
  file: string;
  events: number;
}

/** Whose session it is, as its first event tells. @throws TracekeepError `BAD_EVENT` when there is none */
export function firstOf(events: Iterable<Event>): { sessionId: string; agentId: string; startMs: number } {
  for (const { session_id: sessionId, agent_id: agentId, timestamp } of events) {
    return { sessionId, agentId, startMs: parseTimestamp(timestamp) ?? 0 };
  }
  throw new TracekeepError("BAD_EVENT", "there is no event in it", {
    hint: "a session has at least its START",
  });
}

/**
 * The lines of a session's events, some at a time.
 *
 * @param copy the id it gets and, if its original is in the store, that one's: its events say that they are copies
 * @throws TracekeepError `BAD_EVENT` for an event that cannot be stored as it is, or is out of order
 */
export function* restoredLines(
  events: Iterable<Event>,
  copy: { id: string; of: string | undefined } | undefined,
  redactor: Redactor,
): Generator<Buffer, number, undefined> {
  let sessionId: string | undefined;
  let count = 0;
  let batch = "";
  for (const event of events) {
    sessionId ??= event.session_id;
    if (event.session_id !== sessionId) {
      refuse(event, `it belongs to another session, "${event.session_id}"`, "a document holds one session");
    }
    if (event.seq !== count) {
      refuse(
        event,
        `event ${count} was to come here`,
        "a session is restored whole: export it without filters",
      );
    }
    batch += lineOf(event, copy, redactor);
    count++;
    if (batch.length < BATCH_CHARACTERS) continue;
    yield Buffer.from(batch);
    batch = "";
  }
  yield Buffer.from(batch);
  return count;
}

// --- internal ---

const BATCH_CHARACTERS = 256 * 1024;
const ID = /^[0-9a-f-]{36}$/;
const SALT = /^[A-Za-z0-9_-]{16}$/;

function lineOf(
  event: Event,
  copy: { id: string; of: string | undefined } | undefined,
  redactor: Redactor,
): string {
  const own = copy === undefined ? event : { ...event, session_id: copy.id };
  if (typeof event["erased"] === "string") return tombstoneOf(own, event["erased"]);
  if (!isWrittenTimestamp(event.timestamp)) refuse(event, "its time is not in UTC to the millisecond");
  if (!ID.test(event.id) || !SALT.test(event.salt) || typeof event.agent_id !== "string") {
    refuse(
      event,
      "it has no id, agent_id or salt of ours",
      "translate other programs' events with: tracekeep append",
    );
  }
  try {
    const body = redactor.redact(bodyOf(event));
    const copyOf = copy?.of === undefined ? {} : { copy_of: event.copy_of ?? copy.of };
    const line = encodeLine({ ...own, body, ...copyOf }, encodeIdentity(own.session_id, own.agent_id));
    if (Buffer.byteLength(line) <= MAX_READ_LINE_BYTES) return line;
  } catch (error) {
    // The stack is full: it is nested thousands of levels deep.
    if (!(error instanceof RangeError)) throw error;
    refuse(event, "it is nested too deep");
  }
  return refuse(event, "it is longer than readers read");
}

/** An erased event stays erased. The bytes it was padded to went with the document. */
function tombstoneOf(event: Event, leaf: string): string {
  const { event: type, timestamp, severity, seq, session_id } = event;
  const bare: JsonObject = { event: type, timestamp, severity, seq, session_id, erased: leaf };
  const line = `${encodeJson(bare)}\n`;
  if (decodeTombstone(line) === undefined) refuse(event, "it is erased, but not as we do it");
  return encodeTombstone(event, leaf, Buffer.byteLength(line));
}

function refuse(event: Event, why: string, hint?: string): never {
  throw new TracekeepError("BAD_EVENT", `event ${event.seq} cannot be restored: ${why}`, {
    seq: event.seq,
    ...(hint === undefined ? {} : { hint }),
  });
}
