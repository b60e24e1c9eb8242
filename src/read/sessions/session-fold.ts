// A session folded as a whole: from the beginning, or from what an index knows of it on.

import type { Event } from "../../event/index.ts";
import { decodeRecord, parseObject } from "../../format/index.ts";
import { LineCursor } from "../../store/reading/line-reader.ts";
import { isCompressed } from "../../store/session/file-mark.ts";
import { newFold } from "../../store/session/session-entry.ts";
import type { EventPlace, FoldedSession } from "../../store/session/session-entry.ts";
import { FoldedEvent, foldEvent } from "../../summary/index.ts";
import type { SessionSummary } from "../../summary/index.ts";
import { returnLineFigures, takeLineFigures } from "../lines/line-figures.ts";
import type { LineFigures } from "../lines/line-figures.ts";
import type { ReadReport } from "../lines/report.ts";
import { scanSession } from "../scan/scan.ts";
import type { SessionLogs } from "../scan/session-logs.ts";
import { isPause } from "../scan/stream.ts";
import type { Pause } from "../scan/stream.ts";
import { isNotable, notablePlaces, noteEvent } from "./session-index.ts";

/**
 * Folds all of a session, from what is known of it on.
 *
 * @param before called with each event that is read, and the figures of those before it
 */
export function* foldWhole(
  session: SessionLogs,
  known: FoldedSession | undefined,
  report: ReadReport,
  notable?: (event: Event) => void,
  before?: (event: Event, summary: SessionSummary) => void,
): Generator<Pause, FoldedSession, undefined> {
  const folded = known ?? newFold(session.sessionId, session.agentId);
  report.read += folded.summary.events;
  if (notable !== undefined) for (const event of eventsAt(session, notablePlaces(folded))) notable(event);
  if (!folded.hasMore) return folded;
  const numbers = new Map(session.files.map((file, number) => [file, number]));
  // A compressed segment is complete, and the offset that is known of it is none in its lines.
  const isComplete = known !== undefined && isCompressed(session.files[folded.file]?.path ?? "");
  const from = isComplete
    ? { file: folded.file + 1, offset: 0 }
    : { file: folded.file, offset: folded.offset };
  const take = ({ head, body }: FoldedEvent, place: EventPlace): void => {
    foldEvent(folded.summary, head, body);
    noteEvent(folded, head, body, place);
    const [number, offset, bytes] = place;
    if (number !== folded.file || offset + bytes > folded.offset) folded.offset = offset + bytes;
    folded.file = number;
  };
  const figures = before === undefined ? takeLineFigures() : undefined;
  const fold = figures && {
    figures,
    // Of the first event and the first message more is told.
    accepts: ({ folded: { head, body } }: LineFigures) =>
      folded.summary.started_at !== null &&
      (folded.summary.preview !== null || head.event !== "USER_MESSAGE") &&
      (notable === undefined || !isNotable(head, body)),
    take: ({ folded: event }: LineFigures, file: number, offset: number, length: number) =>
      take(event, [file, offset, length]),
  };
  try {
    for (const found of scanSession(session, undefined, report, { from, fold })) {
      if (isPause(found)) {
        yield found;
        continue;
      }
      const { event, file, offset, bytes } = found;
      before?.(event, folded.summary);
      parsed.take(event);
      take(parsed, [numbers.get(file) ?? 0, offset, bytes.length]);
      if (notable !== undefined && isNotable(event, event)) notable(event);
    }
  } finally {
    if (figures !== undefined) returnLineFigures(figures);
  }
  return folded;
}

/** What is known of a session, if its notable events can be had from it. */
export function withEvents(
  known: FoldedSession | undefined,
  { files }: SessionLogs,
): FoldedSession | undefined {
  if (known?.findings === undefined) return undefined;
  const canRead = notablePlaces(known).every(([file]) => !isCompressed(files[file]?.path ?? ".gz"));
  return canRead ? known : undefined;
}

// --- internal ---

/** The event that is taken in at the moment. */
const parsed = new FoldedEvent();

/** A line may hold more than the event: another that was glued to it. */
function* eventsAt({ files }: SessionLogs, places: readonly EventPlace[]): Generator<Event, void, undefined> {
  for (const [number, offset, length] of places) {
    const lines = new LineCursor(files[number]?.path ?? "", offset);
    try {
      const record = lines.next() ? parseObject(lines.bytes, 0, length) : undefined;
      const decoded = record && decodeRecord(record);
      if (decoded?.kind === "event") yield decoded.event;
    } finally {
      lines.close();
    }
  }
}
