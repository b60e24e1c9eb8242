// Everything that was logged, from disk, and which sessions there are.

import { createStreamLog } from "tracekeep/stream-log";

await using logger = createStreamLog();
logger.logChunk("first", "s2");
logger.logChunk("second", "s1");
logger.endSession("s2");

for await (const { session_id, message, log_type } of logger.allLogs())
  console.log(session_id, log_type, message);
console.log("in the store:", logger.allSessionsInQueue);
console.log("open here:", logger.allSessionsInQueues);
