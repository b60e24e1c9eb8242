import { checkOptionNames, choiceOption } from "../base/options.ts";
import type { Event } from "../event/index.ts";
import { AppendFile } from "../store/append/append-file.ts";
import { DURABILITIES } from "../store/append/durability.ts";
import type { Durability } from "../store/append/durability.ts";
import { openJsonlFile } from "../store/append/jsonl-file.ts";
import { Ticket } from "../store/append/ticket.ts";
import { nodeDisk } from "../store/disk/disk.ts";
import type { Disk } from "../store/disk/disk.ts";
import { OpenFile } from "../store/disk/open-file.ts";
import { checkPath } from "./path.ts";
import { closedError } from "./sink.ts";
import type { Sink } from "./sink.ts";

export interface JsonlSinkOptions {
  /**
   * What an accepted event survives: `"os"` the death of the process, `"fsync"` the loss of power, `"interval"` the
   * latter but for the last 10 events or second.
   *
   * @default "interval"
   */
  durability?: Durability | undefined;
  /** File operations, for tests. Default: the real ones. */
  disk?: Disk | undefined;
}

/**
 * Appends one line for each event to a file that is created (0600) with the folders above it (0700). One writer at a
 * time has the file, by a kernel lock. At `os` and `interval` the line is with the kernel when `write` returns, in one
 * system call of about 2 µs; at `fsync` `write` resolves after the sync, which it shares with all who wait for one.
 *
 * @example const sink = jsonlSink("var/audit/agent-events.jsonl", { durability: "fsync" });
 */
export class JsonlSink implements Sink {
  readonly path: string;
  readonly durability: Durability;
  readonly maxInFlight: number = Infinity;
  readonly #file: AppendFile;
  #last: Ticket | undefined;
  #closed = false;

  /** @throws TypeError, RangeError for bad options; TracekeepError `FILE_BUSY`, or when it cannot be opened */
  constructor(path: string, options: JsonlSinkOptions = {}) {
    checkOptionNames("jsonlSink", options, ["durability", "disk"]);
    this.path = checkPath("jsonlSink", path);
    this.durability = choiceOption("jsonlSink", "durability", options.durability, DURABILITIES, "interval");
    const disk = options.disk ?? nodeDisk;
    const { fd, size } = openJsonlFile(disk, this.path, this.durability);
    this.#file = new AppendFile({
      file: new OpenFile(disk, this.path, fd, { size, isNameDurable: this.durability === "fsync" }),
      durability: this.durability,
      // Whoever waits for an event hears by its ticket or by what `write` throws; a sync of the interval that failed
      // is thrown by the next `write` or `flush`.
      onWritten: () => undefined,
      onLost: () => undefined,
      onFault: () => undefined,
    });
  }

  /** @throws TracekeepError when the line is not taken; nothing of it is in the file then */
  write(event: Event, line: string): void | Promise<void> {
    if (this.#closed) throw closedError("JSONL");
    if (this.durability === "fsync") {
      const ticket = new Ticket(event.seq, "fsync");
      this.#file.put(line, ticket);
      this.#last = ticket;
      return ticket.settled;
    }
    this.#file.put(line);
    this.#file.flush();
  }

  /** Resolves when everything accepted has reached its durability. @throws TracekeepError */
  async flush(): Promise<void> {
    // Tickets of one file settle in order.
    await this.#last?.settled;
    if (this.#file.failure !== undefined) throw this.#file.failure;
  }

  /** Writes and syncs what was promised, and lets go of the file. @throws TracekeepError when that fails */
  close(): void {
    this.#closed = true;
    this.#file.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.close());
  }
}

/** @throws TypeError, RangeError for bad options; TracekeepError when the file cannot be opened */
export function jsonlSink(path: string, options?: JsonlSinkOptions): JsonlSink {
  return new JsonlSink(path, options);
}
