// What reading in either direction does with a line of one file: an event, several where lines lie upon one another, or
// bytes to report.

import { isUtf8 } from "node:buffer";

import { TracekeepError } from "../../base/errors.ts";
import type { Event, JsonObject } from "../../event/index.ts";
import { decodeLine, decodeRecord, salvageLine } from "../../format/index.ts";
import type { SessionLogFile } from "../../store/session/catalog.ts";
import { foreignEvent, ObjectGatherer, wholeObject } from "../lines/foreign.ts";
import { UNFINISHED_LINE } from "../lines/report.ts";
import type { ReadReport } from "../lines/report.ts";
import type { SessionLogs } from "./session-logs.ts";

/** An event and the line it was read from. */
export interface FoundEvent {
  event: Event;
  file: SessionLogFile;
  offset: number;
  /**
   * The line with its `\n`, valid until the next step; of a line that holds several events, and of a last one that was
   * left without it, no more than the event.
   */
  bytes: Buffer;
}

/** What is given on of an event's bytes: a line, whatever it stood on. */
export function storedText(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  return text.endsWith("\n") ? text : `${text}\n`;
}

export class SegmentReader {
  /** Events of lines that held more, or less, than one. */
  salvaged: FoundEvent[] = [];
  readonly #file: SessionLogFile;
  readonly #report: ReadReport;
  readonly #isLast: boolean;
  /** The next segment was begun after a failed sync of this one (promise P4). */
  readonly isAbandoned: boolean;
  /** The next segment holds the events from here on again. */
  readonly #supersededFrom: number;
  /** Number of the line that comes next, as far as those before it tell. */
  #dueSeq: number;
  readonly #step: 1 | -1;
  readonly #gatherer = new ObjectGatherer();
  readonly #sessionId: string;
  /** Records of a foreign file so far, those that were passed over included. */
  #records = 0;

  constructor(
    session: SessionLogs,
    index: number,
    report: ReadReport,
    { backwards = false }: { backwards?: boolean } = {},
  ) {
    const file = session.files[index];
    if (file === undefined) throw new RangeError(`the session has no file ${index}`);
    this.#file = file;
    this.#sessionId = session.sessionId;
    this.#report = report;
    this.#isLast = index === session.files.length - 1 && !file.archived;
    const next = session.files[index + 1];
    this.isAbandoned = next?.headerSeq !== undefined;
    this.#supersededFrom = next?.firstSeq ?? Infinity;
    this.#dueSeq = backwards ? Infinity : file.firstSeq;
    this.#step = backwards ? -1 : 1;
  }

  /** Notes an event by its number, without looking at the rest of it; false when a later segment holds it again. */
  counts(seq: number): boolean {
    if (seq >= this.#supersededFrom) {
      this.#report.superseded++;
      return false;
    }
    this.#report.read++;
    return true;
  }

  /** The same of a line that was skimmed. */
  countsSkimmed({ seq, timeMs }: { seq: number; timeMs: number }): boolean {
    if (!this.isForeign) return this.countsNumber(seq);
    this.pass(1);
    if (Number.isNaN(timeMs)) this.#report.timeless++;
    return true;
  }

  /** Whether it holds what our writer did not make. */
  get isForeign(): boolean {
    return this.#file.foreign === true;
  }

  /** Whether the events up to this number are shown from this segment: no later one holds them again. */
  isShownUpTo(seq: number): boolean {
    return !this.isAbandoned && seq < this.#supersededFrom;
  }

  /** Whether that is so of all events. */
  get showsAll(): boolean {
    return this.isShownUpTo(Number.MAX_SAFE_INTEGER);
  }

