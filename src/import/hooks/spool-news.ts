// Whether hooks have left anything new, in the spool or in the transcripts that they name. Apart from folding it in
// (fold.ts), because every short command asks, and mostly nothing is new.

import * as fs from "node:fs";
import path from "node:path";

import { listSpool, readSpoolState } from "../../store/session/spool.ts";
import type { SpoolFile, SpoolState } from "../../store/session/spool.ts";

/** Whether folding has anything to do: a look at each file of the spool, and at the transcripts that they name. */
export function hasNews(storeDir: string): boolean {
  const files = listSpool(storeDir);
  if (files.length === 0) return false;
  const state = readSpoolState(storeDir);
  return files.some(
    (file) => state[file.name]?.folded !== markOf(file) || changedTranscripts(state, file).length > 0,
  );
}

/** What a spool file is like now, for comparing. */
export function markOf({ inode, bytes }: SpoolFile): string {
  return `${inode}:${bytes}`;
}

/** The transcripts of a spool file that are not as they were when they were last imported, and how they are now. */
export function changedTranscripts(state: SpoolState, { name }: SpoolFile): [file: string, mark: string][] {
  const known = state[name]?.transcripts ?? {};
  const files = new Set(Object.keys(known).flatMap((file) => [file, ...subAgentsOf(file)]));
  return [...files].flatMap((file): [string, string][] => {
    const stat = fs.lstatSync(file, { throwIfNoEntry: false });
    const mark = stat?.isFile() === true && stat.size > 0 ? `${stat.ino}:${stat.size}` : undefined;
    return mark === undefined || known[file]?.split("@")[0] === mark ? [] : [[file, mark]];
  });
}

// --- internal ---

/** Since 2.1, sub-agents write to `<session>/subagents/` beside their session's transcript. */
function subAgentsOf(transcript: string): string[] {
  const folder = path.join(transcript.slice(0, -".jsonl".length), "subagents");
  try {
    const names = fs.readdirSync(folder).filter((name) => name.endsWith(".jsonl"));
    return names.map((name) => path.join(folder, name));
  } catch {
    // Most sessions have none.
    return [];
  }
}
