/**
 * Sinks: where events go besides, or instead of, a store.
 *
 * @module
 * @example
 * import { createRecorder } from "tracekeep";
 * import { bufferedSink, jsonlSink } from "tracekeep/sinks";
 *
 * await using sink = bufferedSink(jsonlSink("var/audit/agent-events.jsonl"));
 * await using recorder = createRecorder({ sink, agent: "reviewer" });
 * recorder.userMessage("Is the build green?");
 */
export { asyncBufferedSink, AsyncBufferedSink } from "./async-buffered.ts";
export { asyncJsonlSink, AsyncJsonlSink } from "./async-jsonl.ts";
export type { AsyncJsonlSinkOptions } from "./async-jsonl.ts";
export { bufferedSink, BufferedSink } from "./buffered.ts";
export type { BufferedSinkOptions, Overflow } from "./buffered.ts";
export { consoleSink, ConsoleSink } from "./console.ts";
export type { ConsoleSinkOptions, TextStream } from "./console.ts";
export type { OnFault } from "./fault.ts";
export { filterSink, FilterSink } from "./filter.ts";
export type { FilterSinkOptions } from "./filter.ts";
export { jsonlSink, JsonlSink } from "./jsonl.ts";
export type { JsonlSinkOptions } from "./jsonl.ts";
export { memorySink, MemorySink } from "./memory.ts";
export type { MemorySinkOptions } from "./memory.ts";
export { multiSink, MultiSink } from "./multi.ts";
export { nullSink, NullSink } from "./null.ts";
export { deliver } from "./sink.ts";
export type { LeftOut, Sink, WriteOutcome } from "./sink.ts";
