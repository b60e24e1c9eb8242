// A process of audit-log.process.test.ts and of bench/audit-log: logs numbered events. Runs the built package.

import { AuditLog } from "../../dist/lib/audit-log.js";

const [file, name, count, rotateBytes] = process.argv.slice(2);
const told = (message) => new Promise((resolve) => process.send(message, resolve));

const log = new AuditLog(file, {
  agent: name,
  rotateBytes: Number(rotateBytes),
  lockTimeoutMs: 120_000,
  handleSignals: false,
  onFault: (error) => void told({ fault: error.message }),
});
const BATCH = 100;
for (let from = 0; from < Number(count); from += BATCH) {
  const receipts = [];
  for (let index = from; index < Math.min(from + BATCH, Number(count)); index++) {
    receipts.push(log.append("nav", { index, cost: 0.001, reason: "x".repeat(200) }));
  }
  await Promise.all(receipts);
  await told({ acknowledged: Math.min(from + BATCH, Number(count)) });
}
await log.close();
process.disconnect();
