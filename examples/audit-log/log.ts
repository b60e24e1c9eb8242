// log: every parameter of theirs, and how it stands on the line. It never throws because of what is in an event.
// `append` is the same with a receipt.

import { AuditLog } from "tracekeep/audit-log";

await using log = new AuditLog("audit.jsonl");
log.log("nav", {
  cost: 0.0021,
  model: "llama-3.1-8b",
  inputTokens: 812,
  outputTokens: 64,
  files: ["src/router.ts"],
  reason: "hallucinated_path",
  confidence: 87,
  durationMs: 412,
  config: { depth: 2 },
  rawBriefPath: "briefs/1.md",
  attempt: 1,
});
const circular: Record<string, unknown> = { cost: NaN };
circular["self"] = circular;
log.log("nav", circular);

const { seq, durability } = await log.append("budget", { cost: 0 }, { durability: "fsync" });
console.log("line", seq, "has reached", durability);

const [event] = log.query({ type: "nav" });
for (const name of ["cost_usd", "input_tokens", "duration_ms", "raw_brief_path", "attempt"])
  console.log(name, event?.[name]);
