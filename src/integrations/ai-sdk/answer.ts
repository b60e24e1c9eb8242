// Recorded answers as the AI SDK gets them from a model: what JSON cannot hold is made again, failures fail again.

import { reviveError } from "../../base/revive-error.ts";
import type { CassetteAnswer, StreamResult } from "./types.ts";

/** What `doGenerate` came to. Throws what it threw. */
export function reviveAnswer({ result, thrown }: CassetteAnswer): unknown {
  if (thrown !== undefined) throw marked(thrown.error);
  return revive(result);
}

/** What `doStream` came to: the same parts, then the same end. Throws what it threw before there was a stream. */
export function reviveStream({ result, thrown }: CassetteAnswer): StreamResult {
  const { parts, ...about } = (result ?? {}) as { parts?: unknown[] };
  if (parts === undefined) throw marked(thrown?.error);
  // A failure that the provider reported within the stream is one of its parts, and no failure of the stream.
  const isReported = parts.some((part) => isObject(part) && part["type"] === "error");
  const stream = new ReadableStream(
    {
      start: (controller) => {
        for (const part of parts) controller.enqueue(revive(part));
        if (thrown === undefined || isReported) controller.close();
      },
      // Called when all the parts have been taken; erroring at once would have thrown them away.
      pull: (controller) => controller.error(marked(thrown?.error)),
    },
    { highWaterMark: 0 },
  );
  return { ...(revive(about) as object), stream };
}

// --- internal ---

/** Names of the fields that hold a Date in results and stream parts. */
const TIMES: ReadonlySet<string> = new Set(["timestamp"]);

function revive(value: unknown, name = ""): unknown {
  if (Array.isArray(value)) return value.map((part) => revive(part));
  if (typeof value === "string" && TIMES.has(name)) return new Date(value);
  if (!isObject(value)) return value;
  const { type, base64 } = value;
  // A Buffer is a Uint8Array, too.
  if ((type === "Uint8Array" || type === "Buffer") && typeof base64 === "string")
    return new Uint8Array(Buffer.from(base64, "base64"));
  const entries = Object.entries(value).map(([key, part]): [string, unknown] => [
    key,
    type === "error" && key === "error"
      ? marked(reviveError(part))
      : UNTOUCHED.has(key)
        ? part
        : revive(part, key),
  ]);
  return Object.fromEntries(entries);
}

/** What is the provider's or the tool's own: a `timestamp` in there is theirs. */
const UNTOUCHED: ReadonlySet<string> = new Set([
  "body",
  "input",
  "output",
  "providerMetadata",
  "rawValue",
  "raw",
  "result",
]);

/**
 * The SDK tells its own errors by symbols, which no log holds: without them it would not retry what it retried then.
 */
function marked(error: unknown): unknown {
  if (!(error instanceof Error) || !error.name.startsWith("AI_")) return error;
  for (const marker of ["vercel.ai.error", `vercel.ai.error.${error.name}`])
    Object.defineProperty(error, Symbol.for(marker), { value: true });
  return error;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
