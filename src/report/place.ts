/** A place in a session. */
export interface EventPlace {
  session_id: string;
  agent_id: string;
  seq: number;
  timestamp: string;
}
