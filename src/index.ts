/**
 * Tracekeep: the flight recorder for AI agents.
 *
 * @module
 * @example
 * import { withSession } from "tracekeep";
 *
 * await withSession({ agent: "reviewer" }, async (session) => {
 *   session.userMessage("Is the build green?");
 *   const call = session.toolCall("bash", { command: "npm test" });
 *   call.result({ exit_code: 0 });
 *   session.agentMessage("Yes.");
 * });
 */
export { AuditLog } from "./audit-log/index.ts";
export type { AuditEventType, AuditFields, AuditLogOptions } from "./audit-log/index.ts";
export { TracekeepError } from "./base/errors.ts";
export type { ErrorCode } from "./base/errors.ts";
export type { Event, EventDraft, EventType, Severity, StandardDraft, StandardType } from "./event/index.ts";
export { openReader, subscribe } from "./read/index.ts";
export type { LiveEvent, SubscribeOptions } from "./read/index.ts";
export {
  CallHandle,
  createRecorder,
  currentSession,
  EventHandle,
  log,
  ModelCallHandle,
  openSharedLog,
  openStore,
  Recorder,
  runInSession,
  Session,
  SharedLogWriter,
  SessionStream,
  startSession,
  Store,
  traced,
  withSession,
} from "./record/index.ts";
export type {
  AppendOptions,
  Extra,
  ModelUsage,
  Provenance,
  Receipt,
  RecorderOptions,
  RecorderStatus,
  RetentionOutcome,
  RetentionPolicy,
  RetentionReport,
  RotationSettings,
  RunOptions,
  SessionOptions,
  SessionStatus,
  SettingsChange,
  SharedLogOptions,
  SharedLogStatus,
  SpillOptions,
  StoreOptions,
  StoreSettings,
  StoreStats,
  StreamOptions,
} from "./record/index.ts";
export { withFileLock } from "./store/disk/file-lock.ts";
export type { FileLockOptions } from "./store/disk/file-lock.ts";
export { updateFile } from "./store/disk/replace.ts";
