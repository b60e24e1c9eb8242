// What an import has to know of a stored event: which call it is of, where it came from, whether it is a copy. All of
// that stands at the two ends of a canonical line (docs/format.md), so the body between them, nearly all of the bytes,
// is never decoded.

import type { EventSource, JsonValue } from "../event/index.ts";
import { isObject, parseJson, parseObject } from "../format/index.ts";
import { objectIn, textIn } from "./json.ts";

export interface Stamp {
  /** Names the call, as {@link Translated.copyKey} does; undefined when the event is no call's. */
  copyKey: string | undefined;
  /** Undefined when the event was not imported. */
  source: EventSource | undefined;
  copyOf: string | undefined;
  /** Of a GAP event: what could not be read. */
  gap: { bytes: number; reason: string } | undefined;
}

/**
 * Names what a person said, for telling it again within its session: hooks and transcripts share no id for it. Other
 * sessions may well have been told the same.
 */
export function promptKey(message: string): string {
  return PROMPT + message.trim();
}

export function isPromptKey(copyKey: string): boolean {
  return copyKey.startsWith(PROMPT);
}

/** Names what somebody answered who was asked for leave: a transcript says it, and hooks infer it. */
export function answerKey(callId: string): string {
  return `answer:${callId}`;
}

/** Reads the stamp of a stored line, its `\n` included. A line that is damaged or not canonical has none. */
export function readStamp(line: Buffer): Stamp {
  const at = line.lastIndexOf(SOURCE);
  const tail = at < 0 ? null : TAIL.exec(line.toString("utf8", at));
  return {
    copyKey: copyKeyOf(line),
    source: sourceOf(jsonOrNone(tail?.[1])),
    copyOf: textOrNone(jsonOrNone(tail?.[2])),
    gap: line.toString("latin1", 0, GAP.length) === GAP ? gapOf(line) : undefined,
  };
}

// --- internal ---

const PROMPT = "prompt:";

const SOURCE = ',"source":{"file":';
const TEXT = String.raw`"(?:[^"\\]|\\.)*"`;
const TAIL = new RegExp(
  String.raw`^,"source":(\{"file":${TEXT},"offset":\d+,"line":\d+(?:,"id":${TEXT})?(?:,"part":\d+)?\})` +
    String.raw`(?:,"truncated":\[.*?\])?(?:,"sanitized":\[.*?\])?` +
    String.raw`(?:,"copy_of":(${TEXT}))?(?:,"time_inferred":true)?,"salt":"[^"]*"\}\s*$`,
);

const GAP = '{"event":"GAP",';

function gapOf(line: Buffer): Stamp["gap"] {
  const event = parseObject(line, 0, line.length);
  return { bytes: numberOrZero(event?.["bytes"]), reason: textIn(event, "reason") ?? "" };
}

function sourceOf(value: JsonValue | undefined): EventSource | undefined {
  if (!isObject(value)) return undefined;
  const { file, offset, line, id, part } = value;
  if (typeof file !== "string") return undefined;
  return {
    file,
    offset: numberOrZero(offset),
    line: numberOrZero(line),
    ...(typeof id === "string" ? { id } : {}),
    ...(typeof part === "number" ? { part } : {}),
  };
}

const CALL_TYPE = /^\{"event":"(TOOL_CALL|TOOL_RESULT|MODEL_RESPONSE|HUMAN_APPROVAL)"/;
const USER_MESSAGE = '{"event":"USER_MESSAGE",';
const CALL_ID = ',"call_id":"';
/** The call id stands behind other ids, none of them longer than 1,024 bytes, or six times that when all is escaped. */
const HEAD_BYTES = 32 * 1024;

function copyKeyOf(line: Buffer): string | undefined {
  if (line.toString("latin1", 0, USER_MESSAGE.length) === USER_MESSAGE) {
    return promptKey(textIn(parseObject(line, 0, line.length), "message") ?? "");
  }
  const type = CALL_TYPE.exec(line.toString("latin1", 0, 32))?.[1];
  const at = type === undefined ? -1 : line.subarray(0, HEAD_BYTES).indexOf(CALL_ID);
  if (at < 0) return undefined;
  const start = at + CALL_ID.length;
  let end = line.indexOf('"', start);
  while (line[end - 1] === BACKSLASH) end = line.indexOf('"', end + 1);
  const callId = textOrNone(parseJson(line.toString("utf8", start - 1, end + 1)));
  if (callId === undefined) return undefined;
  if (type === "TOOL_CALL") return `tool:${callId}`;
  if (type === "TOOL_RESULT") return `result:${callId}`;
  if (type === "HUMAN_APPROVAL") return answerKey(callId);
  const metadata = objectIn(parseObject(line, 0, line.length), "metadata");
  return `model:${callId}:${textIn(metadata, "request_id") ?? ""}`;
}

/** Nothing to parse is common, and a parser that has to throw costs ten times as much as all else here. */
function jsonOrNone(text: string | undefined): JsonValue | undefined {
  return text === undefined ? undefined : parseJson(text);
}

function textOrNone(value: JsonValue | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function numberOrZero(value: JsonValue | undefined): number {
  return typeof value === "number" ? value : 0;
}

const BACKSLASH = 0x5c;
