// Strategy B, a shared file: several agents append to one log. The lock is taken once for a batch, waiters are woken,
// numbers go on across all writers without a gap, and every line says whose it is.

import { readFile } from "node:fs/promises";

import { openSharedLog } from "tracekeep";

import { agent, runFourAgents } from "./four-agents.ts";

if (agent !== undefined) {
  await using log = openSharedLog("audit.jsonl", { id: agent, agent, durability: "fsync" });
  for (let index = 0; index < 25; index++) {
    await log.append({ event: "TOOL_CALL", tool: "bash", args: { command: "ls -la" }, duration_ms: 150 });
  }
} else {
  await runFourAgents(import.meta.filename);
  const lines = (await readFile("audit.jsonl", "utf8")).trimEnd().split("\n");
  const events = lines.map((line) => JSON.parse(line) as { event: string; seq: number });
  console.log(events.filter(({ event }) => event === "TOOL_CALL").length, "tool calls");
  console.log(
    "numbered without a gap:",
    events.every(({ seq }, index) => seq === index),
  );
}
