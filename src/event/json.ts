/** What a JSON document can hold. */
export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;

/** A JSON object. Parsed ones may have any key, `__proto__` included, so they are never merged into others. */
export interface JsonObject {
  [key: string]: JsonValue;
}
