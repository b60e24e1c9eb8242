// JSON text that is safe to show. JSON.stringify leaves DEL, the C1 controls (U+009B starts a terminal escape), the
// Unicode line separators (Python's splitlines breaks on them) and the bidirectional controls as they are. Written as
// \u escapes the value is the same, and `tail` cannot be fooled.

// U+0085 is among the C1 controls. Lone surrogates are escaped by JSON.stringify itself (ES2019).
// oxlint-disable-next-line no-control-regex -- control characters are what this is about
const UNSAFE = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * JSON text of a plain value with every unsafe character escaped. Valid UTF-8; one line, unless `indent` says how many
 * spaces deep each level is to stand.
 *
 * @example encodeJson("a\u2028b") // '"a\\u2028b"'
 */
export function encodeJson(value: unknown, indent?: number): string {
  return escapeUnsafe(JSON.stringify(value, undefined, indent));
}

/** Escapes the unsafe characters in finished JSON text. Free of copies, and about 60 ns, for a short ASCII text. */
export function escapeUnsafe(json: string): string {
  // Counting bytes is vectorised and much cheaper than a regular expression: as many bytes as characters means ASCII.
  if (Buffer.byteLength(json) === json.length && !json.includes("\u007f")) return json;
  return json.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
