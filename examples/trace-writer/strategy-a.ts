// Strategy A, agent-scoped files: each agent's session has a file of its own, so nobody waits for anybody. This is what
// a store does by itself, and what to take unless there is a reason against it.

import { openReader, openStore } from "tracekeep";

import { agent, runFourAgents } from "./four-agents.ts";

if (agent !== undefined) {
  await using store = openStore({ dir: "audit" });
  const session = store.startSession({ id: agent, agent, durability: "fsync" });
  for (let index = 0; index < 25; index++) {
    await session.append({ event: "TOOL_CALL", tool: "bash", args: { command: "ls -la" }, duration_ms: 150 });
  }
  session.end();
} else {
  await runFourAgents(import.meta.filename);
  for await (const session of openReader({ dir: "audit" }).sessions()) {
    console.log(session.files[0]?.split("/").at(-1), session.tool_calls, session.status);
  }
}
