// What a call of `log` says about an event, and how it stands on the line.

import type { EventDraft } from "../event/index.ts";
import { VIVARIUM_FIELDS } from "../read/scan/vivarium.ts";
import type { EVENT_TYPES } from "./constants.ts";

/** A type of Vivarium's, or any other text. */
export type AuditEventType = (typeof EVENT_TYPES)[number] | (string & {});

/**
 * Whatever is undefined or null is left out. Further fields are kept under their own names; `event` as `metadata.event`,
 * and the envelope's others (`session_id`, `seq` …) in `metadata.reserved`.
 */
export interface AuditFields {
  /** US dollars; stands as `cost_usd`. */
  cost?: number | null | undefined;
  model?: string | null | undefined;
  /** Stands as `input_tokens`. */
  inputTokens?: number | null | undefined;
  /** Stands as `output_tokens`. */
  outputTokens?: number | null | undefined;
  files?: readonly string[] | null | undefined;
  reason?: string | null | undefined;
  /** From 0 to 100. */
  confidence?: number | null | undefined;
  /** Milliseconds; stands as `duration_ms`. */
  durationMs?: number | null | undefined;
  config?: object | null | undefined;
  /** Stands as `raw_brief_path`. */
  rawBriefPath?: string | null | undefined;
  /** When it happened, RFC 3339 with an offset, or a Date. Default: now. */
  timestamp?: string | Date | undefined;
  [field: string]: unknown;
}

/** The event that a call of `log` means. Never throws, whatever getters do. */
export function auditDraft(type: string, fields: AuditFields = {}): EventDraft {
  const draft: EventDraft = { event: type };
  if (typeof fields !== "object" || fields === null) return { event: type, metadata: { fields } };
  for (const name of namesOf(fields)) {
    let value: unknown;
    try {
      value = fields[name];
    } catch {
      value = "[it could not be read]";
    }
    if (value === undefined || value === null) continue;
    // A field called `event` is not the type.
    if (name === "event") draft["metadata"] = { ...objectOf(draft["metadata"]), event: value };
    else if (name === "metadata") draft["metadata"] = { ...objectOf(draft["metadata"]), ...objectOf(value) };
    else Object.defineProperty(draft, NAMES[name] ?? name, { value, enumerable: true, configurable: true });
  }
  return draft;
}

// --- internal ---

const NAMES: Readonly<Record<string, string>> = {
  ...VIVARIUM_FIELDS,
  inputTokens: "input_tokens",
  outputTokens: "output_tokens",
  durationMs: "duration_ms",
  rawBriefPath: "raw_brief_path",
};

function namesOf(fields: object): string[] {
  try {
    return Object.keys(fields);
  } catch {
    return [];
  }
}

function objectOf(value: unknown): object {
  if (value === undefined) return {};
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : { value };
}
