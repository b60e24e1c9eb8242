// Standard output and standard error as commands see them: text in, as fast as the reader takes it.

import { ioError } from "../base/errors.ts";
import { encodeJson } from "../format/index.ts";
import type { TextStream } from "./standard-stream.ts";

/** Bytes gathered before they are handed on; a listing of a million lines must not cost a million writes. */
const BUFFER_CHARACTERS: number = 64 * 1024;

/** Longest line of a listing that is not shown on a terminal. */
const MAX_PIPED_COLUMNS = 1_000;

/** The reader of our output went away (`| head`). Nothing is wrong, but nothing more is to be said. */
export class ReaderGone extends Error {
  override readonly name: string = "ReaderGone";
}

export class Output {
  readonly isTerminal: boolean;
  readonly columns: number;
  readonly color: boolean;
  readonly #stream: TextStream;
  #buffer = "";
  #error: Error | undefined;

  constructor(stream: TextStream, look: { isTerminal: boolean; columns: number; color: boolean }) {
    this.#stream = stream;
    this.isTerminal = look.isTerminal;
    this.columns = look.columns;
    this.color = look.color;
    stream.on("error", (error: Error) => (this.#error ??= error));
  }

  /** How long a line of a listing may be: a terminal cuts it, a pipe may want to search in it. */
  get lineColumns(): number {
    return this.isTerminal ? this.columns : MAX_PIPED_COLUMNS;
  }

  /** Gathers text. Call {@link drain} now and then, and always at the end. */
  write(text: string): void {
    this.#buffer += text;
  }

  line(text = ""): void {
    this.#buffer += `${text}\n`;
  }

  json(value: unknown): void {
    this.#buffer += `${encodeJson(value)}\n`;
  }

  /** Whether enough has gathered to hand it on. */
  get isFull(): boolean {
    return this.#buffer.length >= BUFFER_CHARACTERS;
  }

  /** Hands on what has gathered and waits until the reader has room again. @throws ReaderGone */
  async drain(): Promise<void> {
    this.#throwIfGone();
    if (this.#buffer === "") return;
    const text = this.#buffer;
    this.#buffer = "";
    await new Promise<void>((resolve) => this.#stream.write(text, () => resolve()));
    this.#throwIfGone();
  }

  #throwIfGone(): void {
    if (this.#error === undefined) return;
    if ("code" in this.#error && this.#error.code === "EPIPE") throw new ReaderGone();
    throw ioError("write", "the output", this.#error);
  }
}
