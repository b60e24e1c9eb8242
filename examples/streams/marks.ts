// Marks of another model: reasoning between `[[` and `]]`, in however many chunks a mark comes, and nothing else.

import { openReader } from "tracekeep";
import { createStreamLog } from "tracekeep/stream-log";

const dir = ".tracekeep";
{
  await using logger = createStreamLog({ store: { dir }, marks: { reasoning: ["[[", "]]"] } });
  for (const chunk of ["[", "[Let me ", "see.]", "]", "Yes, <think> is a word here."])
    logger.logChunk(chunk, "s1");
  for await (const message of logger.pop("s1")) console.log(JSON.stringify(message));
}
const parts = openReader({ dir }).events({ session: "s1", event: ["REASONING", "AGENT_MESSAGE"] });
for await (const { event, content } of parts) if (content !== "") console.log(event, content);
