/** Recording: stores, sessions, scopes. Everything here is exported by `tracekeep` itself. @module */
export { currentSession, runInSession } from "./context.ts";
export type { Provenance } from "./draft.ts";
export { CallHandle, EventHandle, ModelCallHandle } from "./helpers.ts";
export type { Extra, ModelUsage } from "./helpers.ts";
export type { SessionOptions, StoreOptions } from "./options.ts";
export type { SpillOptions } from "../store/spill.ts";
export type { Receipt } from "./receipt.ts";
export { createRecorder, Recorder } from "./recorder.ts";
export type { RecorderStatus } from "./recorder.ts";
export type { RecorderOptions } from "./recorder-options.ts";
export { log, startSession, traced, withSession } from "./run.ts";
export type { RunOptions } from "./run.ts";
export { Session } from "./session.ts";
export type { AppendOptions, SessionStatus } from "./session.ts";
export { openStore, Store } from "./store.ts";
export { RECORDER } from "./version.ts";
