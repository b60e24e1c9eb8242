// A session as replay holds it: for each event its type, its time and where it stands. Bodies stay on disk and are read
// when they are asked for, so a tape costs some 100 bytes an event, however large the events are.

import { TracekeepError } from "../base/errors.ts";
import type { Event } from "../event/index.ts";
import type { EventPlace, Reader, ReadReport } from "../read/index.ts";
import { instantOf } from "../summary/index.ts";

/** What replay keeps of an event. */
export interface TapeEvent extends EventPlace {
  event: string;
  /** Milliseconds since 1970, never less than that of the event before: recorded times may go back, a replay cannot. */
  timeMs: number;
}

export class Tape {
  readonly sessionId: string;
  readonly events: readonly TapeEvent[];
  /** What could not be read of the session. */
  readonly report: ReadReport;
  readonly #reader: Reader;

  constructor(reader: Reader, sessionId: string, events: readonly TapeEvent[], report: ReadReport) {
    this.#reader = reader;
    this.report = report;
    this.sessionId = sessionId;
    this.events = events;
  }

  /** An event with its body, read from disk. @throws TracekeepError `IO` when it is gone */
  read(place: EventPlace): Event {
    const event = this.#reader.eventAt(place);
    if (event !== undefined) return event;
    const { session_id: sessionId, seq, file, offset } = place;
    throw new TracekeepError("IO", `event ${seq} of session ${sessionId} is gone`, {
      path: file,
      offset,
      seq,
      hint: "the log was changed meanwhile; begin the replay again",
    });
  }
}

/**
 * Reads the tape of a session: one pass, about 140 MB a second.
 *
 * @param observe is shown every event in order, so that nothing has to be read twice
 * @throws TracekeepError `NO_SESSION`
 */
export function readTape(
  reader: Reader,
  session: string,
  observe?: (event: Event, place: TapeEvent) => void,
): Tape {
  const events: TapeEvent[] = [];
  let timeMs = NaN;
  let isRecorded = true;
  const lines = reader.lines({ session });
  for (const { event, file, offset } of lines) {
    if (event.event === "START") isRecorded = event["origin"] === "recorded";
    const ownMs = instantOf(event.timestamp);
    // When a transcript was imported further is no time of the session that it tells of.
    const isForeign = event.event === "RESUMED" && !isRecorded;
    if (Number.isNaN(timeMs) || (ownMs > timeMs && !isForeign)) timeMs = ownMs;
    const { session_id, seq, event: type } = event;
    const place: TapeEvent = { session_id, seq, event: type, timeMs, file, offset };
    events.push(place);
    observe?.(event, place);
  }
  return new Tape(reader, events[0]?.session_id ?? session, events, lines.report);
}
