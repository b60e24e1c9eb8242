// _maybe_rotate and _close_file: at its size (or at 00:00 somewhere) the log goes on in another file. The one before is
// compressed beside the recording, and every read sees all of them as one stream.

import * as fs from "node:fs";

import { AuditLog } from "tracekeep/audit-log";

{
  await using log = new AuditLog("audit.jsonl", {
    rotateBytes: 64 * 1024,
    rotateDailyIn: "Europe/Berlin",
    retentionDays: 184,
  });
  for (let index = 0; index < 1_000; index++) {
    await log.append("nav", { index, reason: "x".repeat(100) });
  }
}
console.log("archived as", fs.readdirSync("archive").sort()[0]);
await using log = new AuditLog("audit.jsonl");
let due = 0;
for await (const { index } of log.query()) if (index === due) due++;
console.log(due, "events in order");
