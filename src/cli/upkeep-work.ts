// The upkeep that may be due (upkeep.ts), by all that writes to a store. Nothing but plain values goes in and out:
// commands that only read are bundled apart, and have classes of their own.

import { hasNews } from "../import/hooks/spool-news.ts";
import { openReader } from "../read/index.ts";
import type { ReadStreamOptions } from "../read/index.ts";
import { renewedTally } from "../read/sessions/outdated-indexes.ts";
import { isFoldDue } from "../read/sessions/session-snapshot.ts";
import { nodeDisk } from "../store/disk/disk.ts";
import { writeIndexFile } from "../store/disk/index-file.ts";

export interface UpkeepOptions extends ReadStreamOptions {
  /** The command goes through all sessions, so that folding their index costs it nothing it would not read anyway. */
  foldsIndex?: boolean;
}

/** @throws TracekeepError when the store cannot be written */
export async function doUpkeep(dir: string, { foldsIndex, ...reading }: UpkeepOptions): Promise<void> {
  const { signal } = reading;
  await foldNews(dir, signal);
  if (foldsIndex === true && isFoldDue(dir)) {
    const { foldSnapshot, withIndexLock } = await import("../session-index/fold.ts");
    await withIndexLock(dir, async () => {
      await foldSnapshot(openReader({ dir }), reading);
      const tally = renewedTally(dir);
      if (tally !== undefined) writeIndexFile(nodeDisk, dir, tally.name, tally.bytes);
    });
  }
  const { retainIfDue } = await import("../store/lifecycle/enforcement.ts");
  await retainIfDue(dir, { opening: true, signal });
}

// --- internal ---

async function foldNews(dir: string, signal: AbortSignal | undefined): Promise<void> {
  if (!hasNews(dir)) return;
  const { foldSpool } = await import("../import/index.ts");
  const { openStore } = await import("../record/index.ts");
  const options = { durability: "os", handleSignals: false, keepSchedule: false } as const;
  const store = openStore({ dir, ...options, onFault: () => undefined });
  try {
    await foldSpool(store, { signal });
  } finally {
    store.close();
  }
}
