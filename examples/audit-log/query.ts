// query: a stream in constant memory, or a list. Instants are compared, not texts, whatever offset they are written with.

import { AuditLog } from "tracekeep/audit-log";

await using log = new AuditLog("audit.jsonl");
log.log("nav", { reason: "yesterday", timestamp: "2026-01-05T22:00:00Z" });
log.log("nav", { reason: "exactly then", timestamp: "2026-01-06T23:00:00+01:00" });
log.log("tldr", { reason: "later", timestamp: "2026-01-06T22:00:00.001Z" });

const since = new Date("2026-01-06T22:00:00Z");
for await (const { event, reason } of log.query({ since })) console.log(event, reason);
console.log(log.query({ since, type: "tldr" }).toArray().length);
console.log(log.query({ type: ["nav", "tldr"], until: "2026-01-05T23:00:00Z" }).toArray().length);
