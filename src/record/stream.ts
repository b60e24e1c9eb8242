// The text of a model, recorded as it comes. Secrets are taken out before anybody gets to see it, subscribers in this
// process included; see `ChunkRedactor` for what is held back for that, and for how long.

import { TracekeepError } from "../base/errors.ts";
import { checkOptionNames, describe } from "../base/options.ts";
import { severityOfType } from "../event/index.ts";
import type { EventDraft } from "../event/index.ts";
import { TokenStream } from "../live/index.ts";
import type { LiveHub, TokenStreamOptions } from "../live/index.ts";
import { ChunkRedactor } from "../redact/index.ts";
import type { Redactor } from "../redact/index.ts";
import { openBuffers } from "../sinks/open-buffers.ts";
import type { Extra } from "./helpers.ts";

export interface StreamOptions extends TokenStreamOptions {
  /** Further fields for each event of the stream, e.g. `model`, or the `call_id` of the model call. */
  fields?: Extra | undefined;
}

/** A word that may be the beginning of a secret waits for its end; after a second of silence it is as long as it is. */
const HOLD_MS = 1_000;

/** What a stream needs from its session. */
export interface StreamParts {
  sessionId: string;
  agentId: string;
  redactor: Redactor;
  hub: LiveHub;
  log: (draft: EventDraft) => unknown;
  onFault: (error: TracekeepError) => void;
  onEnd: (stream: SessionStream) => void;
}

/**
 * A stream that is being recorded. End it with `end()`, or let `using` do it; the session's end ends it too.
 *
 * @example
 * const stream = session.stream({ fields: { model: "claude-sonnet-4-5" } });
 * for await (const text of stream.tee(model.textStream)) response.write(text);
 */
export class SessionStream {
  readonly id: string;
  readonly #parts: StreamParts;
  readonly #chunks: ChunkRedactor;
  readonly #tokens: TokenStream;
  /** When the chunks came that the redactor holds. */
  #heldMs: number[] = [];
  #releaseTimer: NodeJS.Timeout | undefined;
  #ended = false;

  /** @throws TypeError, RangeError @internal */
  constructor(parts: StreamParts, options: StreamOptions) {
    checkOptionNames("stream", options, ["marks", "flushIntervalMs", "flushLength", "fields"]);
    const { fields = {}, ...tokenOptions } = options;
    if (typeof fields !== "object" || fields === null) {
      throw new TypeError(`stream: fields must be an object, got ${describe(fields)}`);
    }
    this.#parts = parts;
    this.#chunks = new ChunkRedactor(parts.redactor);
    this.#tokens = new TokenStream(tokenOptions, {
      write: (draft) => parts.log({ ...draft, ...fields }),
      isHeard: () => parts.hub.hearsVolatile(parts.sessionId),
      announce: (draft) =>
        parts.hub.publishVolatile({
          ...draft,
          ...fields,
          volatile: true,
          timestamp: new Date(draft.timestamp ?? Date.now()).toISOString(),
          severity: severityOfType(draft.event),
          session_id: parts.sessionId,
          agent_id: parts.agentId,
        }),
    });
    this.id = this.#tokens.id;
    openBuffers.add(this);
  }

  /** Takes what the model has just said. Never throws; a chunk for a stream that has ended is told to `onFault`. */
  write(chunk: string): void {
    if (this.#ended) {
      this.#parts.onFault(
        new TracekeepError("CLOSED", `the stream ${this.id} has ended`, { hint: "begin another one" }),
      );
      return;
    }
    this.#heldMs.push(performance.now());
    this.#push(this.#chunks.push(String(chunk)));
    if (this.#heldMs.length === 0) return;
    if (this.#releaseTimer === undefined) this.#releaseTimer = setTimeout(this.#release, HOLD_MS).unref();
    else this.#releaseTimer.refresh();
  }

  /** Writes what waits now, except a word that may be the beginning of a secret. */
  flush(): void {
    this.#tokens.flush();
  }

  /** Takes each chunk of a source and passes it on, then ends: with an error where the source throws. */
  async *tee(source: AsyncIterable<string> | Iterable<string>): AsyncGenerator<string, void, undefined> {
    let outcome: Extra = { status: "cancelled" };
    try {
      for await (const chunk of source) {
        this.write(chunk);
        yield chunk;
      }
      outcome = {};
    } catch (error) {
      outcome = { status: "error", error };
      throw error;
    } finally {
      this.end(outcome);
    }
  }

  /**
   * Writes what is left. The last event carries the figures of the whole stream: `first_token_ms`, `duration_ms`,
   * `chunk_count`, `chunks_per_second`.
   *
   * @param extra further fields for it
   */
  end(extra: Extra = {}): void {
    if (this.#ended) return;
    this.#ended = true;
    openBuffers.delete(this);
    clearTimeout(this.#releaseTimer);
    this.#push(this.#chunks.end());
    this.#tokens.end(extra);
    this.#parts.onEnd(this);
  }

  [Symbol.dispose](): void {
    this.end();
  }

  /** The end of the process: what is held is written, and that nobody ended it. @internal */
  drainNow(isEnd: boolean): void {
    if (isEnd) this.end({ status: "interrupted" });
    else this.flush();
  }

  // --- internal ---

  readonly #release = (): void => this.#push(this.#chunks.end());

  #push(settled: readonly string[]): void {
    for (const [index, atMs] of this.#heldMs.splice(0, settled.length).entries()) {
      this.#tokens.push(settled[index] ?? "", atMs);
    }
  }
}
