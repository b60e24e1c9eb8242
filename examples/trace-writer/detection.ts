// Sentinel's IntegratedTraceWriter: each trace is stored, then looked at, and what is found is stored and told.

import { openReader, openStore } from "tracekeep";
import { standardDetectors } from "tracekeep/detect";

const dir = ".tracekeep";
{
  await using store = openStore({
    dir,
    detectors: standardDetectors(),
    onAnomaly: ({ rule, severity }) => console.log(`ALERT: ${severity} ${rule}`),
  });
  const session = store.startSession({ agent: "Claude-Orch-Prime-20260106-c614" });
  for (let index = 0; index < 25; index++) {
    session.log({ event: "TOOL_CALL", tool: "bash", args: { command: "make" }, duration_ms: 150 });
  }
  session.end();
}
const found = openReader({ dir }).events({ event: "ANOMALY_DETECTED" });
for await (const { event, original_event, description } of found)
  console.log(event, original_event, description);
