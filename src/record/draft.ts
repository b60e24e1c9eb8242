// From what a caller hands in to what can be encoded: values made plain, envelope and body told apart, secrets taken
// out. Nothing that a user puts into an event makes recording throw; what could not be taken as given is kept under
// `metadata.reserved` and listed in `sanitized`.

import { SteadyClock } from "../base/clock.ts";
import type { Clock, ClockStep } from "../base/clock.ts";
import { randomSalt, uuidv7 } from "../base/ids.ts";
import {
  formatTimestamp,
  isSeverity,
  MAX_TYPE_BYTES,
  parseTimestamp,
  severityOfType,
  severityRank,
} from "../event/index.ts";
import type { EventDraft, EventSource, JsonObject, JsonValue, Severity } from "../event/index.ts";
import { cutText, isEnvelopeName, setOwn, toPlain } from "../format/index.ts";
import type { LineParts } from "../format/index.ts";
import type { Redactor } from "../redact/index.ts";
import { MAX_ID_BYTES } from "./options.ts";
import type { Pricing } from "./pricing.ts";

/** Where an imported event comes from. */
export interface Provenance {
  source?: EventSource | undefined;
  /** Id of the session that already holds the same call. */
  copyOf?: string | undefined;
  /** The source gave no time of its own. */
  timeInferred?: boolean | undefined;
}

/** Type of an event whose type was no text. */
export const UNKNOWN_TYPE = "UNKNOWN";

export class DraftReader {
  readonly #clock: SteadyClock;
  readonly #redactor: Redactor;
  readonly #pricing: Pricing | undefined;

  constructor(clock: Clock | undefined, redactor: Redactor, pricing?: Pricing) {
    this.#clock = new SteadyClock(clock);
    this.#redactor = redactor;
    this.#pricing = pricing;
  }

  /**
   * The parts of a line, all but its number.
   *
   * @param onClockStep called when the wall clock has just been found behind
   */
  read(
    draft: EventDraft,
    provenance: Provenance = NOTHING,
    onClockStep?: (step: ClockStep) => void,
  ): LineParts {
    const plain = toPlain(draft);
    if (plain.sanitized.length === 0 && isOrdinary(plain.body)) {
      const parts = this.#ordinary(plain.body, provenance, onClockStep);
      if (parts !== undefined) return parts;
    }
    const { event, timestamp, severity, parent_id: parentId, call_id: callId, ...rest } = plain.body;
    const refused = new Refused(plain.sanitized);
    // Ids and types of the caller's choice may hold a secret as well as any other text.
    const type = this.#redactor.redactText(this.#type(event, refused));
    const nowMs = this.#clock.now(onClockStep);
    const parts: LineParts = {
      event: type,
      timestamp: this.#timestamp(timestamp, draft, nowMs, refused),
      severity: isSeverity(severity) ? severity : severityOf(type, rest["status"]),
      seq: 0,
      id: uuidv7(nowMs),
      parent_id: this.#id("parent_id", parentId, refused),
      call_id: this.#id("call_id", callId, refused),
      body: rest,
      source: provenance.source,
      copy_of: provenance.copyOf,
      time_inferred: provenance.timeInferred,
      salt: randomSalt(),
    };
    if (severity !== undefined && !isSeverity(severity)) refused.keep("severity", severity);
    for (const key in rest) {
      if (!isEnvelopeName(key) && key !== "erased") continue;
      refused.keep(key, rest[key] ?? null);
      delete rest[key];
    }
    const body = this.#priced(type, rest, parseTimestamp(parts.timestamp) ?? nowMs, provenance);
    parts.body = this.#redactor.redact(refused.addTo(body));
    // A path is made of names, and those of a Map's entries may be anything.
    if (refused.paths.length > 0)
      parts.sanitized = refused.paths.map((path) => this.#redactor.redactText(path));
    return parts;
  }

  /** The parts of a draft that can be encoded as it is; undefined when it holds a secret. */
  #ordinary(
    draft: OrdinaryDraft,
    provenance: Provenance,
    onClockStep?: (step: ClockStep) => void,
  ): LineParts | undefined {
    if (!this.#redactor.isClean(draft)) return undefined;
    const nowMs = this.#clock.now(onClockStep);
    return {
      event: draft.event,
      timestamp: timestampOf(nowMs),
      severity: severityOf(draft.event, draft["status"]),
      seq: 0,
      id: uuidv7(nowMs),
      parent_id: draft.parent_id,
      call_id: draft.call_id,
      body: this.#priced(draft.event, draft, nowMs, provenance),
      typed: true,
      source: provenance.source,
      copy_of: provenance.copyOf,
      time_inferred: provenance.timeInferred,
      salt: randomSalt(),
    };
  }

  /** Importers know more of what they bring than stands on the event, and have priced it. */
  #priced(type: string, body: JsonObject, atMs: number, provenance: Provenance): JsonObject {
    if (this.#pricing === undefined || provenance !== NOTHING) return body;
    return this.#pricing.addTo(type, body, atMs);
  }

  #type(event: JsonValue | undefined, refused: Refused): string {
    if (typeof event !== "string" || event === "") {
      refused.keep("event", event ?? null);
      return UNKNOWN_TYPE;
    }
    // A type is stored and matched exactly, so one that is too long keeps its whole text elsewhere.
    if (event.length * 3 <= MAX_TYPE_BYTES || Buffer.byteLength(event) <= MAX_TYPE_BYTES) return event;
    refused.keep("event", event);
    return cutText(event, MAX_TYPE_BYTES);
  }

