// Two runs of one agent: where they part, and what is different in the rest.

import { withSession } from "tracekeep";
import { openReader } from "tracekeep/read";
import { diffRuns } from "tracekeep/replay";

for (const [id, command] of [
  ["run-1", "npm test"],
  ["run-2", "npm run lint"],
] as const) {
  await withSession({ id, agent: "builder" }, (session) => {
    session.userMessage("Is it green?");
    session.toolCall("bash", { command }).result({ exit_code: 0 });
    session.agentMessage("Yes.");
  });
}

const { same, divergence, rest } = diffRuns(openReader(), "run-1", "run-2");
console.log(`${same} the same, then:`, divergence?.difference);
console.log(`of the rest, ${rest.both} in both`);
