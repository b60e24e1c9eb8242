// For tests: an event is in `events` when the call returns.

import assert from "node:assert/strict";

import { createRecorder } from "tracekeep";
import { memorySink } from "tracekeep/sinks";

const sink = memorySink();
const recorder = createRecorder({ sink });
recorder.userMessage("hello");
assert.equal(sink.events[0]?.event, "START");
assert.equal(sink.events[1]?.event, "USER_MESSAGE");
assert.equal(sink.events[1]["message"], "hello");

// Events are kept until they are cleared, or until there are more than `maxEvents`.
sink.clear();
assert.equal(sink.events.length, 0);
const lastTwo = memorySink({ maxEvents: 2 });
const busy = createRecorder({ sink: lastTwo });
for (let step = 1; step <= 5; step++) busy.checkpoint(`step ${step}`);
console.log(
  lastTwo.events.map((event) => event["message"]),
  `and ${lastTwo.droppedEvents} dropped`,
);
