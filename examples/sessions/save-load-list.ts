// Decepticon's "File Management and Persistence", and its answers 1, 4 and 5: sessions as JSON documents by date, loaded
// and listed again. Nothing is lost between two saves, because saving is not what keeps events: they are in the log.

import * as fs from "node:fs";

import { openStore } from "tracekeep";
import { exportFiles, json } from "tracekeep/export";
import { readSessionDocument, restoreDocument } from "tracekeep/import";
import { openReader } from "tracekeep/read";

const store = openStore();
for (const [at, question] of ["Is port 22 open?", "And port 80?", "x".repeat(300)].entries()) {
  const session = store.startSession({ id: `scan-${at + 1}`, startedAt: `2026-01-0${at + 1}T23:59:59Z` });
  session.log({ event: "USER_MESSAGE", message: question, timestamp: `2026-01-0${at + 1}T23:59:59.500Z` });
  // After midnight: still the same session, and one document.
  session.log({ event: "a type of ours", timestamp: `2026-01-0${at + 2}T00:00:01Z` });
  session.end();
}
// Nothing happened in it: it is kept, and left out of lists.
store.startSession({ id: "nothing" }).end();

// save_session(): readable JSON, under the day of the session's start.
const reader = openReader();
const { files } = await exportFiles(reader, json(), "documents");
console.log(files.join("\n"));

// list_sessions(limit=2): the newest first, with a preview, and page by page.
for (const offset of [0, 2]) {
  const page = reader.sessions({ order: "newest", empty: false, limit: 2, offset });
  for (const { session_id: id, events, preview } of page) console.log(id, events, preview?.slice(0, 20));
}
// Of one day.
const day = reader.sessions({
  since: "2026-01-02T00:00:00Z",
  until: "2026-01-02T23:59:59.999Z",
  empty: false,
});
console.log("on 2 January:", [...day].map(({ session_id: id }) => id).join(" "));

// load_session(id): from the store, or from a document, also with types that nobody knows.
console.log([...reader.events({ session: "scan-1" })].map(({ event }) => event).join(", "));
console.log(
  [...readSessionDocument("documents/2026/01/01/session_scan-1.json").events].length,
  "in its document",
);
restoreDocument(store, "documents/2026/01/01/session_scan-1.json", { id: "scan-1-again" });

// What is damaged is said, with the place, and is never half a session.
fs.writeFileSync("cut.json", fs.readFileSync(files[0] ?? "").subarray(0, 900));
try {
  restoreDocument(store, "cut.json", { id: "cut" });
} catch (error) {
  console.log(error instanceof Error ? error.message : error);
}
// An id is an id and no pattern.
try {
  reader.session("*");
} catch (error) {
  console.log(error instanceof Error ? error.message : error);
}
store.close();
