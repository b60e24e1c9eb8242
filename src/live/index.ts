/**
 * Watching what is recorded as it happens: what subscribers get, and how the text of models becomes events. To
 * subscribe, see `subscribe` in `tracekeep`; to record a stream, `session.stream()`.
 *
 * @module
 * @example
 * import { subscribe } from "tracekeep";
 * import { streamChunks } from "tracekeep/live";
 *
 * for await (const event of subscribe({ session: "deploy-42", volatile: true })) {
 *   if (event.volatile) for (const { text } of streamChunks(event)) console.log(text);
 * }
 */
export type { LiveEvent, VolatileEvent } from "./events.ts";
export { LAG_POLICIES, SubscriberBuffer } from "./buffer.ts";
export type { BufferedEvent, LagPolicy, StoredEntry } from "./buffer.ts";
export { ChunkView } from "./chunk-view.ts";
export type { StreamPiece } from "./chunk-view.ts";
export { consoleStreamHandler } from "./console-stream.ts";
export type { ConsoleStreamOptions } from "./console-stream.ts";
export { hubOf, LiveHub } from "./hub.ts";
export type { HubListener } from "./hub.ts";
export { STREAM_MARKS } from "./marks.ts";
export type { StreamMarks, StreamPart } from "./marks.ts";
export { streamChunks, TokenStream } from "./token-stream.ts";
export type { ChunkTime, StreamBody, TokenStreamOptions, TokenStreamOutput } from "./token-stream.ts";
