// Chunks of what a model says go in; whoever wants to watch reads them as they come, everybody all of them.

import { createStreamLog } from "tracekeep/stream-log";

await using logger = createStreamLog();

async function watch(name: string): Promise<void> {
  for await (const message of logger.sessionLogs("abc123")) console.log(`${name}: ${message}`);
}

const watching = [watch("one"), watch("other")];
logger.logChunk("message", "abc123");
logger.logChunk(" and more", "abc123");
logger.endSession("abc123");
await Promise.all(watching);
