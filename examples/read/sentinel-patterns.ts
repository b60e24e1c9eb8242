// The Read Patterns of the Sentinel trace writer, each of its functions and usage examples, on a session file of its own
// form: no session id, no numbers, severities now and then, and a line that is broken.

import { writeFileSync } from "node:fs";

import { openReader } from "tracekeep";

const now = new Date();
const hoursAgo = (hours: number): string => new Date(now.getTime() - hours * 3_600_000).toISOString();
const traces = [
  { event: "START", timestamp: hoursAgo(3), agent_id: "Claude-Orch-Prime-20260106-c614" },
  {
    event: "TOOL_CALL",
    timestamp: hoursAgo(2),
    agent_id: "Claude-Orch-Prime-20260106-c614",
    duration_ms: 7000,
  },
  {
    event: "TOOL_CALL",
    timestamp: hoursAgo(0.5),
    agent_id: "Claude-Sub-Analysis-20260106-a1b2",
    duration_ms: 40,
  },
  { event: "ERROR", timestamp: hoursAgo(0.2), agent_id: "Claude-Orch-Prime-20260106-c614" },
  { event: "BRANCH", agent_id: "Claude-Orch-Prime-20260106-c614", severity: "WARN" },
];
const lines = traces.map((trace) => JSON.stringify(trace));
writeFileSync(
  "session.jsonl",
  [...lines.slice(0, 2), "", '{"event":"TOOL_C', ...lines.slice(2), ""].join("\n"),
);

const reader = openReader({ paths: ["session.jsonl"] });

// read_session: everything. A line that cannot be read is no reason to stop, and it is told where it is.
const all = reader.events();
console.log("all:", [...all].map(({ event }) => event).join(" "));
console.log("skipped:", all.report.skipped.map(({ from, to }) => `bytes ${from} to ${to}`).join(", "));

// read_filtered, "All tool calls from last hour": a time of its own zone cannot be mixed up, and how long ago is enough.
const calls = reader.events({ event: "TOOL_CALL", since: "1h" });
console.log("tool calls of the last hour:", [...calls].map((call) => call["duration_ms"]).join(" "));

// "All errors from orchestrator agents": an ERROR that has no severity has that of its type.
const errors = reader.events({ agent: "Claude-Orch-*", severity: "ERROR" });
console.log("errors:", [...errors].map(({ event }) => event).join(" "));

// "Custom filter: traces with duration > 5000ms", as a function or as a condition.
const slow = reader.events({ predicate: (event) => Number(event["duration_ms"] ?? 0) > 5000 });
console.log("slow:", [...slow].length, [...reader.events({ where: "duration_ms>5000" })].length);

// What has no time is never inside a time.
console.log("ever:", [...reader.events({ since: "9999d" })].length, "of", [...reader.events()].length);

// stream_session: one after the other; other work gets its turn in between.
let streamed = 0;
for await (const _ of reader.events()) streamed++;
console.log("streamed:", streamed);

// stream_with_progress
const read = reader.events({ onProgress: ({ bytes, bytesTotal }) => console.error(bytes, "of", bytesTotal) });
for await (const _ of read);
console.log("progress:", read.report.bytes === read.report.bytesTotal ? "complete" : "not complete");
