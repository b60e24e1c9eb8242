// last_events: the last n, oldest first, of any type or of one. Costs what is read from the end, not the whole log.

import { AuditLog } from "tracekeep/audit-log";

await using log = new AuditLog("audit.jsonl");
for (let index = 0; index < 30; index++) log.log(index % 10 === 0 ? "nav" : "brief", { index });

console.log(log.lastEvents().length);
console.log(log.lastEvents(3).map(({ index }) => index));
console.log(log.lastEvents(2, "nav").map(({ index }) => index));
