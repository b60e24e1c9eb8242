// What a command does to the store before it looks: fold in what hooks left in the spool, fold the index of
// sessions, and keep the retention schedule if that is due, once a day at most; who only ever calls the command line has
// nobody else to do it. It waits for nobody, and says nothing when it cannot be done: the next command does it. Here only
// stands whether there is anything to do; what writes is loaded when there is (upkeep-work.ts).

import { TracekeepError } from "../base/errors.ts";
import { hasNews } from "../import/hooks/spool-news.ts";
import { isFoldDue } from "../read/sessions/session-snapshot.ts";
import { settingsIfDue } from "../store/lifecycle/due.ts";
import { findStore } from "../store/session/find.ts";
import type { CommandContext } from "./context.ts";
import { readProgress } from "./reader.ts";
import type { UpkeepOptions } from "./upkeep-work.ts";

/** Does what is due; otherwise a look at a few files, under a millisecond. */
export async function upkeep(
  context: CommandContext,
  { foldsIndex = false }: Pick<UpkeepOptions, "foldsIndex"> = {},
): Promise<void> {
  try {
    const dir = findStore(context.place);
    const isDue = hasNews(dir) || (foldsIndex && isFoldDue(dir)) || settingsIfDue(dir, true) !== undefined;
    if (!isDue) return;
    const { doUpkeep } = await import("./upkeep-work.ts");
    const { onProgress, clear } = readProgress(context);
    try {
      await doUpkeep(dir, { foldsIndex, signal: context.signal, onProgress });
    } finally {
      clear();
    }
  } catch (error) {
    // No store, no leave to write, no room: what is there can still be read.
    if (!(error instanceof TracekeepError) && !(error instanceof Error && "code" in error)) throw error;
  }
}
