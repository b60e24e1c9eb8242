/**
 * One logger for the streams of many sessions, after AiCore's: chunks in, live streams of messages out, all of it on
 * disk.
 *
 * @module
 * @example
 * import { createStreamLog } from "tracekeep/stream-log";
 *
 * await using logger = createStreamLog();
 * logger.logChunk("<think>", "abc123");
 * logger.logChunk("Let me see.", "abc123");
 * logger.logChunk("</think>", "abc123");
 * for await (const message of logger.pop("abc123")) console.log(message);
 */
export { logEntry } from "./entry.ts";
export type { LogEntry, LogEntryInput } from "./entry.ts";
export { dailyRotation } from "./rotation.ts";
export type { DailyRotationOptions } from "./rotation.ts";
export { createStreamLog, StreamLog } from "./stream-log.ts";
export type { MessageOptions, StreamLogOptions } from "./stream-log.ts";
