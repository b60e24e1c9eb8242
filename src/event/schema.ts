// The JSON Schema (2020-12) of an event line, made from the same tables as the TypeScript types.

import { FORMAT_VERSION } from "./envelope.ts";
import { FIELDS } from "./fields.ts";
import type { FieldDefinition, FieldKind } from "./fields.ts";
import type { JsonObject } from "./json.ts";
import { SEVERITIES } from "./severity.ts";
import { EVENT_TYPES, MAX_TYPE_BYTES } from "./types.ts";
import type { TypeDefinition } from "./types.ts";

const TIME = "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$";
const UUID = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$";

/** What our writer emits for each kind of field: plain JSON, so an `object` really is one. */
const KIND_SCHEMAS: Record<FieldKind, JsonObject> = {
  text: { type: "string" },
  number: { type: "number" },
  count: { type: "integer", minimum: 0 },
  flag: { type: "boolean" },
  texts: { type: "array", items: { type: "string" } },
  counts: { type: "object", additionalProperties: { type: "integer", minimum: 0 } },
  object: { type: "object" },
  time: { type: "string", pattern: TIME },
  any: {},
};

/**
 * The schema of one event line. It describes lines as our writer makes them; readers accept more (any order, unknown
 * fields and types), so unknown fields are allowed here too, and the body of a custom type is free.
 */
export function eventSchema(): JsonObject {
  const fields: [string, FieldDefinition][] = Object.entries(FIELDS);
  const types: [string, TypeDefinition][] = Object.entries(EVENT_TYPES);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: `urn:tracekeep:event:${FORMAT_VERSION}`,
    title: `Tracekeep event line, format ${FORMAT_VERSION}`,
    type: "object",
    required: ["event", "timestamp", "severity", "seq", "session_id"],
    properties: {
      event: {
        type: "string",
        minLength: 1,
        description: `A standard type, or any text up to ${MAX_TYPE_BYTES} bytes.`,
      },
      timestamp: { type: "string", pattern: TIME },
      severity: { enum: [...SEVERITIES] },
      seq: { type: "integer", minimum: 0 },
      id: { type: "string", pattern: UUID },
      session_id: { type: "string", minLength: 1 },
      agent_id: { type: "string", minLength: 1 },
      parent_id: { type: "string" },
      call_id: { type: "string" },
      ...Object.fromEntries(
        fields.map(([name, { kind, about }]) => [name, { ...KIND_SCHEMAS[kind], description: about }]),
      ),
      source: {
        type: "object",
        required: ["file", "offset", "line"],
        properties: {
          file: { type: "string" },
          offset: { type: "integer", minimum: 0 },
          line: { type: "integer", minimum: 1 },
          id: { type: "string" },
          part: { type: "integer", minimum: 0 },
        },
      },
      truncated: {
        type: "array",
        items: {
          type: "object",
          required: ["path", "bytes", "sha256"],
          properties: {
            path: { type: "string" },
            bytes: { type: "integer", minimum: 0 },
            sha256: { type: "string", pattern: "^[0-9a-f]{64}$" },
          },
        },
      },
      sanitized: { type: "array", items: { type: "string" } },
      copy_of: { type: "string" },
      time_inferred: { const: true },
      erased: {
        type: "string",
        description: "Leaf hash of the line that stood here, base64: the line is a tombstone.",
      },
      salt: { type: "string", pattern: "^[A-Za-z0-9_-]{16}$" },
    },
    // A tombstone keeps its type but not its body, so what a type always has is asked of other lines only.
    if: { required: ["erased"] },
    else: {
      required: ["id", "agent_id", "salt"],
      allOf: types
        .filter(([, { has }]) => has.length > 0)
        .map(([type, { has, about }]) => ({
          description: about,
          if: { properties: { event: { const: type } }, required: ["event"] },
          // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema, and nothing here is awaited
          then: { required: [...has] },
        })),
    },
  };
}
