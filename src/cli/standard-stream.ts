// A standard stream that is no terminal, written to as the file descriptor that it is. Opened as a stream of Node's, a
// pipe would load 40 of its modules first: 5 ms, a tenth of what a short command takes. Both write a pipe to the end
// before anything else happens.

import * as fs from "node:fs";

import { systemCode } from "../base/errors.ts";

/** What is needed of a stream that text goes to. */
export interface TextStream {
  write(text: string | Uint8Array, done: () => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
}

export class DescriptorStream implements TextStream {
  readonly #descriptor: number;
  readonly #open: () => TextStream;
  #stream: TextStream | undefined;
  readonly #listeners: ((error: Error) => void)[] = [];

  /** @param open the same as a stream, for when the reader is slow and the descriptor does not wait for it */
  constructor(descriptor: number, open: () => TextStream) {
    this.#descriptor = descriptor;
    this.#open = open;
  }

  on(_event: "error", listener: (error: Error) => void): void {
    this.#listeners.push(listener);
  }

  write(text: string, done: () => void): void {
    const bytes = Buffer.from(text);
    let written = 0;
    try {
      while (this.#stream === undefined && written < bytes.length)
        written += fs.writeSync(this.#descriptor, bytes, written);
    } catch (error) {
      if (systemCode(error) === "EAGAIN") this.#stream = this.#openStream();
      else for (const listener of this.#listeners) listener(error as Error);
    }
    if (this.#stream === undefined) done();
    else this.#stream.write(bytes.subarray(written), done);
  }

  #openStream(): TextStream {
    const stream = this.#open();
    for (const listener of this.#listeners) stream.on("error", listener);
    return stream;
  }
}
