// _get_session_id and _SESSION_LOCK: each process and each worker is a writer with a session id of its own, and any
// number of them share one path. The lock is the kernel's, for a moment at each batch.

import { once } from "node:events";
import { Worker } from "node:worker_threads";

import { AuditLog } from "tracekeep/audit-log";

const job = `
  import(require("node:worker_threads").workerData).then(async ({ AuditLog }) => {
    const log = new AuditLog("audit.jsonl");
    for (let index = 0; index < 10; index++) log.log("nav");
    await log.close();
  });`;
const workerData = import.meta.resolve("tracekeep/audit-log");
const workers = [1, 2, 3].map(() => new Worker(job, { eval: true, workerData, execArgv: [] }));

await using log = new AuditLog("audit.jsonl");
for (let index = 0; index < 10; index++) log.log("nav");
await Promise.all(workers.map((worker) => once(worker, "exit")));

const events = log.query().toArray();
console.log(events.length, "events of", new Set(events.map(({ session_id: id }) => id)).size, "sessions");
