// How a session's log comes to be written: a new one, one that is gone on with, or one behind an archived segment.

import { ioError, TracekeepError } from "../../base/errors.ts";
import { encodeIdentity, encodeLineWithin, MAX_LINE_BYTES } from "../../format/index.ts";
import type { LineParts } from "../../format/index.ts";
import { nodeDisk } from "../disk/disk.ts";
import { OpenFile } from "../disk/open-file.ts";
import { startSegment } from "./next-segment.ts";
import { healTail } from "./recover.ts";
import { createSegment, freeSegmentPath, lastSeqOf, openLastSegment } from "./segment.ts";
import { SessionLog } from "./session-log.ts";
import type { SessionLogOptions } from "./session-log.ts";

/**
 * Creates a log under the first of `names` that is free.
 *
 * @throws TracekeepError when it cannot be created
 */
export function createSessionLog(
  directory: string,
  names: readonly string[],
  first: LineParts,
  options: SessionLogOptions,
): SessionLog {
  const { disk = nodeDisk, sessionId, agentId, maxLineBytes = MAX_LINE_BYTES } = options;
  const line = Buffer.from(encodeLineWithin(first, encodeIdentity(sessionId, agentId), maxLineBytes));
  const isDurable = options.durability === "fsync";
  let file: OpenFile;
  try {
    file = createSegment(disk, directory, names, [line], { isDurable });
  } catch (error) {
    throw error instanceof TracekeepError ? error : ioError("create a session in", directory, error);
  }
  options.onAppend?.(first);
  const sealFrom = { seq: first.seq, firstLine: line };
  const written = isDurable ? undefined : line;
  return new SessionLog({ file, nextSeq: first.seq + 1, isDurable, written, sealFrom }, options);
}

/**
 * Opens an existing log to go on with it: takes the lock of its last segment and heals its end (promise P2).
 *
 * @param file any of its segments outside the archive
 * @throws TracekeepError `SESSION_BUSY` while another writer has it
 */
export function openSessionLog(file: string, options: SessionLogOptions): SessionLog {
  const { disk = nodeDisk, sessionId } = options;
  let fd: number | undefined;
  try {
    const last = openLastSegment(disk, file, sessionId);
    fd = last.fd;
    const recovered = healTail(disk, fd, last.file);
    // Whether an earlier writer had its name synced is not known.
    const opened = new OpenFile(disk, last.file, fd, {
      size: disk.size(fd),
      isNameDurable: false,
      isOurs: true,
    });
    const nextSeq = lastSeqOf(last.file) + 1;
    fd = undefined;
    return new SessionLog(
      { file: opened, nextSeq, isDurable: false, sealFrom: { seq: nextSeq }, recovered, mayHaveLeft: true },
      options,
    );
  } catch (error) {
    if (fd !== undefined) disk.close(fd);
    throw error instanceof TracekeepError ? error : ioError("open the session", file, error);
  }
}

/**
 * Goes on with a log whose last segment is in the archive: begins another behind it. Nobody else may do so meanwhile.
 *
 * @param archived that segment
 * @throws TracekeepError when it cannot be read, or the next one not be created
 */
export function openSessionLogBehind(archived: string, options: SessionLogOptions): SessionLog {
  const { disk = nodeDisk, sessionId, agentId, durability } = options;
  const isDurable = durability === "fsync";
  try {
    const { file, event, header } = startSegment(disk, freeSegmentPath(disk, archived), {
      seq: lastSeqOf(archived) + 1,
      identity: encodeIdentity(sessionId, agentId),
      isDurable,
    });
    options.onAppend?.(event);
    const written = isDurable ? undefined : header;
    return new SessionLog({ file, nextSeq: event.seq + 1, isDurable, written }, options);
  } catch (error) {
    throw error instanceof TracekeepError ? error : ioError("open the session", archived, error);
  }
}
