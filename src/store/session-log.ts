// The writer of a session log, and the only place where its events get their numbers. One event, one line; a number is
// used up only by an event that was taken, so `seq` never has a gap, and what was refused is said by a GAP event.

import path from "node:path";

import { assert } from "../base/assert.ts";
import { ioError, systemCode, TracekeepError } from "../base/errors.ts";
import { randomSalt, uuidv7 } from "../base/ids.ts";
import { formatTimestamp, severityOfType } from "../event/index.ts";
import type { JsonObject } from "../event/index.ts";
import { decodeLine, encodeIdentity, encodeLine, encodeLineWithin, MAX_LINE_BYTES } from "../format/index.ts";
import type { LineParts } from "../format/index.ts";
import { AppendFile } from "./append-file.ts";
import { nodeDisk, writeAll } from "./disk.ts";
import type { Disk } from "./disk.ts";
import type { Durability } from "./durability.ts";
import { readFirstLine, readLastLine, readLines } from "./line-reader.ts";
import { tryLock } from "./lock.ts";
import type { Sealer } from "./sealer.ts";
import { finishHealing, healTail, temporaryBeside } from "./recover.ts";
import { Ticket } from "./ticket.ts";

export interface SessionLogOptions {
  sessionId: string;
  agentId: string;
  durability: Durability;
  /** Longest line, in bytes; longer events are cut. Default 16 MiB. */
  maxLineBytes?: number | undefined;
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

export class SessionLog {
  readonly path: string;
  readonly durability: Durability;
  readonly #options: SessionLogOptions;
  readonly #identity: string;
  readonly #file: AppendFile;
  #nextSeq: number;
  /** Events refused since the last GAP event that was written. */
  #refused = 0;
  /** How many refused events a GAP event speaks of that is still in the buffer. */
  #refusedInBuffer = 0;

  private constructor(file: string, fd: number, size: number, nextSeq: number, options: SessionLogOptions) {
    this.path = file;
    this.durability = options.durability;
    this.#options = options;
    this.#identity = encodeIdentity(options.sessionId, options.agentId);
    this.#nextSeq = nextSeq;
    this.#file = new AppendFile({
      disk: options.disk ?? nodeDisk,
      path: file,
      fd,
      size,
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
    });
  }

  /**
   * Creates a log under the first of `names` that is free. Its first line is in it when the name appears, so no reader
   * and no crash ever meets a log that does not say whose it is.
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
    const temporary = temporaryBeside(path.join(directory, names[0] ?? "session.jsonl"));
    let fd: number | undefined;
    try {
      fd = disk.create(temporary);
      assert(tryLock(fd), "nobody else to have a file that was just created");
      const line = Buffer.from(encodeLine(first, encodeIdentity(options.sessionId, options.agentId)));
      writeAll(disk, fd, line, line.length, 0);
      if (options.durability === "fsync") disk.sync(fd);
      const name = linkFirstFree(disk, temporary, directory, names);
      disk.unlink(temporary);
      if (options.durability === "fsync") disk.syncDirectory(directory);
      options.onAppend?.(first);
      const log = new SessionLog(path.join(directory, name), fd, line.length, first.seq + 1, options);
      log.#beginSealing(first.seq);
      return log;
    } catch (error) {
      if (fd !== undefined) {
        disk.close(fd);
        if (disk.exists(temporary)) disk.unlink(temporary);
      }
      throw error instanceof TracekeepError ? error : ioError("create a session in", directory, error);
    }
  }

  /**
   * Opens an existing log to go on with it: takes its lock and heals its end (promise P2).
   *
   * @throws TracekeepError `SESSION_BUSY` while another writer has it
   */
  static open(file: string, options: SessionLogOptions): SessionLog {
    const disk = options.disk ?? nodeDisk;
    let fd: number | undefined;
    try {
      fd = disk.open(file);
      if (!tryLock(fd)) {
        throw new TracekeepError("SESSION_BUSY", `another writer has the session ${options.sessionId}`, {
          path: file,
          hint: "a session has one writer at a time: wait for it to end, or start a session of your own",
        });
      }
      const recovered = healTail(disk, fd, file);
      const log = new SessionLog(file, fd, disk.size(fd), lastSeqOf(file) + 1, options);
      fd = undefined;
      log.#beginSealing(log.#nextSeq);
      if (recovered !== undefined) log.#recordRecovered(recovered, disk);
      return log;
    } catch (error) {
      if (fd !== undefined) disk.close(fd);
      throw error instanceof TracekeepError ? error : ioError("open the session", file, error);
    }
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
    this.#sayWhatWasRefused();
    try {
      return this.#put(parts, ticketFor);
    } catch (error) {
      this.#refused++;
      throw error;
    }
  }

  /** Hands everything buffered to the kernel. @throws TracekeepError when those events are lost */
  flush(): void {
    this.#file.flush();
  }

  /** Hands everything to the kernel and returns when it is on the medium. @throws TracekeepError */
  sync(): void {
    this.#file.sync();
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

  #beginSealing(firstSeq: number): void {
    this.#options.sealer?.attach({
      files: [this.path],
      firstSeq,
      hasLines: firstSeq < this.#nextSeq,
      requestSync: () => this.#file.requestSync(),
    });
  }

  #recordRecovered(body: JsonObject, disk: Disk): void {
    try {
      this.#put(ownEvent("RECOVERED", body));
      this.#file.sync();
      finishHealing(disk, this.path);
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

  #sayWhatWasRefused(): void {
    if (this.#refused === this.#refusedInBuffer) return;
    const count = this.#refused - this.#refusedInBuffer;
    this.#put(ownEvent("GAP", { count, reason: "these events could not be written" }));
    this.#refusedInBuffer += count;
  }
}

/** An event of the recorder about itself. */
function ownEvent(type: string, body: JsonObject): LineParts {
  const timeMs = Date.now();
  return {
    event: type,
    timestamp: formatTimestamp(timeMs),
    severity: severityOfType(type),
    seq: 0,
    id: uuidv7(timeMs),
    body,
    salt: randomSalt(),
  };
}

/** Number of the last line of a log whose end is whole. */
function lastSeqOf(file: string): number {
  const { line } = readLastLine(file);
  const decoded = line === undefined ? undefined : decodeLine(line);
  if (decoded?.kind === "event") return decoded.event.seq;
  // The last line was damaged. A line's number is its place in the log, so counting lines gives it all the same.
  let seq = -1;
  for (const { line: number } of readLines(file)) seq = number - 1;
  return seq + firstSeqOf(file);
}

/** Number of a file's first line: a segment says so, and a session begins with 0. */
function firstSeqOf(file: string): number {
  const line = readFirstLine(file);
  const decoded = line === undefined ? undefined : decodeLine(line);
  return decoded?.kind === "event" ? decoded.event.seq : 0;
}

function linkFirstFree(disk: Disk, temporary: string, directory: string, names: readonly string[]): string {
  for (const name of names) {
    try {
      disk.link(temporary, path.join(directory, name));
      return name;
    } catch (error) {
      if (systemCode(error) !== "EEXIST") throw error;
    }
  }
  throw new TracekeepError("SESSION_EXISTS", `every name for the session is taken: ${names.join(", ")}`, {
    path: directory,
    hint: "a session with that id is there already: go on with it, or choose another id",
  });
}