  /** How many digits of a number that is shown tell that it is: other numbers of as many digits that begin so are, too. */
  digitsToTell(seq: number): number {
    const [digits, end] = [String(seq), String(this.#supersededFrom)];
    if (this.#supersededFrom === Infinity || digits.length < end.length) return 0;
    let same = 0;
    while (digits[same] === end[same]) same++;
    return same + 1;
  }

  /** Notes events that need not be looked at. */
  pass(events: number): void {
    // A line that is a record by itself is no part of one that was begun before it.
    if (events > 0 && this.#gatherer.isGathering) this.#salvageGathered();
    this.#report.read += events;
    this.#records += events;
  }

  decode(bytes: Buffer, offset: number): FoundEvent | undefined {
    if (this.#file.foreign === true) return this.#decodeForeign(bytes, offset);
    const decoded = decodeLine(bytes);
    if (decoded.kind === "event") return this.#found(decoded.event, offset, bytes);
    if (decoded.kind === "torn" && this.#isLast) this.#skip(offset, bytes.length, UNFINISHED_LINE);
    else this.#salvage(bytes, offset, decoded.reason);
    return undefined;
  }

  /** At the end of the file: what is gathered still will not be completed. */
  end(): void {
    if (this.#gatherer.isGathering) this.#salvageGathered();
  }

  takeSalvaged(): FoundEvent[] {
    const found = this.salvaged;
    this.salvaged = [];
    return found;
  }

  skipLong(offset: number, length: number): undefined {
    this.#skip(offset, length, "the line is longer than 64 MiB");
  }

  /** The rest of a file could not be read, whatever the reason. */
  failed(error: unknown, from: number, to: number = from): void {
    if (!(error instanceof TracekeepError)) throw error;
    this.#report.skip(this.#file.path, from, to, error.message);
  }

  // --- internal ---

  #decodeForeign(bytes: Buffer, offset: number): FoundEvent | undefined {
    const record = wholeObject(bytes);
    if (this.#gatherer.isGathering) {
      // A line that is a record by itself is no part of one that was begun before it: that one was cut off.
      if (record === undefined || bytes[0] !== OPEN) {
        if (this.#gatherer.add(bytes)) this.#salvageGathered();
        return undefined;
      }
      this.#salvageGathered();
    }
    if (record !== undefined) return this.#foundForeign(record, offset, bytes);
    if (!this.#gatherer.begin(bytes, offset)) this.#salvage(bytes, offset, undefined);
    return undefined;
  }

  #salvageGathered(): void {
    const { from } = this.#gatherer;
    this.#salvage(this.#gatherer.take(), from, undefined);
  }

  /** Takes a line apart, and reports what of it is no event. */
  #salvage(bytes: Buffer, offset: number, reason: string | undefined): void {
    const isForeign = this.#file.foreign === true;
    const isRecord = (object: JsonObject, at: number): boolean =>
      !isValue(bytes, at) && (isForeign ? isTyped(object) : this.#eventOf(object) !== undefined);
    const damage: { from: number; to: number; reason: string }[] = [];
    let hasEvent = false;
    const pieces = salvageLine(bytes, { terminated: true, isRecord, inArray: isForeign });
    for (const [index, piece] of pieces.entries()) {
      const { from, to } = piece;
      if (piece.kind !== "record") {
        damage.push({ from, to, reason: "reason" in piece ? piece.reason : "cut off" });
        continue;
      }
      const isPart = pieces[index + 1]?.kind === "damage" && goesOn(bytes, to);
      if (isPart) {
        damage.push({ from, to, reason: "a piece of a record" });
        continue;
      }
      const part = Buffer.from(bytes.subarray(from, to));
      const event = isForeign || !isUtf8(part) ? undefined : this.#eventOf(piece.record);
      if (!isForeign && event === undefined) {
        damage.push({ from, to, reason: "JSON, but no event of this session" });
        continue;
      }
      hasEvent = true;
      const found =
        event === undefined
          ? this.#foundForeign(piece.record, offset + from, part)
          : this.#found(event, offset + from, part);
      if (found !== undefined) this.salvaged.push(found);
    }
    // Of a line that holds nothing else, what the parser says tells more than its pieces do.
    if (!hasEvent && reason !== undefined) this.#skip(offset, bytes.length, reason);
    else for (const { from, to, reason: why } of damage) this.#skip(offset + from, to - from, why);
  }

  /** An object as an event of this very session. */
  #eventOf(object: JsonObject): Event | undefined {
    const decoded = decodeRecord(object);
    return decoded.kind === "event" && decoded.event.session_id === this.#file.sessionId
      ? decoded.event
      : undefined;
  }

  #found(event: Event, offset: number, bytes: Buffer): FoundEvent | undefined {
    return this.countsNumber(event.seq) ? { event, file: this.#file, offset, bytes } : undefined;
  }

  /** Notes an event of a log of ours by its number; false when a later segment holds it again. */
  countsNumber(seq: number): boolean {
    if (seq !== this.#file.headerSeq) this.#dueSeq = seq + this.#step;
    return this.counts(seq);
  }

  #foundForeign(record: JsonObject, offset: number, bytes: Buffer): FoundEvent {
    if (!isUtf8(bytes)) this.#skip(offset, bytes.length, "not valid UTF-8; read with U+FFFD in its place");
    const event = foreignEvent(record, { sessionId: this.#sessionId, seq: this.#records++ });
    this.#report.read++;
    if (event.timestamp === "") this.#report.timeless++;
    return { event, file: this.#file, offset, bytes };
  }

  #skip(offset: number, length: number, reason: string): void {
    const isSuperseded = this.isAbandoned && this.#dueSeq >= this.#supersededFrom;
    this.#dueSeq += this.#step;
    if (isSuperseded) this.#report.superseded++;
    else this.#report.skip(this.#file.path, offset, offset + length, reason);
  }
}

// --- internal ---

const OPEN = 0x7b;
const [COLON, COMMA, OPEN_ARRAY, CLOSE_ARRAY, CLOSE] = [0x3a, 0x2c, 0x5b, 0x5d, 0x7d];

/** Whether an object stands where the value of another, or of its lists, does: then it is a piece of that one. */
function isValue(bytes: Buffer, at: number): boolean {
  const before = bytes[at - 1];
  return before === COLON || before === COMMA || before === OPEN_ARRAY;
}

/** Whether what follows an object is more of the object, or the list, that it stood in. */
function goesOn(bytes: Buffer, at: number): boolean {
  const next = bytes[at];
  return next === COMMA || next === CLOSE_ARRAY || next === CLOSE;
}

function isTyped(object: JsonObject): boolean {
  const { event, event_type: eventType, type } = object;
  return [event, eventType, type].some((name) => typeof name === "string");
}
