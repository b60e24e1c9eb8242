// Entries are checked and get their time; entries of type `log` are lines of their own.

import { createStreamLog, logEntry } from "tracekeep/stream-log";

await using logger = createStreamLog();
const entry = logEntry({ session_id: "abc123", message: "Hello" });
console.log(entry.log_type, entry.timestamp.length);
logger.log({ session_id: "abc123", message: "the model was asked", log_type: "log" });
try {
  logger.log({ session_id: "abc123", message: "Hello", log_type: "chatter" as "chat" });
} catch (error) {
  console.log((error as Error).message);
}
for await (const { log_type, message } of logger.allLogs()) console.log(log_type, message);
