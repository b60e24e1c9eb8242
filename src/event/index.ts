/**
 * The vocabulary: what an event is, which types and fields there are. Runs in a browser.
 *
 * @module
 * @example
 * import { EVENT_TYPES, severityOfType } from "tracekeep/event";
 * severityOfType("ERROR"); // "ERROR"
 * Object.keys(EVENT_TYPES); // "START", "RESUMED", …
 */
export { ENVELOPE_HEAD, ENVELOPE_TAIL, FORMAT_VERSION, isToldAgain } from "./envelope.ts";
export type {
  DraftEnvelope,
  Event,
  EventBody,
  EventDraft,
  EventSource,
  StandardDraft,
  Truncation,
} from "./envelope.ts";
export { FIELDS } from "./fields.ts";
export type { FieldDefinition, FieldKind, FieldName, FieldValue } from "./fields.ts";
export type { JsonObject, JsonValue } from "./json.ts";
export { eventSchema } from "./schema.ts";
export { isSeverity, SEVERITIES, severityRank } from "./severity.ts";
export type { Severity } from "./severity.ts";
export {
  formatTimestamp,
  inUtc,
  isWrittenTimestamp,
  MAX_TIME_MS,
  MIN_TIME_MS,
  parseTimestamp,
} from "./timestamp.ts";
export { EVENT_TYPES, isStandardType, MAX_TYPE_BYTES, severityOfType } from "./types.ts";
export type { EventType, StandardType, TypeDefinition } from "./types.ts";
