// One primary sink, whose word counts, and copies that may filter, drop or fail without hurting anybody.

import { createRecorder } from "tracekeep";
import { consoleSink, filterSink, jsonlSink, multiSink } from "tracekeep/sinks";

const shown = filterSink(consoleSink({ stream: process.stdout }), { minSeverity: "ERROR" });
const broken = { write: () => Promise.reject(new Error("the collector is down")) };

await using sink = multiSink(jsonlSink("events.jsonl"), shown, broken);
sink.onFault = (error) => console.log("a copy is incomplete:", error.message);

await using recorder = createRecorder({ sink, agent: "reviewer" });
recorder.userMessage("not severe enough to be shown");
recorder.error("this is");
// The bound can be moved while it runs.
shown.minSeverity = "INFO";
await recorder.append({ event: "USER_MESSAGE", message: "now it is" });
