// A stream of bytes, such as standard input, as readers want it: they ask for what has come, and wait for more.

import { WAITING } from "./byte-source.ts";
import type { ByteSource, SourceDamage } from "./byte-source.ts";
import { isGzip } from "./gzip-source.ts";

export class StreamSource implements ByteSource {
  readonly path: string;
  readonly damage: SourceDamage[] = [];
  used = 0;
  readonly #chunks: AsyncIterator<Uint8Array | string>;
  #chunk: Uint8Array = new Uint8Array();
  #ended = false;
  #error: unknown;

  /** @param path what it is called in reports, such as "-" */
  constructor(path: string, stream: AsyncIterable<Uint8Array | string>) {
    this.path = path;
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  read(into: Buffer, at: number): number {
    if (this.#error !== undefined) throw this.#error;
    if (this.#chunk.length === 0) return this.#ended ? 0 : WAITING;
    const count = Math.min(this.#chunk.length, into.length - at);
    into.set(this.#chunk.subarray(0, count), at);
    this.#chunk = this.#chunk.subarray(count);
    this.used += count;
    return count;
  }

  async ready(): Promise<void> {
    try {
      const { done, value } = await this.#chunks.next();
      if (done === true) this.#ended = true;
      else this.#chunk = typeof value === "string" ? Buffer.from(value) : value;
      if (this.used === 0 && isGzip(Buffer.from(this.#chunk.subarray(0, 3)), 0, this.#chunk.length)) {
        this.damage.push({ from: 0, to: 0, reason: "it is compressed: pipe it through `gzip -dc`" });
        this.#chunk = new Uint8Array();
        this.#ended = true;
      }
    } catch (error) {
      this.#error = error;
    }
  }

  close(): void {
    this.#chunk = new Uint8Array();
    if (!this.#ended) void this.#chunks.return?.()?.catch(() => undefined);
    this.#ended = true;
  }
}
