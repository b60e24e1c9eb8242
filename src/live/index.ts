export type { LiveEvent, VolatileEvent } from "./events.ts";
export { LAG_POLICIES, SubscriberBuffer } from "./buffer.ts";
export type { BufferedEvent, LagPolicy, StoredEntry } from "./buffer.ts";
export { hubOf, LiveHub } from "./hub.ts";
export type { HubListener } from "./hub.ts";
