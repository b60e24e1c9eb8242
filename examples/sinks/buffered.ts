// A bounded queue between producers and a destination. `write` says only that an event was admitted; `flush` waits for
// the destination and surfaces its errors; `close`, here by `await using`, drains, flushes and stops.

import { createRecorder } from "tracekeep";
import { bufferedSink, jsonlSink } from "tracekeep/sinks";

{
  await using sink = bufferedSink(jsonlSink("events.jsonl"), { capacity: 2048, overflow: "block" });
  await using recorder = createRecorder({ sink, agent: "reviewer" });
  recorder.userMessage("hello");
  await sink.flush();
  console.log(`${sink.deliveredEvents} delivered`);
}

// What a full queue does is the caller's choice. For audits it should be `block`, the default.
const slow = { write: () => new Promise<void>((resolve) => setTimeout(resolve, 5)) };

await using dropping = bufferedSink(slow, { capacity: 3, overflow: "drop-newest" });
const quiet = createRecorder({ sink: dropping, onFault: () => undefined });
for (let step = 0; step < 10; step++) quiet.checkpoint(`step ${step}`);
console.log(`${dropping.droppedEvents} dropped`);

await using raising = bufferedSink(slow, { capacity: 3, overflow: "raise" });
const loud = createRecorder({ sink: raising, onFault: () => undefined });
try {
  for (let step = 0; step < 10; step++) loud.checkpoint(`step ${step}`);
} catch (error) {
  console.log("raised:", error instanceof Error ? error.message : error);
}
