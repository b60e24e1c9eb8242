// Sessions added up by the name of an agent or a project.

import type { SessionEntry } from "../read/index.ts";
import { addFigures, newFigures } from "../summary/index.ts";
import type { Figures } from "../summary/index.ts";
import { roundCost } from "./session-row.ts";

/** Figures of an agent or a project. */
export interface GroupRow {
  name: string;
  sessions: number;
  events: number;
  tool_calls: number;
  tool_errors: number;
  model_calls: number;
  cost_usd: number | null;
  active_ms: number;
}

/** More names are one group, `(other)`. */
const MAX_GROUPS = 10_000;

/** Sessions added up by a name. */
export class Groups {
  readonly #groups = new Map<string, { sessions: number; active_ms: number; figures: Figures }>();

  add(name: string, session: SessionEntry): void {
    const key = this.#groups.has(name) || this.#groups.size < MAX_GROUPS ? name : "(other)";
    const group = this.#groups.get(key) ?? { sessions: 0, active_ms: 0, figures: newFigures() };
    this.#groups.set(key, group);
    group.sessions++;
    group.active_ms += session.active_ms;
    addFigures(group.figures, session);
    addFigures(group.figures, session.copies, -1);
  }

  /** The busiest first. */
  rows(): GroupRow[] {
    return [...this.#groups]
      .map(([name, { sessions, active_ms, figures }]) => ({
        name,
        sessions,
        events: figures.events,
        tool_calls: figures.tool_calls,
        tool_errors: figures.tool_errors,
        model_calls: figures.model_calls,
        cost_usd: roundCost(figures.cost_usd),
        active_ms,
      }))
      .toSorted((left, right) => right.events - left.events || (left.name < right.name ? -1 : 1));
  }
}
