// Events that a log had to refuse, or that were lost on their way to it, until a GAP event in it has said so.

import type { JsonObject } from "../../event/index.ts";

export class RefusedEvents {
  #count = 0;
  /** How many of them a GAP event speaks of that is still in the buffer. */
  #inBuffer = 0;
  /** Why the first one was refused that is still to be said. */
  #why = "";

  /** Whether any of them is still to be said. */
  get isAnyUnsaid(): boolean {
    return this.#count !== this.#inBuffer;
  }

  add(cause: unknown): void {
    if (!this.isAnyUnsaid) this.#why = cause instanceof Error ? cause.message : String(cause);
    this.#count++;
  }

  /** Says what is still to be said, by a GAP event with this body. */
  say(put: (gap: JsonObject) => void): void {
    if (!this.isAnyUnsaid) return;
    const count = this.#count - this.#inBuffer;
    put({ count, reason: `these events could not be written: ${this.#why}` });
    this.#inBuffer += count;
  }

  /** The buffer is written, so what was said has been said. */
  bufferWritten(): void {
    this.#count -= this.#inBuffer;
    this.#inBuffer = 0;
  }

  /** So many lines of the buffer are lost. A GAP event among them is no loss of the caller's; it is said again. */
  bufferLost(lines: number): void {
    this.#count += this.#inBuffer > 0 ? lines - 1 : lines;
    this.#inBuffer = 0;
  }
}
