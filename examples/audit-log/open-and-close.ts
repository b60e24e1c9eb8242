// AuditLog, __init__, _ensure_open, flush, close, __enter__ and __exit__. Nothing is created before the first event;
// `await using` closes; closing twice is harmless.

import * as fs from "node:fs";

import { AuditLog } from "tracekeep/audit-log";

{
  await using log = new AuditLog("logs/audit.jsonl");
  console.log("there before the first event:", fs.existsSync("logs"));
  log.log("brief", { model: "llama-3.1-8b" });
  log.flush();
  console.log("on the medium:", fs.existsSync("logs/audit.jsonl"));
}
const again = new AuditLog("logs/audit.jsonl");
console.log(again.query().toArray().length, "event");
await again.close();
await again.close();
