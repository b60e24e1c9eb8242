// A feature flag that switches recording off, while callers still depend on the events. It must be chosen: a recorder
// without a sink is an error.

import assert from "node:assert/strict";

import { createRecorder } from "tracekeep";
import { jsonlSink, nullSink } from "tracekeep/sinks";

const auditing = process.env["AUDIT"] === "on";
const recorder = createRecorder({
  sink: auditing ? jsonlSink("events.jsonl") : nullSink(),
  agent: "reviewer",
});
const { event } = recorder.userMessage("hello");
console.log(`${event.event} ${String(event["seq"])} by ${String(event["agent_id"])}, kept nowhere`);
await recorder.end();

assert.throws(() => createRecorder({} as { sink: string }), TypeError);
