// The same file without ever stopping the event loop: writes and syncs run in the thread pool.

import { createRecorder } from "tracekeep";
import { asyncJsonlSink } from "tracekeep/sinks";

await using sink = asyncJsonlSink("events.jsonl", { durability: "fsync" });
await using recorder = createRecorder({ sink, agent: "server" });
const receipts = await Promise.all(
  Array.from({ length: 100 }, (_, n) => recorder.append({ event: "CHECKPOINT", message: `request ${n}` })),
);
console.log(`${receipts.length} on the medium, the last one is event ${receipts.at(-1)?.seq}`);
