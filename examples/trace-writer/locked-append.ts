// Sentinel's `locked_append`: a file of any format that several processes change. Waiters are woken, whoever has waited
// for too long is told who has the lock, and a holder that dies lets go of it.

import { appendFile, readFile } from "node:fs/promises";

import { withFileLock } from "tracekeep";

import { agent, runFourAgents } from "./four-agents.ts";

if (agent !== undefined) {
  for (let index = 0; index < 25; index++) {
    const line = JSON.stringify({ event: "TOOL_CALL", timestamp: new Date().toISOString(), agent_id: agent });
    await withFileLock("traces.jsonl.lock", () => appendFile("traces.jsonl", `${line}\n`), {
      timeoutMs: 30_000,
    });
  }
} else {
  await runFourAgents(import.meta.filename);
  console.log((await readFile("traces.jsonl", "utf8")).trimEnd().split("\n").length, "traces");

  await withFileLock("traces.jsonl.lock", async () => {
    // The second one waits for this very function, which waits for it.
    const second = withFileLock("traces.jsonl.lock", () => "never", { timeoutMs: 100 });
    await second.catch((error: Error) => console.log(error.name, (error as { code?: string }).code));
  });
}
