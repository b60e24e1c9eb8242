// Parsing what may be no JSON at all. Nothing here throws: damage is for the caller to report.

import type { JsonObject, JsonValue } from "../event/index.ts";

/** The value of a JSON text, or undefined when it is none. */
export function parseJson(text: string): JsonValue | undefined {
  try {
    const value: JsonValue = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Parses a JSON text that has to be an object; undefined when it is anything else. */
export function parseObject(
  bytes: Buffer,
  from: number,
  to: number,
  encoding: "utf8" | "latin1" = "utf8",
): JsonObject | undefined {
  const value = parseJson(bytes.toString(encoding, from, to));
  return isObject(value) ? value : undefined;
}
