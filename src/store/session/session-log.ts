// The writer of a session log, and the only place where its events get their numbers. One event, one line; a number is
// used up only by an event that was taken, so `seq` never has a gap, and what was refused is said by a GAP event.

import path from "node:path";

import { ioError, TracekeepError } from "../../base/errors.ts";
import { formatTimestamp } from "../../event/index.ts";
import type { JsonObject } from "../../event/index.ts";
import { encodeIdentity, LineWriter, MAX_LINE_BYTES } from "../../format/index.ts";
import type { LineParts } from "../../format/index.ts";
import { AppendFile } from "../append/append-file.ts";
import type { Durability } from "../append/durability.ts";
import type { Begun, FileRemedies } from "../append/file-remedies.ts";
import type { Line } from "../append/line-buffer.ts";
import type { Outage } from "../append/outage.ts";
import { RefusedEvents } from "../append/refused-events.ts";
import { Spill } from "../append/spill.ts";
import type { CheckedSpillOptions } from "../append/spill.ts";
import { Ticket } from "../append/ticket.ts";
import { MAX_KEPT_BYTES } from "../append/unsynced.ts";
import { nodeDisk } from "../disk/disk.ts";
import type { Disk } from "../disk/disk.ts";
import type { OpenFile } from "../disk/open-file.ts";
import { firstSegmentPath } from "../layout.ts";
import type { Sealer } from "../sealing/sealer.ts";
import { startSegment } from "./next-segment.ts";
import type { SegmentStart, StartedSegment } from "./next-segment.ts";
import { ownEvent } from "./own-event.ts";
import { finishHealing } from "./recover.ts";
import { SegmentSwitch } from "./segment-switch.ts";
import type { SegmentSwitchOptions } from "./segment-switch.ts";
import { createSegment, freeSegmentPath, nextSegment, segmentsOf } from "./segment.ts";
import { linesLeftIn } from "./spilled-lines.ts";

export interface SessionLogOptions extends SegmentSwitchOptions {
  sessionId: string;
  agentId: string;
  durability: Durability;
  /** Longest line, in bytes; longer events are cut. Default 16 MiB. */
  maxLineBytes?: number | undefined;
  /** Where events wait that cannot be written. Default: nowhere, they are refused. */
  spill?: CheckedSpillOptions | undefined;
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

/** How the writing of a log goes. */
export interface LogStatus {
  /** Highest number known to be on the medium; undefined as long as nothing is known. */
  durableSeq: number | undefined;
  /** Events in the buffer, which the kernel does not have yet. */
  pending: number;
  /** Events that wait for the end of an outage. */
  spilled: number;
  /** Writes and syncs that did not succeed. */
  failedWrites: number;
  /** Events cannot be written just now, or any more. */
  degraded: boolean;
}

/** How a log begins, or is gone on with. */
export interface SessionLogStart {
  /** The file that is written to, its lock taken. */
  file: OpenFile;
  /** The number that the next event will have. */
  nextSeq: number;
  /** Everything in it is known to be on the medium. */
  isDurable: boolean;
  /** A line that was just written to it, if one was, and is not on the medium yet. */
  written?: Buffer | undefined;
  /** Where sealing begins; not, where that is undefined. */
  sealFrom?: { seq: number; firstLine?: Buffer | undefined } | undefined;
  /** What RECOVERED says, when the end of an earlier writer's was healed. */
  recovered?: JsonObject | undefined;
  /** Events of an earlier writer may wait in a spill. */
  mayHaveLeft?: boolean | undefined;
}

export class SessionLog {
  readonly durability: Durability;
  /** What went wrong last, whether or not it is over. */
  lastFault: TracekeepError | undefined;
  readonly #options: SessionLogOptions;
  readonly #disk: Disk;
  readonly #identity: string;
  readonly #lines: LineWriter;
  readonly #file: AppendFile;
  #nextSeq: number;
  readonly #switch: SegmentSwitch;
  readonly #refused = new RefusedEvents();
  #isPutting = false;
  /** Faults that came up meanwhile. */
  readonly #untold: TracekeepError[] = [];
  #isAnythingDurable: boolean;

