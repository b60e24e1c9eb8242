// From a numbered event to what sinks get: the event itself, frozen, and its canonical line. A session's own log is
// encoded by its writer in `store`; this is for sinks that stand in for it or beside it.

import type { Event, JsonObject, JsonValue } from "../event/index.ts";
import { encodeIdentity, encodeLineWithin, setOwn } from "../format/index.ts";
import type { LineParts } from "../format/index.ts";

export interface EncodedEvent {
  event: Event;
  /** Its canonical line, `\n` included. */
  line: string;
}

export class EventEncoder {
  readonly sessionId: string;
  readonly #agentId: string;
  readonly #identity: string;
  readonly #maxLineBytes: number;

  constructor(sessionId: string, agentId: string, maxLineBytes: number) {
    this.sessionId = sessionId;
    this.#agentId = agentId;
    this.#identity = encodeIdentity(sessionId, agentId);
    this.#maxLineBytes = maxLineBytes;
  }

  /** Cuts values so that the line stays under its limit, and says so in the event. */
  encode(parts: LineParts): EncodedEvent {
    const line = encodeLineWithin(parts, this.#identity, this.#maxLineBytes);
    return { event: this.#event(parts), line };
  }

  // --- internal ---

  /** What the line decodes to, without decoding it: a body may be the caller's own object, so it is copied. */
  #event(parts: LineParts): Event {
    const { event, timestamp, severity, seq, id, parent_id: parent, call_id: call, salt } = parts;
    const whole: JsonObject = { event, timestamp, severity, seq, id };
    whole["session_id"] = this.sessionId;
    whole["agent_id"] = this.#agentId;
    if (parent !== undefined) whole["parent_id"] = parent;
    if (call !== undefined) whole["call_id"] = call;
    copyFields(parts.body, whole);
    if (parts.source !== undefined) whole["source"] = frozenCopy({ ...parts.source });
    if (parts.truncated !== undefined) {
      whole["truncated"] = frozenCopy(parts.truncated.map((cut) => ({ ...cut })));
    }
    if (parts.sanitized !== undefined) whole["sanitized"] = frozenCopy([...parts.sanitized]);
    if (parts.copy_of !== undefined) whole["copy_of"] = parts.copy_of;
    if (parts.time_inferred === true) whole["time_inferred"] = true;
    whole["salt"] = salt;
    return Object.freeze(whole) as unknown as Event;
  }
}

// --- internal ---

function copyFields(from: JsonObject, to: JsonObject): JsonObject {
  for (const key of Object.keys(from)) {
    const value: JsonValue | undefined = from[key];
    // JSON has no undefined, so the line has no such field.
    if (value !== undefined) setOwn(to, key, frozenCopy(value));
  }
  return to;
}

function frozenCopy(value: JsonValue): JsonValue {
  // JSON writes -0 as 0.
  if (value === 0) return 0;
  if (typeof value !== "object" || value === null) return value;
  const copy = Array.isArray(value) ? value.map(frozenCopy) : copyFields(value, {});
  Object.freeze(copy);
  return copy;
}
