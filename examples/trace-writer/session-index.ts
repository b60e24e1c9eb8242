// Sentinel's SessionIndexManager: session_index.json over a store, kept up to date as it is written.

import { openStore } from "tracekeep";
import { SessionIndex } from "tracekeep/session-index";

await using store = openStore({ dir: ".tracekeep", indexEveryEvents: 50 });
const index = new SessionIndex(store);

// register_session, update_session, close_session
index.register("deploy-42", { agent: "Claude-Orch-Prime-20260106-c614" });
await index.update("deploy-42", {
  anomalies: [
    { type: "TOOL_STORM", detected_at: "2026-01-06T23:15:00Z", details: "15 tool calls in 60 seconds" },
  ],
  health_score: 85,
});
index.close("deploy-42", "NORMAL");

// load, and rebuild_from_files: the same, because what was said is in the log.
const { sessions, summary } = await index.load();
console.log(sessions[0]?.file, sessions[0]?.anomaly_count, summary.health_score_avg);
const rebuilt = await index.rebuild();
console.log(JSON.stringify(rebuilt) === JSON.stringify({ ...rebuilt, sessions, summary }));
