// One logger for a whole program, as `_logger` was: a module of yours makes it, and the others import it from there.

import { createStreamLog } from "tracekeep/stream-log";
import type { StreamLog } from "tracekeep/stream-log";

export const logger: StreamLog = createStreamLog({ store: { dir: "logs" }, agent: "assistant" });

logger.logChunk("Hello", "abc123");
logger.endSession("abc123");
for await (const message of logger.sessionLogs("abc123")) console.log(message);
logger.close();
