// The central stream: entries of all sessions as they come. A reader that fails takes nothing away from the others.

import { createStreamLog } from "tracekeep/stream-log";

await using logger = createStreamLog();

async function watch(name: string, show: (message: string) => void): Promise<void> {
  try {
    for await (const { session_id, message } of logger.logs({ idleTimeoutMs: 500 }))
      show(`${session_id} ${message}`);
  } catch (error) {
    console.log(`${name}: ${(error as Error).message}`);
  }
}

const watching = [
  watch("one", (message) => console.log(`one: ${message}`)),
  watch("other", () => {
    throw new Error("cannot show it");
  }),
];
logger.logChunk("Is it green?", "s1");
logger.logChunk("It is.", "s2");
await Promise.all(watching);
