// What an import has to know of a stored event: which call it is of, where it came from, whether it is a copy. All of
// that stands at the two ends of a canonical line (docs/format.md), so the body between them, nearly all of the bytes,
// is never decoded.

import type { EventSource } from "../event/index.ts";

export interface Stamp {
  /** Names the call, as {@link Translated.copyKey} does; undefined when the event is no call's. */
  copyKey: string | undefined;
  /** Undefined when the event was not imported. */
  source: EventSource | undefined;
  copyOf: string | undefined;
}

/** Reads the stamp of a stored line, its `\n` included. A line that is not canonical has none. */
export function readStamp(line: Buffer): Stamp {
  const at = line.lastIndexOf(SOURCE);
  const tail = at < 0 ? null : TAIL.exec(line.toString("utf8", at));
  return {
    copyKey: copyKeyOf(line),
    source: tail?.[1] === undefined ? undefined : (JSON.parse(tail[1]) as EventSource),
    copyOf: tail?.[2] === undefined ? undefined : (JSON.parse(tail[2]) as string),
  };
}

// --- internal ---

const SOURCE = ',"source":{"file":';
const TEXT = String.raw`"(?:[^"\\]|\\.)*"`;
const TAIL = new RegExp(
  String.raw`^,"source":(\{"file":${TEXT},"offset":\d+,"line":\d+(?:,"id":${TEXT})?(?:,"part":\d+)?\})` +
    String.raw`(?:,"truncated":\[.*?\])?(?:,"sanitized":\[.*?\])?` +
    String.raw`(?:,"copy_of":(${TEXT}))?(?:,"time_inferred":true)?,"salt":"[^"]*"\}\s*$`,
);

const CALL_TYPE = /^\{"event":"(TOOL_CALL|TOOL_RESULT|MODEL_RESPONSE)"/;
const CALL_ID = ',"call_id":"';
/** The call id stands behind other ids, none of them longer than 1,024 bytes, or six times that when all is escaped. */
const HEAD_BYTES = 32 * 1024;

function copyKeyOf(line: Buffer): string | undefined {
  const type = CALL_TYPE.exec(line.toString("latin1", 0, 32))?.[1];
  const at = type === undefined ? -1 : line.subarray(0, HEAD_BYTES).indexOf(CALL_ID);
  if (at < 0) return undefined;
  const start = at + CALL_ID.length;
  let end = line.indexOf('"', start);
  while (line[end - 1] === BACKSLASH) end = line.indexOf('"', end + 1);
  const callId = JSON.parse(line.toString("utf8", start - 1, end + 1)) as string;
  if (type === "TOOL_CALL") return `tool:${callId}`;
  if (type === "TOOL_RESULT") return `result:${callId}`;
  const { metadata } = JSON.parse(line.toString()) as { metadata?: { request_id?: unknown } };
  return `model:${callId}:${typeof metadata?.request_id === "string" ? metadata.request_id : ""}`;
}

const BACKSLASH = 0x5c;
