/**
 * One event log for many processes, after Vivarium's `AuditLog`: spend of the last hours, a budget, the last events.
 *
 * @module
 * @example
 * import { AuditLog } from "tracekeep/audit-log";
 * await using log = new AuditLog("audit.jsonl");
 * log.log("nav", { cost: 0.02, model: "llama-3.1-8b", files: ["src/main.ts"], confidence: 91, durationMs: 840 });
 * console.log(log.hourlySpend());
 */
export type { AccuracyMetrics, GateMetrics } from "./accuracy.ts";
export { AuditLog } from "./audit-log.ts";
export type { AuditLogStatus, AuditQuery } from "./audit-log.ts";
export {
  DEFAULT_AUDIT_PATH,
  EVENT_TYPES,
  FSYNC_EVERY_N_EVENTS,
  FSYNC_INTERVAL_MS,
  ROTATION_SIZE_BYTES,
} from "./constants.ts";
export type { AuditEventType, AuditFields } from "./fields.ts";
export type { AuditLogOptions } from "./options.ts";
export type { AuditBudget } from "./spending.ts";