  /** By `createSessionLog` and its like. @internal */
  constructor(start: SessionLogStart, options: SessionLogOptions) {
    const { file, written, sealFrom, recovered } = start;
    this.durability = options.durability;
    this.#options = options;
    this.#disk = options.disk ?? nodeDisk;
    this.#identity = encodeIdentity(options.sessionId, options.agentId);
    this.#lines = new LineWriter(this.#identity, options.maxLineBytes ?? MAX_LINE_BYTES);
    this.#nextSeq = start.nextSeq;
    this.#switch = new SegmentSwitch(options, file.path);
    this.#isAnythingDurable = start.isDurable;
    this.#file = new AppendFile({
      file,
      durability: options.durability,
      onWritten: () => this.#refused.bufferWritten(),
      onLost: (lines) => {
        this.#nextSeq -= lines;
        this.#refused.bufferLost(lines);
        options.onLost?.();
      },
      onFault: (error) => this.#tell(error),
      witness: options.sealer,
      replace: (tail, failure) => this.#beginSegment({ tail, failure, isDurable: true }),
      ...this.#whenFaultsPass(path.dirname(file.path)),
    });
    if (written !== undefined) this.#file.countWritten(written);
    if (sealFrom !== undefined) this.#beginSealing(sealFrom.seq, sealFrom.firstLine);
    if (recovered !== undefined) this.#recordRecovered(recovered);
    if (start.mayHaveLeft === true) this.#takeInLeftSpills();
  }

  /** The file that is written to, the last segment of the log. */
  get path(): string {
    return this.#file.path;
  }

  /** Length of that file, with what is in the buffer. */
  get bytes(): number {
    return this.#file.bytes;
  }

  /** The number that the next event will have. */
  get nextSeq(): number {
    return this.#nextSeq;
  }

  /** Events before this number are with the kernel. During an outage it is not known, and 0. */
  get writtenSeq(): number {
    return this.#file.isDegraded ? 0 : this.#nextSeq - this.#file.bufferedLines;
  }

  /** Why nothing more is accepted, once that is so; while events have to wait, why. */
  get failure(): TracekeepError | undefined {
    return this.#file.failure;
  }

  /** Events cannot be written just now, and wait. */
  get isWaiting(): boolean {
    return this.#file.isDegraded;
  }

  get status(): LogStatus {
    const { undurableLines, bufferedLines, spilledLines, failedWrites, isDegraded, isFailed } = this.#file;
    const durable = this.#nextSeq - 1 - undurableLines;
    this.#isAnythingDurable ||= this.#file.hasSynced;
    return {
      durableSeq: this.#isAnythingDurable ? durable : undefined,
      pending: bufferedLines,
      spilled: spilledLines,
      failedWrites,
      degraded: isDegraded || isFailed,
    };
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
      throw this.#refuse(error);
    }
  }

  /**
   * The same, and returns when the event has reached its durability. During an outage it is refused at once: nothing of
   * it waits, so it can be tried again.
   *
   * @throws TracekeepError when the event is refused, or (after a failed sync) is in the file but not on the medium
   */
  appendNow(parts: LineParts, durability: Durability): void {
    try {
      this.prepare(parts.timestamp);
      this.#take(parts, (line) => this.#file.putNow(line));
    } catch (error) {
      throw this.#refuse(error);
    }
    if (durability === "fsync") this.sync();
  }

  /**
   * Writes what is due before the next event has its number: the first line of another segment, and a GAP event for
   * those that were refused. Every append does it first.
   *
   * @param timestamp of that next event, and so of the segment: an imported one happened long ago. Default: now
   * @throws TracekeepError when nothing more is accepted
   */
  prepare(timestamp?: string): void {
    if (this.#switch.isDue(this.#file.bytes) && !this.#file.isDegraded) this.#switchWhenDue(timestamp);
    if (this.#file.keptBytes >= MAX_KEPT_BYTES) this.#syncForRoom();
    // During an outage it is said when that is over.
    if (this.#refused.isAnyUnsaid && !this.#file.isDegraded) this.#sayWhatWasRefused();
  }

  /** Hands everything buffered to the kernel. @throws TracekeepError when those events are lost */
  flush(): void {
    this.#file.flush();
  }

  /** Hands everything to the kernel and returns when it is on the medium. @throws TracekeepError */
  sync(): void {
    this.#file.sync();
  }

  /** Tries once more to write what waits, during an outage. */
  tryAgain(): void {
    if (!this.#file.isDegraded) return;
    try {
      this.#file.settle();
    } catch {
      // It goes on, and has been told.
    }
  }

  /**
   * Begins the next segment; the present one is complete then. Costs the creation of a file.
   *
   * @throws TracekeepError when it cannot be created; the log goes on in the present one then
   */
  rotate(timestamp?: string): void {
    this.#file.switchTo((left) =>
      this.#beginSegment({
        timestamp,
        isDurable: this.durability === "fsync",
        // At `interval` all of it was synced when it was left.
        leftBefore: this.durability === "os" ? left.leave().all : undefined,
      }),
    );
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

  /** What happens around an outage, for logs whose events may wait. */
  #whenFaultsPass(directory: string): Omit<FileRemedies, "replace"> {
    const { spill } = this.#options;
    if (spill === undefined) return {};
    return {
      spill: new Spill(spill, directory),
      restore: (file) => this.#restore(file),
      onRecovering: (outage) => this.#sayWhatHappened(outage),
    };
  }

  #encode(parts: LineParts): Line {
    parts.seq = this.#nextSeq;
    return this.#lines.lineOf(parts);
  }

  #put(parts: LineParts, ticketFor?: Durability): Ticket | undefined {
    const ticket = ticketFor === undefined ? undefined : new Ticket(this.#nextSeq, ticketFor);
    this.#take(parts, (line) => this.#file.put(line, ticket));
    return ticket;
  }

  #take(parts: LineParts, put: (line: Line) => void): void {
    const line = this.#encode(parts);
    this.#isPutting = true;
    try {
      put(line);
      this.#nextSeq++;
      this.#options.onAppend?.(parts);
    } finally {
      this.#isPutting = false;
      if (this.#untold.length > 0) this.#tellRest();
    }
  }

  #switchWhenDue(timestamp: string | undefined): void {
    try {
      this.rotate(timestamp);
    } catch {
      // What was wrong has been told.
      this.#switch.postpone(this.#file.bytes);
    }
  }

  #syncForRoom(): void {
    try {
      this.#file.sync();
    } catch {
      // The tickets and onFault have been told; if nothing more is accepted, the append says so.
    }
  }

  /** Creates the next segment, whose first line takes the next number. */
  #beginSegment(start: Omit<SegmentStart, "seq" | "identity">): Begun {
    const next = freeSegmentPath(this.#disk, this.path);
    let started: StartedSegment;
    try {
      started = startSegment(this.#disk, next, { ...start, seq: this.#nextSeq, identity: this.#identity });
    } catch (cause) {
      const error = cause instanceof TracekeepError ? cause : ioError("create the segment", next, cause);
      // It is there and could not be taken away again. The next writer goes on in it, so nothing may follow here.
      if (nextSegment(this.path, this.#options.sessionId) !== undefined) throw this.#file.fail(error);
      if (start.failure === undefined) this.#tell(error);
      throw error;
    }
    this.#nextSeq++;
    this.#switch.begun();
    this.#options.onAppend?.(started.event);
    return { file: started.file, header: started.header, isDurable: start.isDurable };
  }

  /** The log's file was deleted while it was open, so its content can still be read: it gets a name again. */
  #restore(file: OpenFile): OpenFile {
    const directory = path.dirname(this.path);
    this.#disk.makeDirectory(directory);
    const names = [this.path, freeSegmentPath(this.#disk, this.path)].map((each) => path.basename(each));
    return createSegment(this.#disk, directory, names, file.contents(), { isDurable: true });
  }

  /** An outage is over: DEGRADED says that there was one, and GAP what was refused in it. */
  #sayWhatHappened({ fault, sinceMs, lines }: Outage): void {
    try {
      this.#put(
        ownEvent("DEGRADED", {
          reason: fault?.message ?? "events could not be written",
          since: formatTimestamp(sinceMs),
          count: lines,
        }),
      );
      this.#sayWhatWasRefused();
    } catch {
      // There is no room for it among what waits. It is said by the next append that finds some.
    }
  }

  /** Events of an earlier writer that waited in a file when it ended: they are written now, before any other. */
  #takeInLeftSpills(): void {
    const directory = this.#options.spill?.directory;
    if (directory === undefined) return;
    try {
      for (const left of linesLeftIn(directory, this.path, this.#options.sessionId)) {
        for (const line of left.lines(this.#nextSeq)) {
          this.#file.putNow(line);
          this.#nextSeq++;
        }
        const reason = "an earlier writer could not write these events; they waited in a file of their own";
        const said = ownEvent("DEGRADED", { reason, count: left.count });
        this.#take(said, (line) => this.#file.putNow(line));
        this.#file.sync();
        left.remove();
      }
    } catch (error) {
      // They stay where they are for the next writer.
      this.#tell(ioError("take in the spilled events in", directory, error));
    }
  }

  /** Whoever hears of a fault may record that, but not between the moments when an event gets its number and uses it. */
  #tell(error: TracekeepError): void {
    this.lastFault = error;
    if (this.#isPutting) this.#untold.push(error);
    else this.#options.onFault?.(error);
  }

  #tellRest(): void {
    for (const error of this.#untold.splice(0)) this.#options.onFault?.(error);
  }

  #refuse(error: unknown): unknown {
    this.#refused.add(error);
    return error;
  }

  #sayWhatWasRefused(): void {
    this.#refused.say((gap) => this.#put(ownEvent("GAP", gap)));
  }
}
