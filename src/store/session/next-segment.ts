// The beginning of a segment behind another: SEGMENT, which says whose log it is and where in it, and, when the one before
// cannot be gone on with, the lines that must not be lost with it.

import path from "node:path";

import { FORMAT_VERSION } from "../../event/index.ts";
import { encodeLine } from "../../format/index.ts";
import type { LineParts } from "../../format/index.ts";
import { concat } from "../append/file-remedies.ts";
import type { Tail } from "../append/file-remedies.ts";
import type { Disk } from "../disk/disk.ts";
import type { LeftFile } from "../disk/left-file.ts";
import type { OpenFile } from "../disk/open-file.ts";
import { segmentNumber } from "../layout.ts";
import { ownEvent } from "./own-event.ts";
import { createSegment } from "./segment.ts";

/** How a segment begins. */
export interface SegmentStart {
  /** The number of its SEGMENT. */
  seq: number;
  /** What stands on each line about the session. */
  identity: string;
  /** Return when it is on the medium. */
  isDurable: boolean;
  /** Of its SEGMENT. Default: now. */
  timestamp?: string | undefined;
  /** Why the segment before cannot be gone on with, and what must not be lost with it. */
  failure?: Error | undefined;
  tail?: Tail | undefined;
  /** Files that were left before it, and are to be on the medium when it is. */
  leftBefore?: readonly LeftFile[] | undefined;
}

/** A segment that was begun, and its SEGMENT as an event and as a line. */
export interface StartedSegment {
  file: OpenFile;
  event: LineParts;
  header: Buffer;
}

/** Creates a segment and takes its lock. @throws when it cannot be created; then there is none */
export function startSegment(disk: Disk, file: string, start: SegmentStart): StartedSegment {
  const { identity, isDurable, tail, leftBefore } = start;
  const event = segmentEvent(file, start);
  const header = Buffer.from(encodeLine(event, identity));
  const lines = concat([header], tail?.bytes ?? []);
  const created = createSegment(disk, path.dirname(file), [path.basename(file)], lines, {
    isDurable,
    ...(leftBefore === undefined ? {} : { leftBefore }),
  });
  return { file: created, event, header };
}

// --- internal ---

function segmentEvent(file: string, { seq, tail, failure, timestamp }: SegmentStart): LineParts {
  const event = ownEvent("SEGMENT", {
    format: FORMAT_VERSION,
    segment: segmentNumber(file),
    first_seq: seq - (tail?.lines ?? 0),
    ...(failure === undefined ? {} : { reason: failure.message }),
  });
  event.seq = seq;
  event.timestamp = timestamp ?? event.timestamp;
  return event;
}
