// Small questions to parsed JSON, for translators. None of them throws, whatever a record holds.

import type { JsonObject, JsonValue } from "../event/index.ts";
import { isObject } from "../format/index.ts";

/** The object under a name, or undefined when there is none. */
export function objectIn(object: JsonObject | undefined, name: string): JsonObject | undefined {
  const value = object?.[name];
  return isObject(value) ? value : undefined;
}

/** The text under a name, or undefined when there is none or it is empty. */
export function textIn(object: JsonObject | undefined, name: string): string | undefined {
  const value = object?.[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Whether a value says nothing: null, false, or empty. */
export function isNothing(value: JsonValue | undefined): boolean {
  if (value === null || value === undefined || value === false || value === "") return true;
  return Array.isArray(value) && value.length === 0;
}

/** The fields of an object that say something, without those named. */
export function restOf(object: JsonObject, names: ReadonlySet<string>): JsonObject {
  const rest: [string, JsonValue][] = [];
  for (const name of Object.keys(object)) {
    const value = object[name];
    if (value !== undefined && !names.has(name) && !isNothing(value)) rest.push([name, value]);
  }
  return Object.fromEntries(rest);
}

/** The fields of an object without those named. Safe for any key, `__proto__` included. */
export function without(object: JsonObject, names: ReadonlySet<string>): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.has(name)));
}

/** The text of a message's content, as several agents write it: a string, or the texts of its blocks, a line each. */
export function textOf(content: JsonValue | undefined): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  const texts = content.map((block) => (isObject(block) ? block["text"] : block));
  return texts.filter((text) => typeof text === "string").join("\n");
}
