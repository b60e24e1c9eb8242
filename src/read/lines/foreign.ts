// Records that our writer did not make: any JSON object on a line, over several lines, or in an array. What it lacks to
// be an event is filled in; what it has stays as it is.

import { isSeverity, parseTimestamp, severityOfType } from "../../event/index.ts";
import type { Event, JsonObject } from "../../event/index.ts";
import { parseObject } from "../../format/index.ts";

/** The type of an event that has none. */
export const UNTYPED = "(untyped)";

/**
 * A record as an event. Its type is its `event`, `event_type` or `type`; its time its `timestamp`, `@timestamp`, `time`
 * or `ts`, as RFC 3339 with an offset or a number of seconds or milliseconds since 1970. Without any its `timestamp` is
 * empty, which no filter by time accepts. `agent_id` is empty when it is no text.
 *
 * @param fallback what takes the place of a missing `session_id` and `seq`
 */
export function foreignEvent(record: JsonObject, fallback: { sessionId: string; seq: number }): Event {
  const { seq, session_id: sessionId, agent_id: agentId, severity } = record;
  const type = [record["event"], record["event_type"], record["type"]].find(
    (name) => typeof name === "string" && name !== "",
  );
  const event = record as unknown as Event;
  event.event = typeof type === "string" ? type : UNTYPED;
  event.timestamp = timeOf(record);
  if (!isSeverity(severity)) event.severity = severityOfType(event.event);
  if (!Number.isSafeInteger(seq) || Number(seq) < 0) event.seq = fallback.seq;
  if (typeof sessionId !== "string") event.session_id = fallback.sessionId;
  if (typeof agentId !== "string") event.agent_id = "";
  return event;
}

/** What a value says of when something happened, if it says so: the text that it is, or the time that a number means. */
export function foreignTime(value: unknown): string | undefined {
  if (typeof value === "string") return parseTimestamp(value) === undefined ? undefined : value;
  const timeMs = typeof value === "number" ? instantOfNumber(value) : NaN;
  return Number.isNaN(timeMs) ? undefined : new Date(timeMs).toISOString();
}

/** The instant that a number of seconds or milliseconds means; NaN when it means none. */
export function instantOfNumber(value: number): number {
  const timeMs = Math.trunc(Math.abs(value) < MIN_MILLISECONDS ? value * 1000 : value);
  // Without the sign of a zero.
  return Math.abs(timeMs) < MAX_DATE_MS ? timeMs + 0 : NaN;
}

/** The object that a line holds from its first byte to its last, if it is one. */
export function wholeObject(line: Buffer): JsonObject | undefined {
  let start = 0;
  if (line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf) start = 3;
  while (isBlank(line[start])) start++;
  return line[start] === OPEN ? parseObject(line, start, line.length) : undefined;
}

/**
 * Gathers the lines of a pretty-printed object. It begins with a line that opens more than it closes, and is complete
 * when all is closed.
 */
export class ObjectGatherer {
  #lines: Buffer[] = [];
  #bytes = 0;
  #depth = 0;
  /** Offset of the first line that was gathered. */
  from = 0;

  get isGathering(): boolean {
    return this.#lines.length > 0;
  }

  /** Begins with a line, if an object is left open at its end. */
  begin(line: Buffer, offset: number): boolean {
    if (!line.includes(OPEN)) return false;
    this.#depth = depthAfter(line, 0);
    if (this.#depth <= 0) return false;
    this.from = offset;
    this.#push(line);
    return true;
  }

  /** Takes the next line in; true when all is closed, or too much was gathered for one record. */
  add(line: Buffer): boolean {
    this.#depth = depthAfter(line, this.#depth);
    this.#push(line);
    return this.#depth <= 0 || this.#bytes > MAX_GATHERED_BYTES;
  }

  /** What was gathered, to begin anew. */
  take(): Buffer {
    const bytes = Buffer.concat(this.#lines);
    this.#lines = [];
    this.#bytes = 0;
    return bytes;
  }

  #push(line: Buffer): void {
    this.#lines.push(Buffer.from(line));
    this.#bytes += line.length;
  }
}

// --- internal ---

const OPEN = 0x7b;
const CLOSE = 0x7d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MAX_GATHERED_BYTES = 16 * 1024 * 1024;
/** Numbers from here on are milliseconds: as seconds they would lie after the year 5000. */
const MIN_MILLISECONDS = 1e11;

/** How many objects are open behind a line; a text never goes over the end of one. */
function depthAfter(line: Buffer, depth: number): number {
  for (let at = 0; at < line.length; at++) {
    const byte = line[at];
    if (byte === OPEN) depth++;
    else if (byte === CLOSE) depth--;
    else if (byte === QUOTE) {
      at++;
      while (at < line.length && line[at] !== QUOTE) at += line[at] === BACKSLASH ? 2 : 1;
    }
  }
  return depth;
}

function timeOf(record: JsonObject): string {
  for (const name of ["timestamp", "@timestamp", "time", "ts"]) {
    const time = foreignTime(record[name]);
    if (time !== undefined) return time;
  }
  return "";
}

/** The year 9999, as far as RFC 3339 goes. */
const MAX_DATE_MS = Date.parse("9999-12-31T23:59:59.999Z");

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d;
}
