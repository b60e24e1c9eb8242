// _fsync_if_needed: after ten events or a second, whichever comes first, by a timer that serves an idle tail as well.
// An event can ask for more, and so can a whole log.

import { AuditLog } from "tracekeep/audit-log";

await using usual = new AuditLog("usual.jsonl");
console.log((await usual.append("nav")).durability);
console.log((await usual.append("nav", {}, { durability: "fsync" })).durability);

await using careful = new AuditLog("careful.jsonl", { durability: "fsync" });
console.log((await careful.append("nav")).durability);
