// The writer of a session log, and the only place where its events get their numbers. One event, one line; a number is
// used up only by an event that was taken, so `seq` never has a gap, and what was refused is said by a GAP event.

import path from "node:path";

import { ioError, TracekeepError } from "../base/errors.ts";
import { FORMAT_VERSION } from "../event/index.ts";
import type { JsonObject } from "../event/index.ts";
import { encodeIdentity, encodeLine, encodeLineWithin, MAX_LINE_BYTES } from "../format/index.ts";
import type { LineParts } from "../format/index.ts";
import { AppendFile } from "./append-file.ts";
import { nodeDisk } from "./disk.ts";
import type { Disk } from "./disk.ts";
import type { Durability } from "./durability.ts";
import { firstSegmentPath, segmentNumber } from "./layout.ts";
import { OpenFile, syncFile } from "./open-file.ts";
import { ownEvent } from "./own-event.ts";
import { finishHealing, healTail } from "./recover.ts";
import type { Sealer } from "./sealer.ts";
import {
  createSegment,
  freeSegmentPath,
  lastSeqOf,
  nextSegment,
  openLastSegment,
  segmentsOf,
} from "./segment.ts";
import { Ticket } from "./ticket.ts";
import { MAX_KEPT_BYTES } from "./unsynced.ts";
import type { Unsynced } from "./unsynced.ts";

/** Default of `segmentBytes`. */
export const SEGMENT_BYTES: number = 10 * 1024 * 1024;

export interface SessionLogOptions {
  sessionId: string;
  agentId: string;
  durability: Durability;
  /** Longest line, in bytes; longer events are cut. Default 16 MiB. */
  maxLineBytes?: number | undefined;
  /** A segment that has so many bytes is the last no more: the next event begins another. Default 10 MiB. */
  segmentBytes?: number | undefined;
  /** Called with every event once it has its number. */
  onAppend?: ((parts: LineParts) => void) | undefined;
  /** Called when `onAppend` was told of events that could not be written after all. */
  onLost?: (() => void) | undefined;
  /** Called when something could not be written or synced. */
  onFault?: ((error: TracekeepError) => void) | undefined;
  /** Seals the log. Default: it is not sealed. */
  sealer?: Sealer | undefined;
  disk?: Disk | undefined;
}

/** Why and when a segment is begun. */
interface SegmentStart {
  timestamp?: string | undefined;
  /** After a failed sync: that failure, and the lines to write again. */
  failure?: TracekeepError;
  unsynced?: Unsynced;
}

export class SessionLog {
  readonly durability: Durability;
  readonly #options: SessionLogOptions;
  readonly #disk: Disk;
  readonly #identity: string;
  readonly #file: AppendFile;
  #nextSeq: number;
  /** The segment is left once it is so long. */
  #switchAtBytes: number;
  /** Segments left without a sync, at `os`. */
  #unsyncedSegments: string[] = [];
  /** Events refused since the last GAP event that was written. */
  #refused = 0;
  /** How many refused events a GAP event speaks of that is still in the buffer. */
  #refusedInBuffer = 0;

