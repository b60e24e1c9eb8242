// A live budget: how much a session, an hour and a day may cost, asked before money is spent.

import { systemClock } from "../base/clock.ts";
import type { Clock } from "../base/clock.ts";
import { TracekeepError } from "../base/errors.ts";
import { checkOptionNames, describe, numberOption } from "../base/options.ts";
import type { Event } from "../event/index.ts";
import type { Reader } from "../read/index.ts";
import { instantOf, SlidingSum, usageOf } from "../summary/index.ts";

/** Limits in US dollars. What has no limit is not limited. */
export interface BudgetOptions {
  /** What one session may cost. */
  sessionUsd?: number | undefined;
  /** What any 60 minutes may cost, all sessions together. */
  hourUsd?: number | undefined;
  /** What any 24 hours may cost, all sessions together. */
  dayUsd?: number | undefined;
  /** From this part of a limit on, `check` warns. Default 0.8. */
  warnAt?: number | undefined;
  /** For tests. Default: the system's. */
  clock?: Clock | undefined;
}

/** What is about to be spent. */
export interface Estimate {
  /** Which session will spend it. */
  session?: string | undefined;
  /** What it will cost, in US dollars. Default 0: whether anything may be spent at all. */
  usd?: number | undefined;
}

export interface BudgetVerdict {
  /** `stop`: a limit would be passed. `warn`: one is near. */
  level: "ok" | "warn" | "stop";
  allowed: boolean;
  /** One sentence for whoever is refused or warned; empty when all is well. */
  reason: string;
  /** What was spent, before the estimate. */
  spent: { sessionUsd: number; hourUsd: number; dayUsd: number };
}

/**
 * A budget that is told what is spent and asked before more is.
 *
 * @throws TypeError, RangeError
 * @example
 * const budget = new Budget({ hourUsd: 10, sessionUsd: 5 });
 * const store = openStore({ sinks: [budget] });
 * const { allowed, reason } = budget.check({ session: session.id, usd: 0.25 });
 */
export class Budget {
  readonly #limits: Record<Scope, number>;
  readonly #warnAt: number;
  readonly #clock: Clock;
  readonly #hour = new SlidingSum(HOUR_MS);
  readonly #day = new SlidingSum(24 * HOUR_MS);
  /** What each session has cost, the last to spend last. */
  readonly #sessions = new Map<string, number>();

  constructor(options: BudgetOptions) {
    checkOptionNames("Budget", options, ["sessionUsd", "hourUsd", "dayUsd", "warnAt", "clock"]);
    const limit = (name: Scope): number =>
      numberOption("Budget", name, options[name], { min: 0, max: 1e9, default: Infinity });
    this.#limits = { sessionUsd: limit("sessionUsd"), hourUsd: limit("hourUsd"), dayUsd: limit("dayUsd") };
    this.#warnAt = numberOption("Budget", "warnAt", options.warnAt, { min: 0, max: 1, default: 0.8 });
    this.#clock = options.clock ?? systemClock;
  }

  /** Takes an event's cost into account; with this method a budget is a sink. Copies cost nothing again. */
  write(event: Event): void {
    const cost = usageOf(event.event, event)?.cost_usd ?? 0;
    if (cost > 0 && event.copy_of === undefined) this.add(event.session_id, instantOf(event.timestamp), cost);
  }

