// Two agents at once in one process. Whoever records finds the session of the code that is running, also behind an await,
// and a session that begins inside of another one is its child.

import { log, openReader, traced, withSession } from "tracekeep";

const readPage = traced("read_page", async (url: string) => {
  await Promise.resolve();
  if (url.endsWith("/gone")) throw new Error("404");
  return `text of ${url}`;
});

await withSession({ agent: "planner" }, async (planner) => {
  const urls = ["https://example.org/a", "https://example.org/gone"];
  await Promise.all(
    urls.map((url) =>
      withSession({ agent: "reader" }, async (reader) => {
        const work = planner.delegate(`read ${url}`, { child_session_id: reader.id });
        try {
          work.result(await readPage(url));
        } catch (error) {
          log({ event: "DECISION", decision: "skip", url });
          work.error(error);
        }
      }),
    ),
  );
});

for (const { agent_id: agent, parent_id: parent, tool_errors: failed } of openReader().sessions()) {
  console.log(agent, parent === null ? "began by itself," : "is a child,", failed, "calls failed");
}
