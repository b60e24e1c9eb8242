import { checkOptionNames, choiceOption, integerOption } from "../base/options.ts";
import type { Event } from "../event/index.ts";
import { BackgroundFile } from "../store/append/background-file.ts";
import { DURABILITIES } from "../store/append/durability.ts";
import type { Durability } from "../store/append/durability.ts";
import { openJsonlFile } from "../store/append/jsonl-file.ts";
import { nodeDisk } from "../store/disk/disk.ts";
import type { JsonlSinkOptions } from "./jsonl.ts";
import { openBuffers } from "./open-buffers.ts";
import { checkPath } from "./path.ts";
import type { Sink } from "./sink.ts";

export interface AsyncJsonlSinkOptions extends JsonlSinkOptions {
  /** Lines that may wait to be written, 1 to 16,777,216; one more is refused. Default 65,536. */
  capacity?: number | undefined;
}

/**
 * {@link jsonlSink} for programs whose event loop must never wait for a disk: writes and syncs run in the thread pool,
 * everything that gathered meanwhile in one write. `write` resolves when the event has reached its durability.
 *
 * @example
 * await using sink = asyncJsonlSink("events.jsonl");
 * await createRecorder({ sink }).append({ event: "CHECKPOINT", message: "built" });
 */
export class AsyncJsonlSink implements Sink {
  readonly path: string;
  readonly durability: Durability;
  readonly maxInFlight: number;
  readonly #file: BackgroundFile;
  #closing: Promise<void> | undefined;

  /** @throws TypeError, RangeError for bad options; TracekeepError `FILE_BUSY`, or when it cannot be opened */
  constructor(path: string, options: AsyncJsonlSinkOptions = {}) {
    const owner = "asyncJsonlSink";
    checkOptionNames(owner, options, ["durability", "capacity", "disk"]);
    const bounds = { min: 1, max: 16_777_216, default: 65_536 };
    const capacity = integerOption(owner, "capacity", options.capacity, bounds);
    this.maxInFlight = capacity;
    this.path = checkPath(owner, path);
    this.durability = choiceOption(owner, "durability", options.durability, DURABILITIES, "interval");
    const disk = options.disk ?? nodeDisk;
    const file = new BackgroundFile({
      disk,
      path: this.path,
      ...openJsonlFile(disk, this.path, this.durability),
      durability: this.durability,
      capacity,
      onPending: (pending) => void (pending ? openBuffers.add(file) : openBuffers.delete(file)),
    });
    this.#file = file;
  }

  /** Rejects when the line is not in the file; nothing of it is there then. */
  async write(_event: Event, line: string): Promise<void> {
    await this.#file.put(line);
  }

  /** Resolves when everything written so far has reached its durability. @throws TracekeepError */
  flush(): Promise<void> {
    return this.#file.flush();
  }

  /** Writes and syncs what is left and lets go of the file. @throws TracekeepError when that fails */
  close(): Promise<void> {
    return (this.#closing ??= this.#file.close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** @throws TypeError, RangeError for bad options; TracekeepError when the file cannot be opened */
export function asyncJsonlSink(path: string, options?: AsyncJsonlSinkOptions): AsyncJsonlSink {
  return new AsyncJsonlSink(path, options);
}
