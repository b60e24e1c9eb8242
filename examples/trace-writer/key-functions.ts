// The Key Functions of Sentinel's trace writer, one after the other, with the usage comments and common patterns of its
// page. (TraceRotator.rotate is not there yet.)

import { openReader, openStore } from "tracekeep";

await using store = openStore({ dir: ".tracekeep" });

// SessionIndexManager.register_session(id, file): a session is there from its first line on, under Sentinel's file name.
const session = store.startSession({ agent: "Claude-Orch-Prime-20260106-c614" });
console.log(session.file.split("/").at(-1));

// append_trace(file, trace): true became a receipt, which comes when the trace is on the medium, and not before.
const receipt = await session.append(
  { event: "TOOL_CALL", tool: "bash", args: { command: "ls -la" }, duration_ms: 150 },
  { durability: "fsync" },
);
console.log("trace", receipt.seq, "has reached", receipt.durability);
session.toolCall("bash", { command: "make" }).error(new Error("no rule"));
session.log({ event: "TOOL_CALL", tool: "Task", duration_ms: 12_500 });

// stream_session(file), for any size. read_session(file) is the same, kept in a list.
const reader = openReader({ dir: store.dir });
for await (const trace of reader.events({ session: session.id })) console.log(trace.seq, trace.event);

// read_filtered(file, **criteria), as in the usage comments of the page.
const show = async (what: string, filter: Parameters<typeof reader.events>[0]): Promise<void> => {
  let count = 0;
  for await (const _ of reader.events(filter)) count++;
  console.log(`${what}: ${count}`);
};
await show("tool calls of the last hour", { event: "TOOL_CALL", since: "1h" });
await show("errors of orchestrators", { agent: "Claude-Orch-*", severity: "ERROR" });
await show("longer than five seconds", { where: "duration_ms>5000" });
await show("the same by a function", { predicate: (trace) => Number(trace["duration_ms"]) > 5000 });

// SessionIndexManager.close_session(id, reason): END carries the reason and the session's figures.
session.end("NORMAL");
const { session: closed } = reader.session(session.id);
console.log(closed.status, closed.ended_reason);
