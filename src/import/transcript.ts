// One transcript, JSON Lines or a JSON document (its records under `events`, an array of them, or one alone), as a
// sequence of items: records, damage, and an end that is not written yet. Damage is data here, never an exception: every
// byte of the file that is not blank is in exactly one item.

import { isAscii, isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import * as fs from "node:fs";

import { ioError } from "../base/errors.ts";
import type { JsonObject } from "../event/index.ts";
import { MAX_READ_LINE_BYTES, parseObject, salvageLine } from "../format/index.ts";
import { readLines } from "../store/reading/line-reader.ts";
import { readDocument } from "./document.ts";
import type { DocumentElement } from "./document.ts";

export type TranscriptItem = TranscriptRecord | Damage | UnfinishedEnd;

export interface TranscriptRecord {
  kind: "record";
  record: JsonObject;
  /** Byte offset of its first byte. */
  offset: number;
  /** Line number, from 1. */
  line: number;
  /** Its JSON text. A view of a buffer that is used again: valid until the next step. */
  bytes: Buffer;
}

/** Bytes that could not be read, from `from` up to but not including `to`. */
export interface Damage {
  kind: "damage";
  from: number;
  to: number;
  line: number;
  reason: string;
  sha256: string;
  /** At most the first 64 KiB, as text, so that redaction can see into it; empty for a run of NUL bytes. */
  fragment: string;
  /** "latin1" when the bytes are not valid UTF-8: each byte is then one character, and nothing is lost. */
  encoding: "utf-8" | "latin1";
}

/** A last line that is not complete: its writer is still at it, or died. Left for the next run. */
export interface UnfinishedEnd {
  kind: "unfinished";
  from: number;
  to: number;
  line: number;
}

/**
 * Reads a transcript in constant memory (1 MiB, or the longest line up to 64 MiB). A last line without a newline is a
 * record when it is a whole object, else unfinished. Reading from `fromOffset` wants the start of an item; lines are
 * then counted from there.
 *
 * @throws TracekeepError when the file cannot be read
 * @example
 * for (const item of readTranscript("session.jsonl")) if (item.kind === "record") console.log(item.record.type);
 */
export function* readTranscript(
  path: string,
  fromOffset: number = 0,
): Generator<TranscriptItem, void, undefined> {
  if (path.endsWith(".json")) {
    yield* readDocumentItems(path, fromOffset);
    return;
  }
  for (const item of readLines(path, { fromOffset })) {
    const { offset, line } = item;
    if ("tooLong" in item) {
      yield longLine(path, offset, item.length, line);
      continue;
    }
    const terminated = item.bytes.at(-1) === NEWLINE;
    const bytes = terminated ? item.bytes.subarray(0, -1) : item.bytes;
    const record = bytes[0] === OPEN ? parseWhole(bytes) : undefined;
    if (record !== undefined) {
      yield { kind: "record", record, offset, line, bytes };
      if (!isUtf8(bytes)) yield invalidUtf8(bytes, offset, line);
      continue;
    }
    for (const piece of salvageLine(bytes, { terminated, isRecord: looksLikeRecord })) {
      const part = bytes.subarray(piece.from, piece.to);
      const from = offset + piece.from;
      if (piece.kind === "record") {
        yield { kind: "record", record: piece.record, offset: from, line, bytes: part };
        if (!isUtf8(part)) yield invalidUtf8(part, from, line);
      } else if (piece.kind === "damage") {
        yield damageOf(part, from, line, piece.reason);
      } else {
        yield { kind: "unfinished", from, to: offset + piece.to, line };
      }
    }
  }
}

/**
 * The records within about the first `maxBytes` of a transcript, at most `maxRecords`; of a document that is an object,
 * what it says beside its records.
 */
export function readHead(path: string, maxBytes: number, maxRecords: number = Infinity): JsonObject[] {
  const about = path.endsWith(".json") ? readAbout(path) : undefined;
  if (about !== undefined) return [about];
  const head: JsonObject[] = [];
  for (const item of readTranscript(path)) {
    if (item.kind === "record") head.push(item.record);
    if (head.length >= maxRecords || ("offset" in item ? item.offset : item.to) >= maxBytes) break;
  }
  return head;
}

/** A JSON document without its records, which are under `events`; undefined when it is no object. */
export function readAbout(path: string): JsonObject | undefined {
  for (const item of readDocument(path, RECORDS)) {
    if (item.kind !== "rest") continue;
    // Of a document that was cut short, what stands before the records can be read all the same.
    const bytes = Buffer.from(item.isWhole ? item.text : `${item.text.trimEnd()}]}`);
    return parseObject(bytes, 0, bytes.length);
  }
  return undefined;
}

// --- internal ---

/** Where documents have their records: ours, and those that are imported. */
const RECORDS = "events";
const OPEN = 0x7b;
const NEWLINE = 0x0a;
const CHUNK_BYTES = 1024 * 1024;
/** How much of something unreadable is kept. */
const FRAGMENT_BYTES = 64 * 1024;

function* readDocumentItems(path: string, fromOffset: number): Generator<TranscriptItem, void, undefined> {
  for (const item of readDocument(path, RECORDS, fromOffset)) {
    const { offset, line } = item;
    if (item.kind === "element") yield* elementItems(item);
    else if (!item.isWhole) yield { kind: "unfinished", from: offset, to: fs.statSync(path).size, line };
    else if (!item.hasArray) yield* onlyRecord(path);
  }
}

function* elementItems({
  bytes,
  offset,
  length,
  line,
}: Omit<DocumentElement, "kind">): Generator<TranscriptItem> {
  const record = bytes[0] === OPEN ? parseWhole(bytes) : undefined;
  if (record !== undefined) {
    yield { kind: "record", record, offset, line, bytes };
    if (!isUtf8(bytes)) yield invalidUtf8(bytes, offset, line);
  } else {
    const reason = bytes.length === 0 ? "longer than 64 MiB" : "not a JSON object";
    yield { ...damageOf(bytes, offset, line, reason), to: offset + length };
  }
}

/** A document without an array of records is one itself. */
function* onlyRecord(path: string): Generator<TranscriptItem> {
  const { size } = fs.statSync(path);
  const bytes = size > MAX_READ_LINE_BYTES ? Buffer.alloc(0) : fs.readFileSync(path);
  const offset = bytes.indexOf("{");
  if (offset < 0 && size <= MAX_READ_LINE_BYTES) return;
  const at = Math.max(0, offset);
  yield* elementItems({ bytes: bytes.subarray(at), offset: at, length: size - at, line: 1 });
}

/** The common case: the line is one object. Text known to be ASCII is decoded several times faster. */
function parseWhole(bytes: Buffer): JsonObject | undefined {
  return parseObject(bytes, 0, bytes.length, isAscii(bytes) ? "latin1" : "utf8");
}

/** The stretch of a record's text that is not valid UTF-8. The record itself is used, with U+FFFD in those places. */
function invalidUtf8(bytes: Buffer, offset: number, line: number): Damage {
  const text = bytes.toString("utf8");
  const from = Buffer.byteLength(text.slice(0, text.indexOf("\ufffd")));
  const to = bytes.length - Buffer.byteLength(text.slice(text.lastIndexOf("\ufffd") + 1));
  return damageOf(
    bytes.subarray(from, to),
    offset + from,
    line,
    "not valid UTF-8; read with U+FFFD in its place",
  );
}

function damageOf(bytes: Buffer, from: number, line: number, reason: string): Damage {
  const encoding = isUtf8(bytes) ? "utf-8" : "latin1";
  const empty = bytes[0] === 0 && bytes.every((byte) => byte === 0);
  return {
    kind: "damage",
    from,
    to: from + bytes.length,
    line,
    reason,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    fragment: empty ? "" : bytes.toString(encoding, 0, FRAGMENT_BYTES),
    encoding,
  };
}

/** A line that no reader holds in memory: read again in pieces, for its hash and its beginning. */
function longLine(path: string, offset: number, length: number, line: number): Damage | UnfinishedEnd {
  const hash = createHash("sha256");
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let beginning = "";
  let last: number | undefined;
  try {
    const fd = fs.openSync(path, "r");
    try {
      for (let at = 0; at < length;) {
        const read = fs.readSync(fd, chunk, 0, Math.min(chunk.length, length - at), offset + at);
        if (read === 0) break;
        last = chunk[read - 1];
        const isEnd = at + read === length && last === NEWLINE;
        hash.update(chunk.subarray(0, isEnd ? read - 1 : read));
        if (at === 0) beginning = chunk.toString("utf8", 0, FRAGMENT_BYTES);
        at += read;
      }
    } finally {
      fs.closeSync(fd);
    }
  } catch (error) {
    throw ioError("read", path, error);
  }
  if (last !== NEWLINE) return { kind: "unfinished", from: offset, to: offset + length, line };
  return {
    kind: "damage",
    from: offset,
    to: offset + length - 1,
    line,
    reason: "longer than 64 MiB",
    sha256: hash.digest("hex"),
    fragment: beginning,
    encoding: "utf-8",
  };
}

/** What the records of all sources have at their top level and the objects inside them do not. */
function looksLikeRecord(value: JsonObject): boolean {
  if (typeof value["type"] !== "string" && typeof value["record_type"] !== "string") return false;
  return ["timestamp", "sessionId", "uuid", "leafUuid", "messageId", "payload"].some((name) =>
    Object.hasOwn(value, name),
  );
}
