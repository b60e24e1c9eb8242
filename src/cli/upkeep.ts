// What a command does to the store before it looks: fold in what hooks left in the spool, fold the index of
// sessions, and keep the retention schedule if that is due, once a day at most; who only ever calls the command line has nobody else to do it. It waits for nobody, and says
// nothing when it cannot be done: the next command does it.

import * as fs from "node:fs";
import path from "node:path";

import { TracekeepError } from "../base/errors.ts";
import { openReader } from "../read/index.ts";
import { isFoldDue } from "../read/session-snapshot.ts";
import { findStore } from "../store/find.ts";
import { SETTINGS_FILE } from "../store/layout.ts";
import { listSpool } from "../store/spool.ts";
import type { CommandContext } from "./context.ts";
import { readProgress } from "./reader.ts";

export interface UpkeepOptions {
  /** The command goes through all sessions, so that folding their index costs it nothing it would not read anyway. */
  foldsIndex?: boolean;
}

/** Does what is due; otherwise a look at a few files, under a millisecond. */
export async function upkeep(
  context: CommandContext,
  { foldsIndex = false }: UpkeepOptions = {},
): Promise<void> {
  const { place, signal } = context;
  try {
    const dir = findStore(place);
    await fold(dir, signal);
    if (foldsIndex) await foldIndex(dir, context);
    if (fs.existsSync(path.join(dir, SETTINGS_FILE))) {
      const { retainIfDue } = await import("../store/lifecycle/enforcement.ts");
      await retainIfDue(dir, { opening: true, signal });
    }
  } catch (error) {
    // No store, no leave to write, no room: what is there can still be read.
    if (!(error instanceof TracekeepError) && !(error instanceof Error && "code" in error)) throw error;
  }
}

// --- internal ---

async function foldIndex(dir: string, context: CommandContext): Promise<void> {
  if (!isFoldDue(dir)) return;
  const { foldSnapshot, withIndexLock } = await import("../session-index/fold.ts");
  const { onProgress, clear } = readProgress(context);
  try {
    await withIndexLock(dir, () => foldSnapshot(openReader({ dir }), { signal: context.signal, onProgress }));
  } finally {
    clear();
  }
}

async function fold(dir: string, signal: AbortSignal): Promise<void> {
  if (listSpool(dir).length === 0) return;
  const { foldSpool, hasNews } = await import("../import/index.ts");
  if (!hasNews(dir)) return;
  const { openStore } = await import("../record/index.ts");
  const options = { durability: "os", handleSignals: false, keepSchedule: false } as const;
  const store = openStore({ dir, ...options, onFault: () => undefined });
  try {
    await foldSpool(store, { signal });
  } finally {
    store.close();
  }
}
