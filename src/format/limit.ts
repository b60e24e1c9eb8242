// Keeps a line under its limit by cutting the longest values first. What was cut stays accountable: path, original
// size in bytes and SHA-256 of every value go into the event's `truncated`.

import { nodeCrypto } from "../base/builtin.ts";
import type { JsonObject, JsonValue, Truncation } from "../event/index.ts";
import { joinPath, setOwn } from "./plain.ts";
import { encodeJson } from "./safe-json.ts";

export interface Limited {
  body: JsonObject;
  truncated: Truncation[];
}

/** Values cut one by one; where more would be needed, whole fields are cut instead. */
const MAX_CUTS = 64;
/** Room for one entry of `truncated` besides its path: braces, names, digits and the hash. */
const ENTRY_BYTES = 120;
/** Path and hash of a value cost more than this, so shorter values are never cut. */
const SHORTEST_CUT_BYTES = 256;

/**
 * A copy of `body` whose JSON, together with the `truncated` entries it then needs, takes at most `maxBytes`.
 * Long texts are cut to their beginning; when that is not enough, whole fields become the beginning of their JSON text,
 * and at last everything becomes one such text.
 */
export function limitBody(body: JsonObject, maxBytes: number): Limited {
  const texts = longTexts(body);
  const limit = evenLimit(texts, jsonBytes(body), maxBytes);
  if (limit !== undefined) {
    const cuts = new Map(texts.filter(({ bytes }) => bytes > limit).map(({ path }) => [path, limit]));
    const truncated: Truncation[] = [];
    const cut = cutTexts(body, "", cuts, truncated);
    if (fits(cut, truncated, maxBytes)) return { body: cut, truncated };
  }
  const truncated: Truncation[] = [];
  const limited: JsonObject = {};
  const fields = Object.entries(body).map(([key, value]) => ({ key, value, bytes: jsonBytes(value) }));
  const share = Math.max(SHORTEST_CUT_BYTES, Math.floor(maxBytes / 2 / Math.max(1, fields.length)));
  for (const { key, value, bytes } of fields) {
    setOwn(limited, key, bytes > share ? cutValue(value, joinPath("", key), share, truncated) : value);
  }
  if (fits(limited, truncated, maxBytes)) return { body: limited, truncated };
  const whole: Truncation[] = [];
  return { body: { message: cutValue(body, ".", Math.floor(maxBytes / 2), whole) }, truncated: whole };
}

/** The longest beginning of `text` whose JSON takes at most `maxBytes`, never ending inside a surrogate pair. */
export function cutText(text: string, maxBytes: number): string {
  let low = 0;
  let high = Math.min(text.length, maxBytes);
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (jsonBytes(text.slice(0, middle)) - 2 <= maxBytes) low = middle;
    else high = middle - 1;
  }
  const last = text.charCodeAt(low - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff && low < text.length ? low - 1 : low);
}

// --- internal ---

interface LongText {
  path: string;
  bytes: number;
}

function jsonBytes(value: JsonValue): number {
  return Buffer.byteLength(encodeJson(value));
}

function fits(body: JsonObject, truncated: readonly Truncation[], maxBytes: number): boolean {
  return jsonBytes(body) + Buffer.byteLength(encodeJson(truncated)) <= maxBytes;
}

function longTexts(body: JsonObject): LongText[] {
  const found: LongText[] = [];
  const walk = (value: JsonValue, path: string): void => {
    if (typeof value === "string") {
      if (value.length * 3 > SHORTEST_CUT_BYTES) found.push({ path, bytes: jsonBytes(value) - 2 });
    } else if (Array.isArray(value)) {
      value.forEach((element, index) => walk(element, joinPath(path, index)));
    } else if (value !== null && typeof value === "object") {
      for (const [key, field] of Object.entries(value)) walk(field, joinPath(path, key));
    }
  };
  walk(body, "");
  return found.toSorted((left, right) => right.bytes - left.bytes);
}

/** The one length to cut the longest texts to so that all fits, or undefined when cutting texts cannot do it. */
function evenLimit(texts: readonly LongText[], totalBytes: number, maxBytes: number): number | undefined {
  let others = totalBytes;
  for (let count = 1; count <= Math.min(texts.length, MAX_CUTS); count++) {
    const text = texts[count - 1];
    if (text === undefined) return undefined;
    others += Buffer.byteLength(encodeJson(text.path)) + ENTRY_BYTES - text.bytes;
    const limit = Math.floor((maxBytes - others) / count);
    const next = texts[count]?.bytes ?? 0;
    if (limit >= Math.max(next, SHORTEST_CUT_BYTES)) return Math.min(limit, text.bytes - 1);
    if (limit >= SHORTEST_CUT_BYTES && count === texts.length) return limit;
  }
  return undefined;
}

function cutTexts(
  body: JsonObject,
  path: string,
  cuts: ReadonlyMap<string, number>,
  truncated: Truncation[],
): JsonObject {
  const cut = (value: JsonValue, at: string): JsonValue => {
    const limit = cuts.get(at);
    if (typeof value === "string") return limit === undefined ? value : cutValue(value, at, limit, truncated);
    if (Array.isArray(value)) return value.map((element, index) => cut(element, joinPath(at, index)));
    if (value !== null && typeof value === "object") return cutTexts(value, at, cuts, truncated);
    return value;
  };
  const copy: JsonObject = {};
  for (const [key, value] of Object.entries(body)) setOwn(copy, key, cut(value, joinPath(path, key)));
  return copy;
}

function cutValue(value: JsonValue, path: string, maxBytes: number, truncated: Truncation[]): string {
  const text = typeof value === "string" ? value : encodeJson(value);
  const bytes = Buffer.from(text);
  truncated.push({
    path,
    bytes: bytes.length,
    sha256: nodeCrypto().createHash("sha256").update(bytes).digest("hex"),
  });
  return cutText(text, maxBytes);
}
