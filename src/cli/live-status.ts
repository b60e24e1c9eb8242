// How the sessions that are running are doing, in one line: what they are at, how fast, what it costs.

import type { Event } from "../event/index.ts";
import { formatDuration, formatShort, formatUsd, gistOf, plural, printable } from "../report/index.ts";
import { isProcessAlive } from "../store/disk/process.ts";
import {
  countRule,
  foldEvent,
  healthOf,
  newRuleCounts,
  newSummary,
  sessionStatus,
} from "../summary/index.ts";
import type { Anomaly, RuleCounts, SessionSummary } from "../summary/index.ts";

interface LiveSession {
  summary: SessionSummary;
  /** Calls without a result, oldest first. */
  open: Map<string, { gist: string; timeMs: number }>;
  /** What the rules have found by now, whether or not it is recorded. */
  found: RuleCounts;
}

const RATE_MS = 60_000;
const MAX_OPEN = 1000;

export class LiveStatus {
  readonly #sessions = new Map<string, LiveSession>();
  /** Times of the latest events. */
  #times: number[] = [];

  observe(event: Event, nowMs: number): void {
    const { summary, open } = this.#sessionOf(event.session_id);
    foldEvent(summary, event, event);
    if (event.call_id !== undefined && event.copy_of === undefined) {
      if (event.event === "TOOL_CALL" && open.size < MAX_OPEN) {
        open.set(event.call_id, { gist: gistOf(event), timeMs: Date.parse(event.timestamp) });
      }
      if (event.event === "TOOL_RESULT") open.delete(event.call_id);
    }
    this.#times.push(nowMs);
  }

  /** Takes an event in that was there before, which is no news. */
  recall(event: Event): void {
    this.observe(event, -Infinity);
    this.#times.pop();
  }

  /** Takes in what a rule has found in a session. */
  find(sessionId: string, { rule, severity }: Anomaly): void {
    countRule(this.#sessionOf(sessionId).found, rule, severity);
  }

  /** @example "1 running | Bash npm test (12 s) | 34 events/min | 12.3k tokens, $0.12 | 1 failed | health 85" */
  text(nowMs: number): string {
    this.#times = this.#times.filter((timeMs) => timeMs > nowMs - RATE_MS);
    const live = [...this.#sessions.values()].filter(
      ({ summary }) => sessionStatus(summary, isProcessAlive) === "running",
    );
    const calls = live.flatMap(({ open }) => [...open.values()]);
    const latest = calls.at(-1);
    let [tokens, cost, errors] = [0, 0, 0];
    for (const { summary } of live) {
      tokens +=
        summary.tokens.input + summary.tokens.output + summary.tokens.cache_read + summary.tokens.cache_write;
      cost += summary.cost_usd ?? 0;
      errors += summary.errors;
    }
    const current =
      latest === undefined
        ? "no call open"
        : `${printable(latest.gist).slice(0, 60)} (${formatDuration(Math.max(0, nowMs - latest.timeMs))})`;
    return [
      `${live.length} running`,
      calls.length > 1 ? `${plural(calls.length, "call")} open, last ${current}` : current,
      `${this.#times.length} events/min`,
      `${formatShort(tokens)} tokens, ${formatUsd(cost)}`,
      `${errors} failed`,
      ...(live.length === 0 ? [] : [`health ${Math.min(...live.map(healthNow))}`]),
    ].join(" | ");
  }

  // --- internal ---

  #sessionOf(id: string): LiveSession {
    let session = this.#sessions.get(id);
    if (session === undefined) {
      session = { summary: newSummary(id), open: new Map(), found: newRuleCounts() };
      this.#sessions.set(id, session);
    }
    return session;
  }
}

// --- internal ---

/** Of a rule that recorded what it found, that counts: it may have had other thresholds. */
function healthNow({ summary: { health }, found }: LiveSession): number {
  return healthOf({ ...health, rules: { ...found, ...health.rules } }).score;
}
