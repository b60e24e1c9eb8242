/**
 * Reading a store: events, sessions and their figures, and events as they happen. Never writes, locks or blocks.
 *
 * @module
 * @example
 * import { openReader } from "tracekeep/read";
 * const reader = openReader();
 * for (const session of reader.sessions()) console.log(session.session_id, session.status, session.tool_calls);
 */
export { parseCondition } from "./condition.ts";
export type { Condition } from "./condition.ts";
export type { EventCost } from "./cost.ts";
export type { EventCount } from "./event-counter.ts";
export type { EventPlace } from "./event-at.ts";
export type { EventCursor, EventFilter } from "./filter.ts";
export { compileGlob } from "./glob.ts";
export { parseDuration, parseMoment } from "./moment.ts";
export type { Moment } from "./moment.ts";
export type { Cursor } from "./follow.ts";
export { openReader, Reader, subscribe } from "./reader.ts";
export type { ReaderOptions, StoredLine } from "./reader.ts";
export { UNTYPED } from "./foreign.ts";
export { MAX_SKIPPED, ReadReport, UNFINISHED_LINE } from "./report.ts";
export type { MatchedBy } from "./session-logs.ts";
export type { SessionEntry, SessionFilter } from "./sessions.ts";
export { ReadStream } from "./stream.ts";
export type { Pause, ReadStreamOptions } from "./stream.ts";
export type { FollowedLine } from "./subscribe.ts";
export type { SubscribeOptions } from "./subscribe-options.ts";
export { Subscription } from "./subscription.ts";
export type { SubscriptionEnd } from "./subscription.ts";
export type { LagPolicy, LiveEvent, VolatileEvent } from "../live/index.ts";
export type { SkippedBytes } from "../store/session/catalog.ts";
export type { SessionState, SessionSummary } from "../summary/index.ts";
