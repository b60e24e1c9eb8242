// DEFAULT_AUDIT_PATH, ROTATION_SIZE_BYTES, FSYNC_EVERY_N_LINES, FSYNC_INTERVAL_SEC and EVENT_TYPES: exported, and the
// defaults of options. Types are no cage: another one is recorded all the same, and named by `status`.

import path from "node:path";

import {
  AuditLog,
  DEFAULT_AUDIT_PATH,
  EVENT_TYPES,
  FSYNC_EVERY_N_EVENTS,
  FSYNC_INTERVAL_MS,
  ROTATION_SIZE_BYTES,
} from "tracekeep/audit-log";

console.log(path.basename(DEFAULT_AUDIT_PATH), ROTATION_SIZE_BYTES, FSYNC_EVERY_N_EVENTS, FSYNC_INTERVAL_MS);
console.log(EVENT_TYPES.length, "types, such as", EVENT_TYPES[0]);

await using log = new AuditLog("audit.jsonl", {
  rotateBytes: 1024 * 1024,
  syncEveryEvents: 1,
  syncIntervalMs: 100,
  eventTypes: ["nav", "deploy"],
});
for (const type of ["nav", "deploy", "deplyo"]) log.log(type);
console.log("not known:", log.status().unknownTypes);
