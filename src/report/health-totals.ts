// How well many sessions went.

import type { SessionEntry } from "../read/index.ts";
import type { Health, HealthPoints } from "../summary/index.ts";

/** How well the sessions went: see `healthOf`. */
export interface HealthReport {
  /** Mean of the sessions' scores; null without sessions. */
  average: number | null;
  /** Sessions in each band. */
  bands: Record<string, number>;
  /** The least healthy sessions below 100, worst first. */
  worst: { session_id: string; agent_id: string; score: number; band: string; points: HealthPoints[] }[];
}

const MAX_WORST = 5;

export class HealthTotals {
  readonly #bands: Record<string, number> = {};
  readonly #worst: HealthReport["worst"] = [];
  #sessions = 0;
  #sum = 0;

  add({ session_id, agent_id }: SessionEntry, { score, band, points }: Health): void {
    this.#sessions++;
    this.#sum += score;
    this.#bands[band] = (this.#bands[band] ?? 0) + 1;
    if (score === 100) return;
    this.#worst.push({ session_id, agent_id, score, band, points });
    this.#worst.sort((left, right) => left.score - right.score);
    this.#worst.length = Math.min(this.#worst.length, MAX_WORST);
  }

  report(): HealthReport {
    const average = this.#sessions === 0 ? null : Math.round((10 * this.#sum) / this.#sessions) / 10;
    return { average, bands: this.#bands, worst: this.#worst };
  }
}
