// What an acknowledgement means.

/**
 * - `os`: the kernel has the bytes. Survives the death of the process, not the loss of power.
 * - `interval`: acknowledged like `os`; synced to the medium every 10 events or 1,000 ms, whichever comes first, which
 *   bounds what a power loss can take.
 * - `fsync`: on the medium. Survives the loss of power, as far as the drive keeps its word.
 */
export type Durability = "os" | "interval" | "fsync";

export const DURABILITIES: readonly Durability[] = ["os", "interval", "fsync"];

/** `interval` syncs after as many events … */
export const SYNC_EVERY_EVENTS = 10;
/** … or when the oldest unsynced one has waited this long. */
export const SYNC_INTERVAL_MS = 1_000;
