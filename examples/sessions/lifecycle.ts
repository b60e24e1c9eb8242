// Decepticon's "Session Lifecycle Management", and its answer 2: sessions are started and ended, have an id, a start and
// what was said of the model; any number of them at once, none of which takes another's place.

import { openReader } from "tracekeep/read";
import { startSession } from "tracekeep";

// start_session(model_info)
const one = startSession({
  agent: "Planner",
  metadata: { model: { provider: "anthropic", name: "claude-4" } },
});
const other = startSession({ agent: "Recon" });

// log_user_input, log_agent_response, log_tool_command, log_tool_output: each event has its type and its time.
one.userMessage("Is port 22 open on 10.0.0.1?");
other.userMessage("Who are you?");
const scan = one.toolCall("nmap", "nmap -p 22 10.0.0.1");
scan.result("22/tcp open");
one.agentMessage("It is.");
other.agentMessage("An agent.");

// end_session()
one.end();
other.end();

const reader = openReader();
for (const { agent_id: agent, status, events, tool_calls: calls } of reader.sessions()) {
  console.log(agent, status, events, "events", calls, "tool calls");
}
const [start] = reader.events({ session: one.id });
console.log("model:", JSON.stringify(start?.["metadata"]));
const [command, output] = [...reader.events({ session: one.id, event: ["TOOL_CALL", "TOOL_RESULT"] })];
console.log("the output belongs to its command:", command?.call_id === output?.call_id);
