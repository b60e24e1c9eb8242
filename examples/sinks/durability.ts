// What an accepted event survives: the death of the process (`os`), the loss of power (`fsync`), or the latter but for
// the last ten events or second (`interval`, the default).

import { createRecorder } from "tracekeep";
import { jsonlSink } from "tracekeep/sinks";

for (const durability of ["os", "interval", "fsync"] as const) {
  await using sink = jsonlSink(`events-${durability}.jsonl`, { durability });
  await using recorder = createRecorder({ sink, agent: "payments" });
  // The receipt comes when the event has reached that durability, and not before.
  const receipt = await recorder.append({ event: "DECISION", decision: "refund", confidence: 0.9 });
  console.log(`event ${receipt.seq} has reached ${receipt.durability}`);
}
