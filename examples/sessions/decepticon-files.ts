// Decepticon's own files in, and sessions of any origin out for its viewer. Its times have no offset, so the zone they
// were written in is named.

import * as fs from "node:fs";

import { openStore } from "tracekeep";
import { decepticon as decepticonFormat, exportFiles } from "tracekeep/export";
import { decepticon, importSessions } from "tracekeep/import";
import { openReader } from "tracekeep/read";

const file = "logs/2025/06/10/session_32210ce3-5c3b-4f0a-9d43-0d4f4ddc0001.json";
fs.mkdirSync("logs/2025/06/10", { recursive: true });
const events = [
  { event_type: "user_input", timestamp: "2025-06-10T14:03:22.123456", content: "scan 10.0.0.1" },
  {
    event_type: "tool_command",
    timestamp: "2025-06-10T14:03:23.5",
    content: "nmap 10.0.0.1",
    tool_name: "nmap",
  },
  {
    event_type: "tool_output",
    timestamp: "2025-06-10T14:03:29.75",
    content: "22/tcp open",
    tool_name: "nmap",
  },
  {
    event_type: "agent_response",
    timestamp: "2025-06-10T14:03:31.0",
    content: "22 is open",
    agent_name: "Recon",
  },
];
const session = {
  session_id: "32210ce3-5c3b-4f0a-9d43-0d4f4ddc0001",
  start_time: "2025-06-10T14:03:20.000001",
  events,
};
fs.writeFileSync(file, JSON.stringify(session, null, 2));

const store = openStore();
const report = await importSessions(store, {
  importers: [decepticon({ zone: "Asia/Seoul" })],
  paths: ["logs"],
});
console.log(report.events_added, "events of", report.sessions, "session");

const reader = openReader();
for (const event of reader.events({ session: "32210ce3" }))
  console.log(event.timestamp, event.event, event["tool"] ?? "");

const { files } = await exportFiles(reader, decepticonFormat(), "out");
console.log("the same file:", fs.readFileSync(files[0] ?? "", "utf8") === fs.readFileSync(file, "utf8"));
store.close();
