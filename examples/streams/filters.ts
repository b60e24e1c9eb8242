// Only what is wanted: by type, by a condition, by severity, which may be changed while the stream runs.

import { startSession, subscribe } from "tracekeep";

const session = startSession({ agent: "reviewer" });

async function watch(name: string, options: Parameters<typeof subscribe>[0]): Promise<void> {
  const events = subscribe({ session: session.id, minSeverity: "WARN", ...options });
  for await (const { event, message, tool } of events) {
    console.log(`${name}: ${event} ${String(message ?? tool)}`);
    // From now on it wants to know more.
    events.minSeverity = "DEBUG";
  }
}

const watching = [
  watch("severe", {}),
  watch("slow tools", { event: "TOOL_CALL", where: "duration_ms>5000", minSeverity: undefined }),
];
session.checkpoint("too quiet to be heard");
session.log({ event: "NOTE", severity: "WARN", message: "this may take a while" });
session.checkpoint("heard now");
session.log({ event: "TOOL_CALL", tool: "grep", severity: "DEBUG", duration_ms: 40 });
session.log({ event: "TOOL_CALL", tool: "make", duration_ms: 7_000 });
session.end();
await Promise.all(watching);
