// Decepticon's "Global Logger Instance" (`get_logger()`), and its takeaway on singletons: one logger for the process
// where that is wanted, handed out by the module system, without one current session for everybody.

import { log, withSession, currentSession } from "tracekeep";
import { openReader } from "tracekeep/read";

// One session for the process, begun with its first event.
log({ event: "USER_MESSAGE", message: "from anywhere" });

// Where several things are done at once, each finds its own.
const ask = (agent: string): Promise<void> =>
  withSession({ agent }, async () => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    currentSession()?.userMessage(`to ${agent}`);
  });
await Promise.all([ask("Planner"), ask("Recon")]);

const said = [...openReader().events({ event: "USER_MESSAGE" })].map(
  ({ agent_id: agent, message }) => `${agent}: ${String(message)}`,
);
console.log(said.toSorted().join("\n"));
