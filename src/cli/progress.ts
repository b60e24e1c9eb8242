// One line on a terminal that says how far something is. Elsewhere nothing: a log file wants no progress.

import type { Output } from "./output.ts";

const INTERVAL_MS = 100;
const BAR_WIDTH = 24;

export class ProgressLine {
  readonly #output: Output;
  readonly #startedMs = process.uptime() * 1000;
  #shownMs = -Infinity;
  #shown = false;

  constructor(output: Output) {
    this.#output = output;
  }

  /** At most ten times a second; cheap to call oftener. */
  show(done: number, total: number, about: string): void {
    if (!this.#output.isTerminal) return;
    const nowMs = process.uptime() * 1000;
    if (nowMs - this.#shownMs < INTERVAL_MS) return;
    this.#shownMs = nowMs;
    this.#shown = true;
    const part = total > 0 ? Math.min(1, done / total) : 1;
    const bar = "█".repeat(Math.round(part * BAR_WIDTH)).padEnd(BAR_WIDTH, "░");
    const seconds = (nowMs - this.#startedMs) / 1000;
    const left = part > 0.01 ? `, ${Math.ceil((seconds * (1 - part)) / part)} s left` : "";
    const rate = seconds > 0 ? `${(done / 1e6 / seconds).toFixed(0)} MB/s` : "";
    this.#write(`\r${bar} ${String(Math.floor(part * 100)).padStart(3)} %  ${about}  ${rate}${left}\u001b[K`);
  }

  /** Takes the line away again. */
  clear(): void {
    if (this.#shown) this.#write("\r\u001b[K");
    this.#shown = false;
  }

  #write(text: string): void {
    this.#output.write(text);
    // A progress line that nobody can read any more is no reason to stop working.
    this.#output.drain().catch(() => undefined);
  }
}
