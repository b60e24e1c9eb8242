import { checkOptionNames, describe } from "../base/options.ts";
import type { Event } from "../event/index.ts";
import { eventLine } from "./event-line.ts";
import { closedError } from "./sink.ts";
import type { Sink } from "./sink.ts";

/** What of a Node stream is used. */
export interface TextStream {
  write(text: string, done: (error?: Error | null) => void): boolean;
  on(event: "error", listener: (error: Error) => void): unknown;
  removeListener(event: "error", listener: (error: Error) => void): unknown;
  readonly isTTY?: boolean | undefined;
}

export interface ConsoleSinkOptions {
  /** Default: standard error, so that a program's own output stays its own. */
  stream?: TextStream | undefined;
  /** Default: on a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`. */
  color?: boolean | undefined;
}

/**
 * Shows one line for each event: time, severity, type, fields. A line is cut at 500 characters; it is for people, and
 * no record. A stream that breaks refuses events and does not end the program.
 */
export class ConsoleSink implements Sink {
  readonly maxInFlight: number = Infinity;
  readonly #stream: TextStream;
  readonly #color: boolean;
  #last: Promise<void> | undefined;
  #closed = false;

  /** @throws TypeError */
  constructor(options: ConsoleSinkOptions = {}) {
    checkOptionNames("consoleSink", options, ["stream", "color"]);
    this.#stream = options.stream ?? process.stderr;
    if (typeof this.#stream.write !== "function") {
      throw new TypeError(`consoleSink: stream must be a stream, got ${describe(options.stream)}`);
    }
    this.#color = options.color ?? showsColor(this.#stream);
    // Without a listener, a pipe whose reader has gone would end the program.
    this.#stream.on("error", ignore);
  }

  write(event: Event): Promise<void> {
    if (this.#closed) throw closedError("console");
    this.#last = new Promise((resolve, reject) => {
      this.#stream.write(eventLine(event, this.#color), (error) => (error ? reject(error) : resolve()));
    });
    return this.#last;
  }

  /** Resolves when the stream has taken everything. */
  async flush(): Promise<void> {
    await this.#last;
  }

  /** Lets go of the stream, which stays open. */
  close(): void {
    this.#closed = true;
    this.#stream.removeListener("error", ignore);
  }
}

/** @throws TypeError for bad options */
export function consoleSink(options?: ConsoleSinkOptions): ConsoleSink {
  return new ConsoleSink(options);
}

// --- internal ---

/** The error is told by the callback of the write that it belongs to. */
function ignore(): void {}

function showsColor({ isTTY }: TextStream): boolean {
  const { env } = process;
  // https://no-color.org
  return isTTY === true && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
}
