// What the processes that share a log have spent, kept up to date: history is read back once, as far as a window goes;
// from then on only what is appended is read. What this writer logs counts at once.

import type { Clock } from "../base/clock.ts";
import { TracekeepError } from "../base/errors.ts";
import { describe } from "../base/options.ts";
import type { EventDraft } from "../event/index.ts";
import { Budget, SpendWindow } from "../metrics/index.ts";
import type { BudgetOptions, BudgetVerdict, Estimate } from "../metrics/index.ts";
import { SharedLogTail } from "../read/following/shared-tail.ts";
import { ReadReport } from "../read/index.ts";
import { recentOfSharedLog } from "../read/scan/shared-log.ts";
import type { SharedLogPlace } from "../read/scan/shared-log.ts";
import { instantOf, usageOf } from "../summary/index.ts";

/** Sums up money. */
type Account = (session: string, timeMs: number, usd: number) => void;

interface Window {
  sum: SpendWindow;
  account: Account;
}

export interface SpendingOptions {
  place: SharedLogPlace;
  /** The session of this writer. */
  session: string;
  clock: Clock;
  /** Writes out what this writer has logged. */
  flush: () => void;
  onFault: (error: TracekeepError) => void;
}

export class Spending {
  readonly #options: SpendingOptions;
  readonly #tail: SharedLogTail;
  readonly #accounts = new Set<Account>();
  readonly #windows = new Map<number, Window>();
  #timer: NodeJS.Timeout | undefined;
  #readAtMs = -Infinity;

  constructor(options: SpendingOptions) {
    this.#options = options;
    this.#tail = new SharedLogTail(options.place);
  }

  /** Takes an event of this writer into account. */
  add(draft: EventDraft): void {
    if (this.#accounts.size === 0) return;
    const { timestamp } = draft;
    const given = timestamp instanceof Date ? timestamp.getTime() : NaN;
    const timeMs = typeof timestamp === "string" ? instantOf(timestamp) : given;
    const { session, clock } = this.#options;
    this.#add(session, Number.isNaN(timeMs) ? clock.wallMs() : timeMs, costOf(draft));
  }

  /** What was spent in the last `hours` hours. The first time, as much of the log is read; then microseconds. */
  lastHours(hours: number): number {
    if (!(hours > 0 && hours < Infinity))
      throw new RangeError(`hourlySpend: hours must be more than 0, got ${describe(hours)}`);
    const windowMs = hours * HOUR_MS;
    const { sum } = this.#windows.get(windowMs) ?? this.#openWindow(windowMs);
    this.#readOn();
    return sum.at(this.#options.clock.wallMs());
  }

  /** A budget that knows the last 24 hours. */
  budget(options: BudgetOptions): AuditBudget {
    const budget = new Budget({ clock: this.#options.clock, ...options });
    this.#open((session, timeMs, usd) => budget.add(session, timeMs, usd), DAY_MS);
    this.#timer ??= setInterval(() => this.#readOn(), READ_EVERY_MS).unref();
    return {
      check: (estimate = {}) => {
        // The timer has it read already, unless the event loop was busy.
        if (performance.now() - this.#readAtMs > MAX_AGE_MS) this.#readOn();
        const more = typeof estimate === "number" ? { usd: estimate } : estimate;
        return budget.check({ session: this.#options.session, ...more });
      },
    };
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#tail.close();
    this.#accounts.clear();
    this.#windows.clear();
  }

  // --- internal ---

  #openWindow(windowMs: number): Window {
    const sum = new SpendWindow(windowMs);
    const account: Account = (_session, timeMs, usd) => sum.add(timeMs, usd);
    this.#open(account, windowMs);
    const window = { sum, account };
    this.#windows.set(windowMs, window);
    this.#forgetOldest();
    return window;
  }

  /** Fills an account with what the log says, and keeps it up to date from here on. */
  #open(account: Account, windowMs: number): void {
    const { place, clock, flush } = this.#options;
    flush();
    if (this.#accounts.size === 0) this.#tail.startAtEnd();
    else this.#readOn();
    const charges: { session: string; timeMs: number; usd: number }[] = [];
    const sinceMs = clock.wallMs() - windowMs;
    for (const found of recentOfSharedLog(place, sinceMs, new ReadReport())) {
      if (!this.#tail.isBefore(found)) continue;
      const usd = costOf(found.event);
      const timeMs = instantOf(found.event.timestamp);
      if (usd > 0 && timeMs >= sinceMs) charges.push({ session: found.event.session_id, timeMs, usd });
    }
    charges.sort((left, right) => left.timeMs - right.timeMs);
    for (const { session, timeMs, usd } of charges) account(session, timeMs, usd);
    this.#accounts.add(account);
  }

  #readOn(): void {
    this.#readAtMs = performance.now();
    const { session, onFault } = this.#options;
    try {
      for (const event of this.#tail.read()) {
        const { session_id: other, timestamp } = event;
        if (other !== session) this.#add(other, instantOf(timestamp), costOf(event));
      }
    } catch (error) {
      // What could not be read is read the next time, or told again.
      if (!(error instanceof TracekeepError)) throw error;
      onFault(error);
    }
  }

  #add(session: string, timeMs: number, usd: number): void {
    if (usd > 0) for (const account of this.#accounts) account(session, timeMs, usd);
  }

  #forgetOldest(): void {
    if (this.#windows.size <= MAX_WINDOWS) return;
    const [oldest] = this.#windows;
    if (oldest === undefined) return;
    this.#windows.delete(oldest[0]);
    this.#accounts.delete(oldest[1].account);
  }
}

/** A budget over everything that the processes of a log spend. */
export interface AuditBudget {
  /** Whether so much more may be spent now, in US dollars or as an {@link Estimate}. A few microseconds. */
  check(estimate?: number | Estimate): BudgetVerdict;
}

// --- internal ---

const HOUR_MS = 3_600_000;
const DAY_MS: number = 24 * HOUR_MS;
/** What others spend is known within a second. */
const READ_EVERY_MS = 500;
const MAX_AGE_MS = 900;
/** Different lengths of time that are kept up to date. */
const MAX_WINDOWS = 8;

/** Copies cost nothing again. */
function costOf(event: EventDraft): number {
  return event["copy_of"] === undefined ? (usageOf(event.event, event)?.cost_usd ?? 0) : 0;
}
