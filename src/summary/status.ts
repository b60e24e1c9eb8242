import type { SessionSummary, SessionWriter } from "./session-summary.ts";

/**
 * How a session stands. `interrupted`: it has no END and its writer is gone. `unknown`: its writer ran on another
 * machine, or this one cannot tell. `imported`: it was copied from another program's records, which tell no END.
 */
export type SessionState = "running" | "interrupted" | "unknown" | "ended" | "imported";

/**
 * How a session stands at the moment of asking.
 *
 * @param isProcessAlive tells of the process that wrote it last; undefined when it cannot
 */
export function sessionStatus(
  summary: Pick<SessionSummary, "ended_at" | "origin" | "writer" | "agent_process">,
  isProcessAlive: (writer: SessionWriter) => boolean | undefined,
): SessionState {
  if (summary.ended_at !== null) return "ended";
  if (summary.agent_process !== null) return liveness(isProcessAlive(summary.agent_process));
  if (summary.origin !== null && summary.origin !== "recorded") return "imported";
  if (summary.writer === null) return "unknown";
  return liveness(isProcessAlive(summary.writer));
}

// --- internal ---

function liveness(isAlive: boolean | undefined): SessionState {
  if (isAlive === undefined) return "unknown";
  return isAlive ? "running" : "interrupted";
}
