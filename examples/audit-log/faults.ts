// `logger`: where Vivarium warns in its log, faults are told to `onFault`, show in `status`, and what could not be written
// is counted by a GAP event as soon as one can be.

import * as fs from "node:fs";

import { AuditLog } from "tracekeep/audit-log";

fs.mkdirSync("audit.jsonl");
await using log = new AuditLog("audit.jsonl", { onFault: ({ code }) => console.log("told:", code) });
log.log("nav");
await log.append("nav").catch(({ code }) => console.log("refused:", code));
console.log(log.status().refused > 0);
fs.rmdirSync("audit.jsonl");
await log.append("nav");
const [gap] = log.query({ type: "GAP" });
console.log(gap?.event, Number(gap?.["count"]) > 0);