  private constructor(file: OpenFile, nextSeq: number, options: SessionLogOptions) {
    this.durability = options.durability;
    this.#options = options;
    this.#disk = options.disk ?? nodeDisk;
    this.#identity = encodeIdentity(options.sessionId, options.agentId);
    this.#nextSeq = nextSeq;
    this.#switchAtBytes = options.segmentBytes ?? SEGMENT_BYTES;
    this.#file = new AppendFile({
      file,
      durability: options.durability,
      onWritten: () => {
        this.#refused -= this.#refusedInBuffer;
        this.#refusedInBuffer = 0;
      },
      onLost: (lines) => {
        this.#nextSeq -= lines;
        // A GAP event among them is no loss of the caller's; what it spoke of is still to be said.
        this.#refused += this.#refusedInBuffer > 0 ? lines - 1 : lines;
        this.#refusedInBuffer = 0;
        options.onLost?.();
      },
      onFault: (error) => options.onFault?.(error),
      witness: options.sealer,
      replace: (unsynced, failure) => this.#beginSegment({ unsynced, failure }),
    });
  }

  /**
   * Creates a log under the first of `names` that is free.
   *
   * @throws TracekeepError when it cannot be created
   */
  static create(
    directory: string,
    names: readonly string[],
    first: LineParts,
    options: SessionLogOptions,
  ): SessionLog {
    const disk = options.disk ?? nodeDisk;
    const line = Buffer.from(encodeLine(first, encodeIdentity(options.sessionId, options.agentId)));
    let file: OpenFile;
    try {
      file = createSegment(disk, directory, names, [line], options.durability === "fsync");
    } catch (error) {
      throw error instanceof TracekeepError ? error : ioError("create a session in", directory, error);
    }
    options.onAppend?.(first);
    const log = new SessionLog(file, first.seq + 1, options);
    if (options.durability === "interval") log.#file.countWritten(line);
    log.#beginSealing(first.seq, line);
    return log;
  }

  /**
   * Opens an existing log to go on with it: takes the lock of its last segment and heals its end (promise P2).
   *
   * @param file any of its segments outside the archive
   * @throws TracekeepError `SESSION_BUSY` while another writer has it
   */
  static open(file: string, options: SessionLogOptions): SessionLog {
    const disk = options.disk ?? nodeDisk;
    let fd: number | undefined;
    try {
      const last = openLastSegment(disk, file, options.sessionId);
      fd = last.fd;
      const recovered = healTail(disk, fd, last.file);
      const opened = new OpenFile(disk, last.file, fd, disk.size(fd));
      const log = new SessionLog(opened, lastSeqOf(last.file) + 1, options);
      fd = undefined;
      log.#beginSealing(log.#nextSeq);
      if (recovered !== undefined) log.#recordRecovered(recovered);
      return log;
    } catch (error) {
      if (fd !== undefined) disk.close(fd);
      throw error instanceof TracekeepError ? error : ioError("open the session", file, error);
    }
  }

  /** The file that is written to, the last segment of the log. */
  get path(): string {
    return this.#file.path;
  }

  /** The number that the next event will have. */
  get nextSeq(): number {
    return this.#nextSeq;
  }

  /** Why nothing more is accepted, once that is so. */
  get failure(): TracekeepError | undefined {
    return this.#file.failure;
  }

  /**
   * Numbers an event (`parts.seq` is set here) and takes it into the buffer. Whether it then reached the disk is told
   * by the ticket, when a durability is asked for.
   *
   * @throws TracekeepError when the event is refused
   */
  append(parts: LineParts, ticketFor?: Durability): Ticket | undefined {
    try {
      this.prepare(parts.timestamp);
      return this.#put(parts, ticketFor);
    } catch (error) {
      this.#refused++;
      throw error;
    }
  }

  /**
   * Writes what is due before the next event has its number: the first line of another segment, and a GAP event for
   * those that were refused. Every append does it first.
   *
   * @param timestamp of that next event, and so of the segment: an imported one happened long ago. Default: now
   * @throws TracekeepError when nothing more is accepted
   */
  prepare(timestamp?: string): void {
    if (this.#file.bytes >= this.#switchAtBytes) this.#switchForSize(timestamp);
    if (this.#file.keptBytes >= MAX_KEPT_BYTES) this.#syncForRoom();
    this.#sayWhatWasRefused();
  }

  /** Hands everything buffered to the kernel. @throws TracekeepError when those events are lost */
  flush(): void {
    this.#file.flush();
  }

  /** Hands everything to the kernel and returns when it is on the medium. @throws TracekeepError */
  sync(): void {
    this.#file.sync();
    for (let left; (left = this.#unsyncedSegments.shift()) !== undefined;) syncFile(this.#disk, left);
  }

  /**
   * Begins the next segment; the present one is complete then. Costs the creation of a file.
   *
   * @throws TracekeepError when it cannot be created; the log goes on in the present one then
   */
  rotate(timestamp?: string): void {
    this.#file.switchTo(() => {
      const left = this.path;
      const next = this.#beginSegment({ timestamp });
      if (this.durability === "os") this.#unsyncedSegments.push(left);
      return next;
    });
  }

  /** Writes out what is buffered and lets go of the log. @throws TracekeepError when that fails; it is closed then too */
  close(): void {
    try {
      if (this.#file.failure === undefined) this.#sayWhatWasRefused();
    } finally {
      this.#file.close();
    }
  }

  // --- internal ---

  #beginSealing(firstSeq: number, firstLine?: Uint8Array): void {
    const { sealer, sessionId } = this.#options;
    sealer?.attach({
      file: firstSegmentPath(this.path),
      files: () => segmentsOf(this.path, sessionId),
      firstSeq,
      firstLine,
      requestSync: () => this.#file.requestSync(),
    });
  }

  #recordRecovered(body: JsonObject): void {
    const healed = this.path;
    try {
      this.#put(ownEvent("RECOVERED", body), "fsync");
      this.#file.sync();
      finishHealing(this.#disk, healed);
    } catch (error) {
      this.#file.close();
      throw error;
    }
  }

  #put(parts: LineParts, ticketFor?: Durability): Ticket | undefined {
    parts.seq = this.#nextSeq;
    const line = encodeLineWithin(parts, this.#identity, this.#options.maxLineBytes ?? MAX_LINE_BYTES);
    const ticket = ticketFor === undefined ? undefined : new Ticket(parts.seq, ticketFor);
    this.#file.put(line, ticket);
    this.#nextSeq++;
    this.#options.onAppend?.(parts);
    return ticket;
  }

  #switchForSize(timestamp: string | undefined): void {
    try {
      this.rotate(timestamp);
    } catch {
      // A longer segment does no harm. It is tried again after as many bytes more; whatever was wrong has been told.
      this.#switchAtBytes += this.#options.segmentBytes ?? SEGMENT_BYTES;
    }
  }

  #syncForRoom(): void {
    try {
      this.#file.sync();
    } catch {
      // The tickets and onFault have been told; if nothing more is accepted, the append says so.
    }
  }

  /**
   * Creates the next segment, whose first line takes the next number. After a failed sync the lines since the last good
   * one are in it as they are, and it returns when they are on the medium.
   */
  #beginSegment({ unsynced, failure, timestamp }: SegmentStart): OpenFile {
    const { sessionId, segmentBytes = SEGMENT_BYTES, onAppend, onFault, sealer } = this.#options;
    const next = freeSegmentPath(this.#disk, this.path);
    const header = ownEvent("SEGMENT", {
      format: FORMAT_VERSION,
      segment: segmentNumber(next),
      first_seq: this.#nextSeq - (unsynced?.keptLines ?? 0),
      ...(failure === undefined ? {} : { reason: failure.message }),
    });
    header.seq = this.#nextSeq;
    header.timestamp = timestamp ?? header.timestamp;
    const lines = [Buffer.from(encodeLine(header, this.#identity)), ...(unsynced?.kept ?? [])];
    const isDurable = failure !== undefined || this.durability !== "os";
    let file: OpenFile;
    try {
      file = createSegment(this.#disk, path.dirname(next), [path.basename(next)], lines, isDurable);
    } catch (cause) {
      const error = cause instanceof TracekeepError ? cause : ioError("create the segment", next, cause);
      // It is there and could not be taken away again. The next writer goes on in it, so nothing may follow here.
      if (nextSegment(this.path, sessionId) !== undefined) throw this.#file.fail(error);
      if (failure === undefined) onFault?.(error);
      throw error;
    }
    this.#nextSeq++;
    this.#switchAtBytes = segmentBytes;
    if (lines[0] !== undefined) sealer?.written(lines[0]);
    if (isDurable && failure === undefined) sealer?.syncing()();
    onAppend?.(header);
    return file;
  }

  #sayWhatWasRefused(): void {
    if (this.#refused === this.#refusedInBuffer) return;
    const count = this.#refused - this.#refusedInBuffer;
    this.#put(ownEvent("GAP", { count, reason: "these events could not be written" }));
    this.#refusedInBuffer += count;
  }
}
