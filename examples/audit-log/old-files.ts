// A log that Vivarium wrote is read in place, archives and all, under our names. The first event of ours puts its file
// aside, unchanged; `tracekeep import vivarium` takes it into a store instead.

import * as fs from "node:fs";
import { gzipSync } from "node:zlib";

import { AuditLog } from "tracekeep/audit-log";

const line = (ts: string, cost: number): string =>
  `${JSON.stringify({ ts, event: "nav", session_id: "ab12cd34", cost, input_t: 800, output_t: 60 })}\n`;
fs.writeFileSync("audit_20260105_235959.jsonl.gz", gzipSync(line("2026-01-05T22:00:00.000Z", 0.25)));
fs.writeFileSync("audit.jsonl", line("2026-01-06T22:00:00.000Z", 0.5));

await using log = new AuditLog("audit.jsonl");
for (const { event, cost_usd, input_tokens } of log.query()) console.log(event, cost_usd, input_tokens);
log.log("nav", { cost: 0.125 });
console.log(log.query().toArray().length);
console.log(fs.readFileSync("audit.0000.jsonl", "utf8").startsWith('{"ts":"2026-01-06'));
