// The text of streams as chunks, each once: who subscribes with `volatile: true` hears of a chunk as it comes and again
// when it is on disk, and of some only then: who comes late hears of a stream at first from its events.

import type { LiveEvent } from "./events.ts";
import { streamChunks } from "./token-stream.ts";

/** A chunk, or what a mark or a late subscription left of it. */
export interface StreamPiece {
  session_id: string;
  stream_id: string;
  /** Where it begins in the text of its stream, in UTF-16 units. */
  position: number;
  text: string;
  /** When it came, in milliseconds since 1970. */
  timeMs: number;
  /** Of its event: `AGENT_MESSAGE`, `STREAM` or `REASONING`. */
  event: string;
}

/** Streams that are remembered; one that ended is forgotten at once. */
const MAX_STREAMS = 10_000;

export class ChunkView {
  /** Up to where each stream was given. */
  readonly #givenTo = new Map<string, number>();

  /** The chunks of an event that were not given before; of an event that belongs to no stream, none. */
  read(event: LiveEvent): StreamPiece[] {
    const { stream_id: stream, position: start } = event;
    if (typeof stream !== "string" || typeof start !== "number") return [];
    const given = this.#givenTo.get(stream) ?? 0;
    // Before this text there is some that was not heard of. All of it will come together, when it is on disk.
    if (event.volatile === true && start !== given) return [];
    const startMs = Date.parse(event.timestamp);
    const pieces: StreamPiece[] = [];
    let position = start;
    for (const { text, offsetMs } of streamChunks(event)) {
      const end = position + text.length;
      if (end > given) {
        const from = Math.max(position, given);
        pieces.push({
          session_id: event.session_id,
          stream_id: stream,
          position: from,
          text: text.slice(from - position),
          timeMs: startMs + offsetMs,
          event: event.event,
        });
      }
      position = end;
    }
    this.#givenTo.delete(stream);
    // The last event of a stream has its figures.
    if (event["chunk_count"] === undefined) this.#givenTo.set(stream, Math.max(given, position));
    if (this.#givenTo.size > MAX_STREAMS) {
      for (const oldest of this.#givenTo.keys()) {
        this.#givenTo.delete(oldest);
        break;
      }
    }
    return pieces;
  }
}