  #id(name: string, value: JsonValue | undefined, refused: Refused): string | undefined {
    const id = idOf(name, value, refused);
    return id === undefined ? undefined : this.#redactor.redactText(id);
  }

  #timestamp(given: JsonValue | undefined, draft: EventDraft, nowMs: number, refused: Refused): string {
    if (given === undefined) return timestampOf(nowMs);
    const timeMs = typeof given === "string" ? parseTimestamp(given) : undefined;
    if (timeMs === undefined) {
      refused.keep("timestamp", given);
      return timestampOf(nowMs);
    }
    // A Date is a welcome way to give a time, and nothing is changed by writing it down.
    if (draft.timestamp instanceof Date) refused.forget("timestamp");
    return formatTimestamp(timeMs);
  }
}

// --- internal ---

const NOTHING: Provenance = {};

type OrdinaryDraft = JsonObject & { event: string; parent_id?: string; call_id?: string };

/**
 * Whether a draft says nothing of the envelope but its type, its parent and its call, first of all and in that order,
 * as nearly all of them do.
 */
function isOrdinary(draft: JsonObject): draft is OrdinaryDraft {
  let before = "";
  for (const name in draft) {
    if (before === "") {
      const type = draft["event"];
      if (name !== "event" || typeof type !== "string") return false;
      if (type === "" || type.length * 3 > MAX_TYPE_BYTES) return false;
    } else if (isEnvelopeName(name) || name === "erased") {
      const isParent = name === "parent_id" && before === "event";
      const isCall = name === "call_id" && (before === "event" || before === "parent_id");
      if (!isParent && !isCall) return false;
      const id = draft[name];
      if (typeof id !== "string" || id.length * 3 > MAX_ID_BYTES) return false;
    }
    before = name;
  }
  return before !== "";
}

/** What could not be taken as it was given. */
class Refused {
  paths: string[];
  readonly #kept: JsonObject = {};
  #any = false;

  constructor(paths: string[]) {
    this.paths = paths;
  }

  keep(name: string, value: JsonValue): void {
    setOwn(this.#kept, name, value);
    this.#any = true;
    this.paths.push(name);
  }

  forget(path: string): void {
    this.paths = this.paths.filter((listed) => listed !== path);
  }

  addTo(body: JsonObject): JsonObject {
    if (!this.#any) return body;
    const metadata = body["metadata"];
    const isObject = typeof metadata === "object" && metadata !== null && !Array.isArray(metadata);
    const extended: JsonObject = isObject
      ? { ...metadata }
      : metadata === undefined
        ? {}
        : { value: metadata };
    extended["reserved"] = this.#kept;
    body["metadata"] = extended;
    return body;
  }
}

/** A call that failed is an ERROR, so that one question finds every failure. */
function severityOf(type: string, status: JsonValue | undefined): Severity {
  const severity = severityOfType(type);
  return status === "error" && severityRank(severity) < severityRank("ERROR") ? "ERROR" : severity;
}

function idOf(name: string, value: JsonValue | undefined, refused: Refused): string | undefined {
  if (value === undefined) return undefined;
  if (
    typeof value === "string" &&
    (value.length * 3 <= MAX_ID_BYTES || Buffer.byteLength(value) <= MAX_ID_BYTES)
  ) {
    return value;
  }
  refused.keep(name, value);
  return undefined;
}

let lastMs = NaN;
let lastText = "";

/** Many events fall into one millisecond, and formatting a time costs ten times as much as comparing two numbers. */
function timestampOf(timeMs: number): string {
  if (timeMs !== lastMs) {
    lastText = formatTimestamp(timeMs);
    lastMs = timeMs;
  }
  return lastText;
}
