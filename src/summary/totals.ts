// Sessions added up. A call that was copied into another session (a resumed or forked transcript) is counted where it
// was made, not where it was copied to.

import { addFigures, newFigures } from "./figures.ts";
import type { Figures } from "./figures.ts";
import type { SessionSummary } from "./session-summary.ts";
import { instantOf } from "./instant.ts";

/** Figures of several sessions without what is in them twice; that is in `copies`. */
export interface Totals extends Figures {
  sessions: number;
  started_at: string | null;
  last_at: string | null;
  active_ms: number;
  gaps: { lost: number; unreadable: number };
  copies: Figures;
}

export function newTotals(): Totals {
  return {
    sessions: 0,
    started_at: null,
    last_at: null,
    active_ms: 0,
    gaps: { lost: 0, unreadable: 0 },
    ...newFigures(),
    copies: newFigures(),
  };
}

/** Adds a session. Costs the number of names (types, tools, models) in it. */
export function addSummary(totals: Totals, summary: SessionSummary): void {
  totals.sessions++;
  addFigures(totals, summary);
  addFigures(totals, summary.copies, -1);
  addFigures(totals.copies, summary.copies);
  totals.active_ms += summary.active_ms;
  totals.gaps.lost += summary.gaps.lost;
  totals.gaps.unreadable += summary.gaps.unreadable;
  // What others wrote may have no time that is one, and then it says nothing of when all this was.
  const { started_at: startedAt, last_at: lastAt } = summary;
  const [startedMs, lastMs] = [at(startedAt), at(lastAt)];
  if (!Number.isNaN(startedMs) && !(startedMs >= at(totals.started_at))) totals.started_at = startedAt;
  if (!Number.isNaN(lastMs) && !(lastMs <= at(totals.last_at))) totals.last_at = lastAt;
}

// --- internal ---

function at(timestamp: string | null): number {
  return timestamp === null ? NaN : instantOf(timestamp);
}
