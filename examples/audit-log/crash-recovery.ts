// Crash recovery, _iter_lines and _parse_line: what a killed writer left unfinished is kept in a RECOVERED event and never
// glued to the next one; lines that are no events are passed over and reported.

import * as fs from "node:fs";

import { AuditLog } from "tracekeep/audit-log";

await using log = new AuditLog("audit.jsonl");
log.log("nav", { reason: "before" });
log.flush();
fs.appendFileSync("audit.jsonl", '42\nnot json\n{"event":"nav","times');
log.log("nav", { reason: "after" });

const events = log.query();
for (const { reason } of events) console.log(reason);
for (const { file: _file, ...place } of events.report.skipped) console.log("passed over:", place);
const [recovered] = log.query({ type: "RECOVERED" });
console.log("kept:", recovered?.["fragment"]);
