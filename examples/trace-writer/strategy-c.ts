// Strategy C, atomic replacement: the whole file is written anew beside the old one, synced and renamed, all under a
// lock. A crash leaves the old file or the new one, and no change of any writer is lost. It costs the size of the file
// each time, so it is for small files that are changed as a whole (an index, settings), not for a log that grows.

import { readFile } from "node:fs/promises";

import { updateFile } from "tracekeep";

import { agent, runFourAgents } from "./four-agents.ts";

if (agent !== undefined) {
  for (let index = 0; index < 10; index++) {
    const line = JSON.stringify({ event: "TOOL_CALL", timestamp: new Date().toISOString(), agent_id: agent });
    await updateFile("traces.jsonl", (text = "") => `${text}${line}\n`);
  }
} else {
  await runFourAgents(import.meta.filename);
  console.log((await readFile("traces.jsonl", "utf8")).trimEnd().split("\n").length, "traces");
}
