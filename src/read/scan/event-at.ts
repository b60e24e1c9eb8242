// An event that was read before, read again from where it stands.

import { TracekeepError } from "../../base/errors.ts";
import type { Event } from "../../event/index.ts";
import { decodeLine } from "../../format/index.ts";
import { readLineAt } from "../../store/reading/line-reader.ts";

/** Where an event stands: which one it is, and the line it was found on. */
export interface EventPlace {
  session_id: string;
  seq: number;
  file: string;
  offset: number;
}

/** The event at its place; undefined when it does not stand there any more. About 20 µs. */
export function eventAt({ session_id: sessionId, seq, file, offset }: EventPlace): Event | undefined {
  try {
    const bytes = readLineAt(file, offset);
    const decoded = bytes === undefined ? undefined : decodeLine(bytes);
    if (decoded?.kind !== "event") return undefined;
    const { event } = decoded;
    return event.seq === seq && event.session_id === sessionId ? event : undefined;
  } catch (error) {
    if (!(error instanceof TracekeepError)) throw error;
    return undefined;
  }
}
