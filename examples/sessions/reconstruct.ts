// Decepticon's "Reproducibility", and its answer 3: from what was recorded, the state at any event, for debugging and
// audits; and a transcript to read.

import { startSession } from "tracekeep";
import { exportFile, markdown } from "tracekeep/export";
import { openReader } from "tracekeep/read";
import { stateAt } from "tracekeep/replay";
import { gistOf } from "tracekeep/report";

const session = startSession({ id: "incident-7", agent: "Recon" });
session.userMessage("Is port 22 open?");
const call = session.toolCall("nmap", "nmap -p 22 10.0.0.1");
call.result("22/tcp open");
session.agentMessage("It is.");
session.end();

const reader = openReader();
const state = stateAt(reader, "incident-7", 2);
for (const place of state.conversation) console.log(place.role, gistOf(state.tape.read(place)));
console.log("tools called by then:", state.totals.tool_calls);

await exportFile(reader, markdown(), "incident-7.md", { sessions: ["incident-7"] });
