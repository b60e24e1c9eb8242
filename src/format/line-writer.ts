// The canonical line of an event as nearly all are logged, written straight into the buffer that goes to the kernel. It
// is the line that `encodeLine` gives, for less than half of what that costs as a text: joining texts means copying them,
// and most of an envelope is the same on every line, so it is kept as bytes. What remains is JSON.stringify.

import { copyId, ID_CHARACTERS, SALT_CHARACTERS } from "../base/ids.ts";
import type { LineParts } from "./line.ts";
import { escapeUnsafe } from "./safe-json.ts";

/** A line that is ready to be written. */
export interface ReadyLine {
  /** Whether it takes no more than so many bytes. */
  fitsIn(bytes: number): boolean;
  /** Writes it, where there has to be room for it, and returns where it ends. */
  writeTo(into: Buffer, at: number): number;
  /** The line by itself. */
  toBuffer(): Buffer;
}

/** Makes the lines of one session. */
export class LineWriter {
  /** From behind the number to the end of what a session never changes, with room for an id. */
  readonly #middle: Buffer;

  /** @param identity from `encodeIdentity` */
  constructor(identity: string) {
    this.#middle = Buffer.from(`${BEFORE_ID}${" ".repeat(ID_CHARACTERS)}"${identity}`);
  }

  /** The line of an event; undefined for one that only `encodeLine` can write. */
  lineOf(parts: LineParts): ReadyLine | undefined {
    if (parts.typed !== true || hasTail(parts)) return undefined;
    const head = headOf(parts);
    return head === undefined ? undefined : new DraftLine(parts, head, this.#middle);
  }
}

// --- internal ---

const BEFORE_ID = ',"id":"';
const SALT_FIELD: Buffer = Buffer.from(',"salt":"');
const LINE_END: Buffer = Buffer.from('"}\n');
/** All that stands behind the body. */
const TAIL_BYTES: number = SALT_FIELD.length + SALT_CHARACTERS + LINE_END.length;
const MOST_DIGITS = 16;

class DraftLine implements ReadyLine {
  readonly #parts: LineParts;
  readonly #head: Head;
  readonly #middle: Buffer;
  readonly #body: string;

  constructor(parts: LineParts, head: Head, middle: Buffer) {
    this.#parts = parts;
    this.#head = head;
    this.#middle = middle;
    this.#body = JSON.stringify(parts.body);
  }

  fitsIn(bytes: number): boolean {
    const room = bytes - this.#bytesAround();
    // A character takes at most six bytes: as an escape.
    return this.#body.length * 6 <= room || Buffer.byteLength(escapeUnsafe(this.#body)) <= room;
  }

  toBuffer(): Buffer {
    const bodyBytes = Buffer.byteLength(escapeUnsafe(this.#body));
    const bytes = Buffer.allocUnsafeSlow(this.#bytesAround() + bodyBytes);
    return bytes.subarray(0, this.writeTo(bytes, 0));
  }

  writeTo(into: Buffer, at: number): number {
    const { seq, id, salt } = this.#parts;
    const head = this.#head;
    const middle = this.#middle;
    const seqAt = at + head.bytes.length;
    const idAt = seqAt + digitsOf(seq);
    // The body's text begins with the type, which stands in front already. It comes first, so that what comes then
    // covers that much of it.
    let end = writeBody(this.#body, into, idAt + middle.length - head.typeBytes);
    dateHead(head, this.#parts.timestamp);
    into.set(head.bytes, at);
    writeDigits(seq, into, idAt);
    into.set(middle, idAt);
    copyId(id, into, idAt + BEFORE_ID.length);
    // In place of the body's closing brace.
    into.set(SALT_FIELD, --end);
    end += SALT_FIELD.length;
    for (let index = 0; index < SALT_CHARACTERS; index++) into[end++] = salt.charCodeAt(index);
    into.set(LINE_END, end);
    return end + LINE_END.length;
  }

  /** At most so much stands around the body. */
  #bytesAround(): number {
    return this.#head.bytes.length + MOST_DIGITS + this.#middle.length + TAIL_BYTES;
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

/** @returns where it ends */
function writeBody(body: string, into: Buffer, at: number): number {
  const written = into.write(body, at);
  // As many bytes as characters means ASCII, of which only DEL is unsafe.
  if (written === body.length && !body.includes("\u007f")) return at + written;
  const safe = escapeUnsafe(body);
  return at + (safe === body ? written : into.write(safe, at));
}

/** `{"event":"TYPE","timestamp":"…","severity":"INFO","seq":` */
interface Head {
  bytes: Buffer;
  severity: string;
  /** The time that stands in it now, and where. */
  timestamp: string;
  timestampAt: number;
  /** Length of `{"event":"TYPE"`. */
  typeBytes: number;
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
    typeBytes: typeField.length,
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

function digitsOf(value: number): number {
  if (value >= 1e9) return String(value).length;
  let digits = 1;
  for (let limit = 10; value >= limit; limit *= 10) digits++;
  return digits;
}

function writeDigits(value: number, into: Buffer, end: number): void {
  let rest = value;
  let at = end;
  do {
    const tenth = Math.floor(rest / 10);
    into[--at] = 0x30 + (rest - tenth * 10);
    rest = tenth;
  } while (rest > 0);
}
