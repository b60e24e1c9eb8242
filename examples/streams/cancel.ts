// Three ways to stop waiting: nothing said for a while, enough time altogether, and a signal.

import { createStreamLog } from "tracekeep/stream-log";

await using logger = createStreamLog();
logger.logChunk("Hello", "s1");
for await (const message of logger.sessionLogs("s1", { idleTimeoutMs: 50 })) console.log(message);
console.log("nothing more for 50 ms");
for await (const message of logger.sessionLogs("s2", { totalTimeoutMs: 50 })) console.log(message);
console.log("50 ms are over");
try {
  for await (const message of logger.sessionLogs("s2", { signal: AbortSignal.timeout(50) }))
    console.log(message);
} catch (error) {
  console.log((error as Error).name);
}
