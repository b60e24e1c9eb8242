// The envelope: what every event carries besides its body, in the order our writer emits it.

import type { FieldName, FieldValue } from "./fields.ts";
import type { Severity } from "./severity.ts";
import type { EVENT_TYPES, EventType, StandardType } from "./types.ts";

/** Version of the event line described in `docs/format.md`. */
export const FORMAT_VERSION = 1;

/** Where an imported event came from. The last one in a log is where an import resumes. */
export interface EventSource {
  /** Absolute path of the file. */
  file: string;
  /** Byte offset of the record in it: of its line, or of its place in a line that holds several. */
  offset: number;
  /** Line number, from 1. */
  line: number;
  /** The source's own id of the record; for records without one, made of their content and place. */
  id?: string;
  /** Which of the events made from that record this is, from 0; absent on the last one, so that it ends the record. */
  part?: number;
}

/** One thing that happened, as it stands on one line of a log. */
export interface Event {
  /** Standard types are UPPER_SNAKE; a custom type is any text up to 128 bytes. */
  event: string;
  /** When it happened: RFC 3339, UTC, milliseconds. */
  timestamp: string;
  severity: Severity;
  /** 0, 1, 2 … without gaps in its log. */
  seq: number;
  /** UUIDv7. */
  id: string;
  session_id: string;
  agent_id: string;
  /** Id of the event that this one answers or belongs to. */
  parent_id?: string;
  /** Pairs a call with its result. */
  call_id?: string;
  source?: EventSource;
  /** What was cut to keep the line short: path, original bytes and SHA-256 of each value. */
  truncated?: Truncation[];
  /** Paths of values that JSON cannot hold and that were written in their documented form. */
  sanitized?: string[];
  /**
   * Id of the session that holds this very call already: another one (of resumed and forked transcripts), or this one,
   * see {@link isToldAgain}.
   */
  copy_of?: string;
  /** The source gave no time; the previous event's was taken. */
  time_inferred?: true;
  /** 96 random bits, so that an erased line cannot be guessed back from its hash. */
  salt: string;
  [field: string]: unknown;
}

/** Whether an event says once more what its own session holds: hooks and a transcript both told of it. */
export function isToldAgain({ copy_of: copyOf, session_id: sessionId }: Event): boolean {
  return copyOf !== undefined && copyOf === sessionId;
}

export interface Truncation {
  path: string;
  bytes: number;
  sha256: string;
}

/** Names of the envelope before the body, in order. */
export const ENVELOPE_HEAD = [
  "event",
  "timestamp",
  "severity",
  "seq",
  "id",
  "session_id",
  "agent_id",
  "parent_id",
  "call_id",
] as const;

/** Names of the envelope after the body, in order. */
export const ENVELOPE_TAIL = [
  "source",
  "truncated",
  "sanitized",
  "copy_of",
  "time_inferred",
  "salt",
] as const;

/** What a caller may set of the envelope; the rest is the recorder's. */
export interface DraftEnvelope {
  /** When it happened, RFC 3339 with an offset, or a Date. Default: now. */
  timestamp?: string | Date | undefined;
  /** Default: the type's. */
  severity?: Severity | undefined;
  parent_id?: string | undefined;
  call_id?: string | undefined;
}

type Fields<T extends StandardType, Part extends "has" | "may"> = (typeof EVENT_TYPES)[T][Part][number] &
  FieldName;

/** The body fields of a standard type: those it always has, and those it may have. */
export type EventBody<T extends StandardType> = { [F in Fields<T, "has">]: FieldValue<F> } & {
  [F in Fields<T, "may">]?: FieldValue<F> | undefined;
};

/** An event of a standard type as a caller hands it in. Further fields are welcome. */
export type StandardDraft<T extends StandardType> = { event: T } & DraftEnvelope &
  EventBody<T> & { [field: string]: unknown };

/** Any event as a caller hands it in: a type, and whatever fields it has. */
export interface EventDraft extends DraftEnvelope {
  event: EventType;
  [field: string]: unknown;
}
