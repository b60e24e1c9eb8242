// What a command does to the store before it looks: fold in what hooks left in the spool. It waits for nobody, and says
// nothing when it cannot be done: the next command does it.

import { TracekeepError } from "../base/errors.ts";
import { findStore } from "../store/find.ts";
import { listSpool } from "../store/spool.ts";
import type { CommandContext } from "./context.ts";

/** Folds the spool in when something is new in it; otherwise a look at a few files, under a millisecond. */
export async function upkeep({ place, signal }: CommandContext): Promise<void> {
  try {
    const dir = findStore(place);
    if (listSpool(dir).length === 0) return;
    const { foldSpool, hasNews } = await import("../import/index.ts");
    if (!hasNews(dir)) return;
    const { openStore } = await import("../record/index.ts");
    const store = openStore({ dir, durability: "os", handleSignals: false, onFault: () => undefined });
    try {
      await foldSpool(store, { signal });
    } finally {
      store.close();
    }
  } catch (error) {
    // No store, no leave to write, no room: what is there can still be read.
    if (!(error instanceof TracekeepError) && !(error instanceof Error && "code" in error)) throw error;
  }
}
