import { checkOptionNames, choiceOption, describe } from "../base/options.ts";
import { formatTimestamp, parseTimestamp } from "../event/index.ts";

/** One message of a session, as AiCore has it. */
export interface LogEntry {
  session_id: string;
  message: string;
  /** RFC 3339, UTC. */
  timestamp: string;
  /** `chat`: a chunk of what a model says. `log`: a line about it. */
  log_type: "chat" | "log";
}

/** An entry as a caller hands it in: the time is now and the type `chat` unless it says otherwise. */
export type LogEntryInput = Pick<LogEntry, "session_id" | "message"> & Partial<LogEntry>;

/**
 * A checked entry with everything filled in.
 *
 * @throws TypeError, RangeError for what is none
 * @example logEntry({ session_id: "abc123", message: "Hello" }).log_type // "chat"
 */
export function logEntry(input: LogEntryInput): LogEntry {
  checkOptionNames("logEntry", input, ["session_id", "message", "timestamp", "log_type"]);
  const { session_id: sessionId, message, timestamp } = input;
  if (typeof sessionId !== "string")
    throw new TypeError(`logEntry: session_id must be text, got ${describe(sessionId)}`);
  if (sessionId === "") throw new RangeError("logEntry: session_id must not be empty");
  if (typeof message !== "string")
    throw new TypeError(`logEntry: message must be text, got ${describe(message)}`);
  const timeMs = timestamp === undefined ? Date.now() : parseTimestamp(timestamp);
  if (timeMs === undefined)
    throw new RangeError(`logEntry: timestamp must be RFC 3339 with an offset, got ${describe(timestamp)}`);
  return {
    session_id: sessionId,
    message,
    timestamp: formatTimestamp(timeMs),
    log_type: choiceOption("logEntry", "log_type", input.log_type, ["chat", "log"], "chat"),
  };
}
