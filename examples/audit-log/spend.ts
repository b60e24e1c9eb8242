// hourly_spend, and the budget gate that Vivarium builds on it: the last 60 minutes to the millisecond, over all processes
// and archives. `budget.check` answers from running totals, before money is spent.

import { AuditLog } from "tracekeep/audit-log";

await using log = new AuditLog("audit.jsonl", { budget: { hourUsd: 1, dayUsd: 10 } });
log.log("nav", { cost: 0.25, timestamp: new Date(Date.now() - 90 * 60_000) });
log.log("nav", { cost: 0.5 });
log.log("brief", { cost: 0.125 });
console.log(log.hourlySpend(), log.hourlySpend(2));

const { allowed, reason } = log.budget.check(0.5);
console.log(allowed, reason);
console.log(log.budget.check(0.1).level);
