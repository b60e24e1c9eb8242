// accuracy_metrics and gate_metrics: from the types that say so, yours if you name them.

import { AuditLog } from "tracekeep/audit-log";

await using log = new AuditLog("audit.jsonl");
console.log(await log.accuracyMetrics());
for (const type of ["nav", "nav", "nav", "validation_fail"]) log.log(type);
console.log(await log.accuracyMetrics("24h"));

log.log("gate_compress", { confidence: 90 });
log.log("gate_escalate", { confidence: 30, reason: "unsure" });
console.log(await log.gateMetrics({ since: "24h", last: 1 }));
