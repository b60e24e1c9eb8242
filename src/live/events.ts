import type { Event } from "../event/index.ts";

/**
 * Something that is in no log: a chunk of text before it is written, or (type `GAP`) how many events this subscriber
 * was not given. It has no number and no id, and nobody who comes later will see it.
 */
export interface VolatileEvent {
  volatile: true;
  event: string;
  timestamp: string;
  severity: Event["severity"];
  session_id: string;
  agent_id: string;
  [field: string]: unknown;
}

/** What a subscriber gets. What has no `volatile` is on disk. */
export type LiveEvent = (Event & { volatile?: undefined }) | VolatileEvent;
