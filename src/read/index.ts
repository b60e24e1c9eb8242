/**
 * Reading a store: events, sessions and their figures, and events as they happen. Never writes, locks or blocks.
 *
 * @module
 * @example
 * import { openReader } from "tracekeep/read";
 * const reader = openReader();
 * for (const session of reader.sessions()) console.log(session.session_id, session.status, session.tool_calls);
 */
export { parseCondition } from "./filter/condition.ts";
export type { Condition } from "./filter/condition.ts";
export type { EventCost } from "./lines/cost.ts";
export type { EventCount } from "./lines/event-counter.ts";
export type { EventPlace } from "./scan/event-at.ts";
export type { EventCursor, EventFilter } from "./filter/filter.ts";
export { compileGlob } from "./filter/glob.ts";
export { parseDuration, parseMoment } from "./filter/moment.ts";
export type { Moment } from "./filter/moment.ts";
export type { Cursor } from "./following/follow.ts";
export { openReader, Reader, subscribe } from "./reader.ts";
export type { ReaderOptions, StoredLine } from "./reader.ts";
export { UNTYPED } from "./lines/foreign.ts";
export { MAX_SKIPPED, ReadReport, UNFINISHED_LINE } from "./lines/report.ts";
export type { MatchedBy } from "./scan/session-logs.ts";
export type { SessionEntry, SessionFilter } from "./sessions/sessions.ts";
export { ReadStream } from "./scan/stream.ts";
export type { Pause, ReadStreamOptions } from "./scan/stream.ts";
export type { FollowedLine } from "./following/subscribe.ts";
export type { SubscribeOptions } from "./following/subscribe-options.ts";
export { Subscription } from "./following/subscription.ts";
export type { SubscriptionEnd } from "./following/subscription.ts";
export type { LagPolicy, LiveEvent, VolatileEvent } from "../live/index.ts";
export type { SkippedBytes } from "../store/session/catalog.ts";
export type { SessionState, SessionSummary } from "../summary/index.ts";