  /** Takes money into account that a session spent at a moment. */
  add(session: string, timeMs: number, usd: number): void {
    if (!(usd >= 0))
      throw new RangeError(`Budget: money spent must be a number from 0, got ${describe(usd)}`);
    if (Number.isFinite(timeMs)) {
      this.#hour.add(timeMs, usd);
      this.#day.add(timeMs, usd);
    }
    const before = this.#sessions.get(session) ?? 0;
    this.#sessions.delete(session);
    this.#sessions.set(session, before + usd);
    if (this.#sessions.size <= MAX_SESSIONS) return;
    const [oldest] = this.#sessions.keys();
    this.#sessions.delete(oldest ?? "");
  }

  /** Whether so much more may be spent now. @throws RangeError for an estimate that is no amount */
  check({ session, usd = 0 }: Estimate = {}): BudgetVerdict {
    if (!(usd >= 0 && usd < Infinity)) {
      throw new RangeError(`Budget: an estimate must be a number from 0, got ${describe(usd)}`);
    }
    const nowMs = this.#clock.wallMs();
    const spent = {
      sessionUsd: session === undefined ? 0 : (this.#sessions.get(session) ?? 0),
      hourUsd: this.#hour.at(nowMs),
      dayUsd: this.#day.at(nowMs),
    };
    let warning: string | undefined;
    for (const scope of SCOPES) {
      const limit = this.#limits[scope];
      const after = roundUsd(spent[scope] + usd);
      if (after > limit || (usd === 0 && after >= limit)) {
        const reason =
          `${WORDS[scope]} has cost $${spent[scope].toFixed(2)}` +
          (usd > 0 ? `, and this is expected to cost $${usd.toFixed(2)} more` : "") +
          `; its budget is $${limit.toFixed(2)}`;
        return { level: "stop", allowed: false, reason, spent };
      }
      if (after >= this.#warnAt * limit) {
        warning ??= `${WORDS[scope]} has cost $${spent[scope].toFixed(2)} of its budget of $${limit.toFixed(2)}`;
      }
    }
    return { level: warning === undefined ? "ok" : "warn", allowed: true, reason: warning ?? "", spent };
  }
}

/**
 * Asks a budget about a store as it is now, for processes that live only as long as the question: reads the sessions of
 * the last 24 hours; what an index (`tracekeep index`) knows of others and of the session itself is taken from it.
 *
 * @throws TypeError, RangeError for bad options
 * @example const { allowed, reason } = gate(openReader(), { hourUsd: 10 }, { session: id, usd: 0.25 });
 */
export function gate(reader: Reader, limits: BudgetOptions, estimate: Estimate = {}): BudgetVerdict {
  const budget = new Budget(limits);
  const nowMs = (limits.clock ?? systemClock).wallMs();
  const { session } = estimate;
  let spentLately = 0;
  const observe = (event: Event): void => {
    if (event.copy_of !== undefined) return;
    budget.write(event);
    if (event.session_id === session) spentLately += usageOf(event.event, event)?.cost_usd ?? 0;
  };
  const window = { since: new Date(nowMs - 24 * HOUR_MS), until: new Date(nowMs) };
  for (const each of reader.sessions({ ...window, observe })) void each;
  if (session !== undefined) {
    const before = costOf(reader, session) - spentLately;
    if (before > 0) budget.add(session, NaN, before);
  }
  return budget.check(estimate);
}

// --- internal ---

type Scope = "sessionUsd" | "hourUsd" | "dayUsd";
const SCOPES: readonly Scope[] = ["sessionUsd", "hourUsd", "dayUsd"];
const WORDS: Readonly<Record<Scope, string>> = {
  sessionUsd: "this session",
  hourUsd: "the last hour",
  dayUsd: "the last 24 hours",
};

const HOUR_MS = 3_600_000;
/** Sessions whose cost is remembered. */
const MAX_SESSIONS = 10_000;

/** What a session has cost; one that has not recorded anything yet, nothing. */
function costOf(reader: Reader, id: string): number {
  try {
    const { session } = reader.session(id);
    // A name that is not quite an id may be the beginning of another.
    return session.session_id === id ? (session.cost_usd ?? 0) - (session.copies.cost_usd ?? 0) : 0;
  } catch (error) {
    if (error instanceof TracekeepError && error.code === "NO_SESSION") return 0;
    throw error;
  }
}

/** Sums of prices carry noise of binary fractions behind the digits that mean something. */
function roundUsd(usd: number): number {
  return Math.round(usd * 1e9) / 1e9;
}
