// A past run reproduced: who said what, which command gave which output, in the recorded order and with the recorded
// times. Looking at it changes nothing, least of all a session that is running.

import { setTimeout as pause } from "node:timers/promises";

import { openStore, startSession } from "tracekeep";
import { openReader } from "tracekeep/read";
import { openPlayer } from "tracekeep/replay";

// Two agents of one team, recorded side by side; any number of sessions may be open.
const store = openStore();
const scout = store.startSession({ id: "scout-1", agent: "scout", metadata: { model: "m-1" } });
const planner = store.startSession({ id: "planner-1", agent: "planner" });
scout.userMessage("Which ports are open on the test host?");
const scan = scout.toolCall("bash", "nmap -p 22,80 test.example");
await pause(10);
scan.result("22/tcp open\n80/tcp open");
await pause(10);
planner.agentMessage("Then look at the web server first.");
await pause(10);
scout.toolCall("bash", "curl http://test.example").error("connection refused");
scout.agentMessage("Ports 22 and 80; the web server does not answer.");
scout.end();
planner.end();

// A session that is still running is not touched by any of what follows.
const running = startSession({ store, agent: "other" });

const reader = openReader();
for (const { session_id: id, agent_id: agent, events, status } of reader.sessions()) {
  console.log(`${id === running.id ? "(running)" : id} ${agent}: ${events} events, ${status}`);
}

// Both at once, interleaved by time, a hundred times as fast as it happened.
const player = openPlayer({ sessions: ["scout-1", "planner-1"], reader, speed: 100 });
for await (const { event } of player) {
  const { agent_id: agent, event: type, message, args, result, error } = event;
  const said = message ?? args ?? result ?? error;
  if (said !== undefined) console.log(`${agent} ${type}: ${JSON.stringify(said)}`);
}
running.userMessage("still here");
running.end();
