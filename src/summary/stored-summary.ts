// A summary as JSON and back, with all that is needed to go on folding: what an index keeps of a session.

import type { JsonObject } from "../event/index.ts";
import { newFigures } from "./figures.ts";
import type { Figures } from "./figures.ts";
import { newSummary } from "./fold.ts";
import type { SessionSummary } from "./fold.ts";

/** Plain JSON of a summary. It shares nothing with it that folding changes once it is text. */
export function encodeSummary({ progress, ...told }: SessionSummary): JsonObject {
  const { openCalls, lastMs, lastSeq } = progress;
  return {
    ...told,
    progress: { openCalls: [...openCalls.entries()], lastMs, lastSeq },
  } as unknown as JsonObject;
}

/** The summary that {@link encodeSummary} wrote, ready to be folded on. */
export function decodeSummary(stored: JsonObject): SessionSummary {
  const { progress, copies, ...told } = stored as unknown as Omit<SessionSummary, "progress"> &
    StoredProgress;
  const summary = newSummary(told.session_id, told.agent_id);
  Object.assign(summary, told, figuresOf(told));
  Object.assign(summary.copies, figuresOf(copies));
  // NaN, of a session without any time yet, is null in JSON.
  summary.progress.lastMs = progress.lastMs ?? NaN;
  summary.progress.lastSeq = progress.lastSeq;
  for (const [id, call] of progress.openCalls) summary.progress.openCalls.remember(id, call);
  return summary;
}

// --- internal ---

interface StoredProgress {
  progress: {
    openCalls: [string, { tool: string; startMs: number; finished: boolean }][];
    lastMs: number | null;
    lastSeq: number;
  };
}

/** Names come from outside, so the records of them have no prototype; what was parsed has one. */
function figuresOf(stored: Figures): Figures {
  const figures = newFigures();
  const { event_counts: counts, tools, models } = figures;
  return {
    ...stored,
    event_counts: Object.assign(counts, stored.event_counts),
    tools: Object.assign(tools, stored.tools),
    models: Object.assign(models, stored.models),
  };
}
