// What did the agent know when it acted? Every step with its result, and the state at one of them.

import { withSession } from "tracekeep";
import { openReader } from "tracekeep/read";
import { readTimeline, stateAt, walkSteps } from "tracekeep/replay";
import { gistOf } from "tracekeep/report";

await withSession({ id: "run-1", agent: "reviewer" }, (session) => {
  session.userMessage("Remove what is not used.");
  session.toolCall("read", { file_path: "src/a.ts" }).result("export const a = 1;");
  session.toolCall("search", { text: "a" }).error("timeout");
  session.toolCall("delete", { file_path: "src/a.ts" });
});

const reader = openReader();
const timeline = readTimeline(reader, "run-1");
for (const { kind, name, status, unmatched, seq } of walkSteps(timeline)) {
  if (kind === "tool") console.log(seq, name, unmatched ?? status);
}

const deletion = [...walkSteps(timeline)].find(({ name }) => name === "delete");
const state = stateAt(reader, "run-1", deletion?.seq ?? 0);
for (const place of state.conversation) console.log(place.role, gistOf(state.tape.read(place)));
console.log("files:", state.files.join(", "));
