/**
 * Sentinel's index of sessions, `session_index.json`, over a store.
 *
 * @module
 * @example
 * import { openStore } from "tracekeep";
 * import { SessionIndex } from "tracekeep/session-index";
 * const { sessions } = await new SessionIndex(openStore()).load();
 */
export { buildIndex } from "./build.ts";
export type { SessionIndexData } from "./build.ts";
export type { IndexedAnomaly, IndexedSession } from "./entry.ts";
export { SessionIndex } from "./session-index.ts";
export type { SessionUpdate } from "./session-index.ts";
