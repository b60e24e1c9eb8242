// The canonical line of an event as nearly all are logged, written straight into the buffer that goes to the kernel. It
// is the line that `encodeLine` gives, for less than half of what that costs as a text: joining texts means copying them,
// and most of an envelope is the same on every line, so it is kept as bytes.

import { copyId, ID_CHARACTERS, SALT_CHARACTERS } from "../base/ids.ts";
import { digitsOf, NO_ROOM, writeDigits, writeFields } from "./json-writer.ts";
import { encodeLineWithin } from "./limited-line.ts";
import type { LineParts } from "./line.ts";

/** A line that is ready to be written. */
export interface ReadyLine {
  /** Writes it, if there is room for it, and returns where it ends, otherwise `NO_ROOM`. */
  writeTo(into: Buffer, at: number): number;
  /** The line by itself, cut where it is longer than a line may be. */
  toBuffer(): Buffer;
}

/** Makes the lines of one session. */
export class LineWriter {
  readonly #identity: string;
  readonly #maxBytes: number;
  /** From behind the number to the end of what a session never changes, with room for an id. */
  readonly #middle: Buffer;

  /**
   * @param identity from `encodeIdentity`
   * @param maxBytes longer lines are cut
   */
  constructor(identity: string, maxBytes: number) {
    this.#identity = identity;
    this.#maxBytes = maxBytes;
    this.#middle = Buffer.from(`${BEFORE_ID}${" ".repeat(ID_CHARACTERS)}"${identity}`);
  }

  /** The line of an event, as a text where it cannot be had in a cheaper way. */
  lineOf(parts: LineParts): ReadyLine | string {
    const head = parts.typed !== true || hasTail(parts) ? undefined : headOf(parts);
    if (head === undefined) return this.textOf(parts);
    return new DraftLine(parts, head, this);
  }

  /** @internal */
  textOf(parts: LineParts): string {
    return encodeLineWithin(parts, this.#identity, this.#maxBytes);
  }

  /** @internal */
  write(parts: LineParts, head: Head, into: Buffer, at: number): number {
    const { seq, id, salt, body } = parts;
    const middle = this.#middle;
    const idAt = at + head.bytes.length + digitsOf(seq);
    const bodyAt = idAt + middle.length;
    const end = Math.min(into.length, at + this.#maxBytes) - TAIL_BYTES;
    if (bodyAt > end) return NO_ROOM;
    dateHead(head, parts.timestamp);
    into.set(head.bytes, at);
    writeDigits(seq, into, idAt);
    into.set(middle, idAt);
    copyId(id, into, idAt + BEFORE_ID.length);
    // The type stands in front already.
    let to = writeFields(body, "event", into, bodyAt, end);
    if (to === NO_ROOM) return NO_ROOM;
    into.set(SALT_FIELD, to);
    to += SALT_FIELD.length;
    for (let index = 0; index < SALT_CHARACTERS; index++) into[to++] = salt.charCodeAt(index);
    into.set(LINE_END, to);
    return to + LINE_END.length;
  }
}

// --- internal ---

const BEFORE_ID = ',"id":"';
const SALT_FIELD: Buffer = Buffer.from(',"salt":"');
const LINE_END: Buffer = Buffer.from('"}\n');
/** All that stands behind the body. */
const TAIL_BYTES: number = SALT_FIELD.length + SALT_CHARACTERS + LINE_END.length;

class DraftLine implements ReadyLine {
  readonly #parts: LineParts;
  readonly #head: Head;
  readonly #writer: LineWriter;

  constructor(parts: LineParts, head: Head, writer: LineWriter) {
    this.#parts = parts;
    this.#head = head;
    this.#writer = writer;
  }

  writeTo(into: Buffer, at: number): number {
    // Once it was cut there is more behind the body.
    if (this.#parts.typed !== true) return NO_ROOM;
    return this.#writer.write(this.#parts, this.#head, into, at);
  }

  toBuffer(): Buffer {
    return Buffer.from(this.#writer.textOf(this.#parts));
  }
}

/** Whether anything stands between body and salt. */
function hasTail(parts: LineParts): boolean {
  return (
    parts.source !== undefined ||
    parts.truncated !== undefined ||
    parts.sanitized !== undefined ||
    parts.copy_of !== undefined ||
    parts.time_inferred === true
  );
}

/** `{"event":"TYPE","timestamp":"…","severity":"INFO","seq":` */
interface Head {
  bytes: Buffer;
  severity: string;
  /** The time that stands in it now, and where. */
  timestamp: string;
  timestampAt: number;
}

/** By type. Bounded, because custom types come from outside. */
const heads = new Map<string, Head>();
const MAX_HEADS = 1000;

/** Undefined for a type that is not written as it is. */
function headOf({ event: type, severity, timestamp }: LineParts): Head | undefined {
  const known = heads.get(type);
  if (known !== undefined && known.severity === severity) return known;
  const typeField = `{"event":${JSON.stringify(type)}`;
  if (Buffer.byteLength(typeField) !== typeField.length || typeField.includes("\u007f")) return undefined;
  const before = `${typeField},"timestamp":"`;
  const head = {
    bytes: Buffer.from(`${before}${timestamp}","severity":"${severity}","seq":`),
    severity,
    timestamp,
    timestampAt: before.length,
  };
  if (known !== undefined || heads.size < MAX_HEADS) heads.set(type, head);
  return head;
}

/** Many events fall into one millisecond, so it mostly stands there already. */
function dateHead(head: Head, timestamp: string): void {
  if (head.timestamp === timestamp) return;
  head.bytes.write(timestamp, head.timestampAt, "latin1");
  head.timestamp = timestamp;
}
