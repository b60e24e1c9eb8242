// The file that a shared log's path names at the moment, as one of its writers has it open. Everything here but syncs
// happens under the log's lock.

import * as fs from "node:fs";

import { ioError, TracekeepError } from "../../base/errors.ts";
import { FORMAT_VERSION } from "../../event/index.ts";
import type { Event, JsonObject } from "../../event/index.ts";
import { instantOf } from "../../summary/index.ts";
import type { Durability } from "../append/durability.ts";
import { GroupSync } from "../append/group-sync.ts";
import { openOrCreate } from "../append/jsonl-file.ts";
import type { Ticket } from "../append/ticket.ts";
import { writeAll } from "../disk/disk.ts";
import type { Disk } from "../disk/disk.ts";
import { readFirstLine } from "../reading/line-reader.ts";
import { healTail } from "../session/recover.ts";
import { firstEventOf, lastSeqOf } from "../session/segment.ts";

export interface SharedFileOptions {
  disk: Disk;
  path: string;
  durability: Durability;
  syncEveryEvents?: number | undefined;
  syncIntervalMs?: number | undefined;
  onFault: (error: TracekeepError) => void;
  /** Called when the file is on the medium up to an offset. */
  onSynced?: ((bytes: number) => void) | undefined;
}

export class SharedFile {
  readonly #options: SharedFileOptions;
  readonly #fd: number;
  readonly #ino: bigint;
  readonly #sync: GroupSync;
  /** Bytes in the file when this writer last had the lock; -1: it never had. */
  #size = -1;
  #nextSeq = 0;
  /** Whether it holds lines, and the first is none of ours. */
  readonly isForeign: boolean;
  /** When its first line was written. */
  readonly beganMs: number;

  /** Opens the file, creating it when it is missing. @throws TracekeepError */
  constructor(options: SharedFileOptions) {
    this.#options = options;
    const { disk, path, durability, onSynced } = options;
    try {
      this.#fd = openOrCreate(disk, path, durability);
    } catch (cause) {
      throw ioError("open the log", path, cause);
    }
    try {
      const first = firstEventOf(path);
      refuseNewerFormat(path, first);
      // A line that was cut off may be one of ours.
      this.isForeign = first === undefined && readFirstLine(path)?.at(-1) === NEWLINE;
      this.beganMs = first === undefined ? Date.now() : instantOf(first.timestamp);
    } catch (error) {
      disk.close(this.#fd);
      throw error;
    }
    this.#ino = fs.fstatSync(this.#fd, { bigint: true }).ino;
    const syncing = (): (() => void) => {
      const bytes = this.#size;
      return () => onSynced?.(bytes);
    };
    this.#sync = new GroupSync({ ...options, fd: this.#fd, syncing });
  }

  /** The number that the next line will have. */
  get nextSeq(): number {
    return this.#nextSeq;
  }

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  /** Bytes in it. */
  get size(): number {
    return this.#size;
  }

  /** The number that the first line will have, of a file that is empty. */
  startAt(seq: number): void {
    this.#nextSeq = seq;
  }

  /** Why nothing may be written to this file any more: a sync of it failed. */
  get failure(): TracekeepError | undefined {
    return this.#sync.failure;
  }

  /** Whether the path still names this file. */
  get isCurrent(): boolean {
    return fs.lstatSync(this.#options.path, { bigint: true, throwIfNoEntry: false })?.ino === this.#ino;
  }

  /**
   * Takes in what others have appended, to know the next number. When one of them died in the middle of a line, returns
   * the body of the RECOVERED event to write first (see {@link healTail}).
   */
  catchUp(): JsonObject | undefined {
    const { disk, path } = this.#options;
    if (disk.size(this.#fd) === this.#size) return undefined;
    const recovered = healTail(disk, this.#fd, path, Math.max(0, this.#size));
    this.count();
    return recovered;
  }

  /** Takes in how long the file is, and what number the next line would have, and changes nothing. */
  count(): void {
    this.#size = this.#options.disk.size(this.#fd);
    this.#nextSeq = lastSeqOf(this.#options.path) + 1;
  }

  /** Writes whole lines in one go, or nothing of them. @throws TracekeepError */
  write(text: string, lines: number, tickets: readonly Ticket[]): void {
    const { disk, path } = this.#options;
    const bytes = Buffer.from(text);
    try {
      writeAll(disk, this.#fd, bytes, bytes.length, this.#size);
    } catch (cause) {
      // Should a part of it have stayed behind, whoever has the lock next heals it.
      throw ioError("write to", path, cause);
    }
    this.#size += bytes.length;
    this.#nextSeq += lines;
    this.#sync.written(lines, tickets);
  }

  /** Returns when everything written here is on the medium. @throws TracekeepError */
  sync(): void {
    this.#sync.sync();
  }

  /** Syncs what was promised to be synced. @throws TracekeepError */
  settle(): void {
    this.#sync.settle();
  }

  /** Settles and lets go of the file. @throws TracekeepError */
  close(): void {
    this.#sync.close();
  }

  /** The same without waiting: `done` is called when nothing of ours needs the file any more. */
  retire(done: () => void): void {
    this.#sync.retire(done);
  }
}

// --- internal ---

const NEWLINE = 0x0a;

/** Lines of this format between those of a later one would be taken for what they are not. */
function refuseNewerFormat(file: string, first: Event | undefined): void {
  const format = first?.["format"];
  if (typeof format !== "number" || format <= FORMAT_VERSION) return;
  throw new TracekeepError("FORMAT_TOO_NEW", `${file} has format ${format}, newer than this program`, {
    path: file,
    hint: "read it as it is, or update tracekeep before adding to it",
  });
}
