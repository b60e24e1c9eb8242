// Claude Code writes what a tool returned twice: as the model saw it (`tool_result.content`), and structured, as
// `toolUseResult`. The second mostly repeats the first, the arguments of the call and the whole file before an edit, and
// is half of a transcript's size. Only what it adds is kept.

import { createHash } from "node:crypto";

import type { JsonObject, JsonValue } from "../../event/index.ts";
import { isObject } from "../../format/index.ts";
import { isNothing, textOf, without } from "../json.ts";

/**
 * What `toolUseResult` says beyond the result's content and the call's arguments; undefined when that is nothing.
 *
 * Left out: what equals an argument or the content, text that the content holds, the text of a file that was read (the
 * content has it with line numbers), the lines of a patch (the arguments have them), and what is empty or false. Of the
 * whole file before an edit, size and SHA-256 are kept: enough to recognise it.
 */
export function addedByToolUseResult(
  toolUseResult: JsonValue,
  content: JsonValue,
  args: JsonValue | undefined,
): JsonValue | undefined {
  const text = textOf(content);
  if (typeof toolUseResult === "string") {
    const own = toolUseResult.replace(/^Error: /, "");
    return text.includes(own) || own.includes(text) ? undefined : toolUseResult;
  }
  if (!isObject(toolUseResult)) return toolUseResult;
  const told = [content, ...(isObject(args) ? Object.values(args) : [])];
  const added: [string, JsonValue][] = [];
  for (const [name, value] of Object.entries(toolUseResult)) {
    if (isNothing(value) || told.some((said) => isEqual(said, value))) continue;
    if (typeof value === "string" && text.includes(value.trim())) continue;
    added.push([name, shortened(name, value)]);
  }
  return added.length > 0 ? Object.fromEntries(added) : undefined;
}

// --- internal ---

/** Both sides were written by the same program, so equal objects have their fields in the same order. */
function isEqual(left: JsonValue, right: JsonValue): boolean {
  if (typeof left !== "object" || typeof right !== "object") return left === right;
  try {
    return JSON.stringify(left) === JSON.stringify(right);
  } catch {
    // Nested deeper than the stack: then it is kept twice rather than looked into.
    return false;
  }
}

const TEXT: ReadonlySet<string> = new Set(["content"]);
const LINES: ReadonlySet<string> = new Set(["lines"]);

function shortened(name: string, value: JsonValue): JsonValue {
  if (name === "originalFile" || name === "originalFileContents")
    return typeof value === "string" ? digestOf(value) : value;
  if (name === "file" && isObject(value)) return without(value, TEXT);
  if (name !== "structuredPatch" || !Array.isArray(value)) return value;
  return value.map((hunk) => (isObject(hunk) ? without(hunk, LINES) : hunk));
}

function digestOf(text: string): JsonObject {
  const bytes = Buffer.from(text);
  return { bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}
