// One line for each event, appended to a file. Folders that are missing are created.

import { createRecorder } from "tracekeep";
import { jsonlSink } from "tracekeep/sinks";

await using sink = jsonlSink("var/audit/agent-events.jsonl");
await using recorder = createRecorder({ sink, agent: "reviewer" });
recorder.userMessage("Is the build green?");

// Passing the path is the same.
await using other = createRecorder({ sink: "var/audit/other-events.jsonl", agent: "reviewer" });
other.userMessage("And the tests?");

console.log("recording into", sink.path);
