// The events of one Claude Code record while they are being collected: puts on each what stands on the record as a
// whole (time, flags), and on the first what need only be said once.

import { MAX_TYPE_BYTES, parseTimestamp } from "../../event/index.ts";
import type { EventDraft, JsonObject, JsonValue, Severity } from "../../event/index.ts";
import type { ImportedSession, Translated } from "../importer.ts";
import { isNothing, objectIn, restOf, textIn, without } from "../json.ts";

/** What a session's records have said so far, so that what does not change is said once. */
export interface SaidSoFar {
  /** `uuid` of the last record that had one. */
  uuid: JsonValue | undefined;
  readonly fields: Map<string, JsonValue>;
}

export class RecordSheet {
  readonly events: Translated[] = [];
  /** The record's time in milliseconds, when it has one. */
  readonly atMs: number | undefined;
  readonly #session: ImportedSession;
  readonly #record: JsonObject;
  readonly #sourceId: string | undefined;
  readonly #said: SaidSoFar;

  constructor(session: ImportedSession, record: JsonObject, said: SaidSoFar) {
    this.#session = session;
    this.#record = record;
    this.#sourceId = textIn(record, "uuid");
    this.#said = said;
    const timestamp = textIn(record, "timestamp");
    this.atMs = timestamp === undefined ? undefined : parseTimestamp(timestamp);
  }

  /** Adds an event of a standard type. Fields of the record that no standard type knows go into the first's metadata. */
  add(draft: EventDraft, metadata: JsonObject = NONE, copyKey?: string): void {
    const rest = this.events.length === 0 ? restOf(this.#record, IN_STANDARD_EVENTS) : NONE;
    this.#push(draft, { ...rest, ...metadata }, copyKey);
  }

  /** Keeps the record as it is, as `claude-code/<type>[/<subtype>]`: no standard type says what it says. */
  addWhole(): void {
    const record = this.#record;
    const level = record["level"];
    const draft: EventDraft = {
      event: typeNameOf(record) ?? "claude-code/other",
      ...severityOf(textIn(record, "type"), level),
      title: textIn(record, "customTitle") ?? textIn(record, "aiTitle"),
      record: typeNameOf(record) === undefined ? record : without(record, IN_ENVELOPE),
    };
    this.#push(draft, NONE, undefined);
  }

  // --- internal ---

  #push(draft: EventDraft, own: JsonObject, copyKey: string | undefined): void {
    const { timestamp } = this.#record;
    if (this.atMs !== undefined && typeof timestamp === "string") draft.timestamp = timestamp;
    const metadata = this.events.length === 0 ? { ...this.#news(), ...own } : { ...own };
    // In a sub-agent's own session everything is a side chain.
    if (this.#record["isSidechain"] === true && this.#session.parent === undefined)
      metadata["sidechain"] = true;
    if (this.#record["isMeta"] === true) metadata["meta"] = true;
    if (this.#record["isCompactSummary"] === true) metadata["compact_summary"] = true;
    if (Object.keys(metadata).length > 0) draft["metadata"] = metadata;
    this.events.push({ session: this.#session, draft, sourceId: this.#sourceId, copyKey });
  }

  /** What the record says about the session and its own place in it that the records before did not. */
  #news(): JsonObject {
    const news: JsonObject = {};
    const said = this.#said;
    const { uuid, parentUuid, timestamp } = this.#record;
    // The order of the file is that of the conversation, except where a turn was taken back or side chains mix.
    if (parentUuid !== undefined && parentUuid !== said.uuid && !isNothing(parentUuid))
      news["parentUuid"] = parentUuid;
    if (uuid !== undefined) said.uuid = uuid;
    for (const name of RARELY_CHANGING) {
      const value = this.#record[name];
      if (value === undefined || value === said.fields.get(name)) continue;
      said.fields.set(name, value);
      if (!isNothing(value)) news[name] = value;
    }
    if (this.atMs === undefined && !isNothing(timestamp)) news["timestamp"] = timestamp ?? null;
    return news;
  }
}

const NONE: JsonObject = {};

const RARELY_CHANGING = [
  "cwd",
  "version",
  "gitBranch",
  "slug",
  "userType",
  "entrypoint",
  "permissionMode",
  "effort",
] as const;

/** Said by the event's envelope, its type or its flags. */
const IN_ENVELOPE: ReadonlySet<string> = new Set([
  "type",
  "subtype",
  "uuid",
  "parentUuid",
  "sessionId",
  "timestamp",
  "isSidechain",
  "isMeta",
  "isCompactSummary",
  "customTitle",
  "aiTitle",
  "cwd",
  "version",
  "gitBranch",
  "slug",
  "userType",
  "entrypoint",
]);

/** Said by events of standard types in fields of their own. */
const IN_STANDARD_EVENTS: ReadonlySet<string> = new Set([
  ...IN_ENVELOPE,
  ...RARELY_CHANGING,
  "message",
  "content",
  "error",
  "toolUseResult",
  "requestId",
  "costUSD",
  "isApiErrorMessage",
  "level",
]);

/** Many small records about how things are going; of interest when looking closely only. */
const QUIET_TYPES: ReadonlySet<unknown> = new Set([
  "progress",
  "file-history-snapshot",
  "queue-operation",
  "last-prompt",
]);

function severityOf(type: string | undefined, level: JsonValue | undefined): { severity?: Severity } {
  if (level === "error") return { severity: "ERROR" };
  if (level === "warning" || level === "warn") return { severity: "WARN" };
  return QUIET_TYPES.has(type) ? { severity: "DEBUG" } : {};
}

/** Undefined when the record's own type is no text, or too long to be part of ours. */
function typeNameOf(record: JsonObject): string | undefined {
  const type = textIn(record, "type");
  if (type === undefined) return undefined;
  const { subtype } = record;
  const detail = subtype ?? objectIn(record, "data")?.["type"] ?? objectIn(record, "attachment")?.["type"];
  const name =
    typeof detail === "string" && detail !== "" ? `claude-code/${type}/${detail}` : `claude-code/${type}`;
  return Buffer.byteLength(name) <= MAX_TYPE_BYTES ? name : undefined;
}
