// Where the money went: one pass over the store, each call counted once.

import type { PriceTable } from "../pricing/index.ts";
import type { Moment, Reader, SkippedBytes } from "../read/index.ts";
import { hourOf } from "../summary/index.ts";
import type { TokenCounts } from "../summary/index.ts";
import { chargeOf } from "./charge.ts";
import type { Charge } from "./charge.ts";
import { Repricer } from "./reprice.ts";

export const SPEND_KEYS = ["hour", "session", "model", "agent", "project"] as const;
export type SpendKey = (typeof SPEND_KEYS)[number];

export interface SpendOptions {
  /** Default `"model"`. Hours are calendar hours of UTC; for the last 60 minutes take {@link hourlySpend}. */
  by?: SpendKey | undefined;
  since?: Moment | undefined;
  until?: Moment | undefined;
  session?: string | undefined;
  /** Pattern of the agent id. */
  agent?: string | undefined;
  /** Prices for calls that have none, and for what a source reported, to compare. Default: none. */
  prices?: PriceTable | undefined;
  /** Price every call by `prices`, whatever was recorded. Default false. */
  reprice?: boolean | undefined;
  /** Called with every record that was looked at, whether it was counted or not. */
  onCharge?: ((charge: Charge) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface SpendRow {
  /** Name of the model, agent, project or session; for hours, when it begins. */
  key: string;
  sessions: number;
  model_calls: number;
  tokens: TokenCounts;
  /** In US dollars; null when nothing was priced. */
  cost_usd: number | null;
  /** The part of it that has both prices, as the source reported it and by price list. */
  reported_usd: number | null;
  computed_usd: number | null;
  /** Records that used a model and have no price, and whose they were. */
  unpriced_records: number;
  unpriced: string[];
  /** Copies in resumed and forked sessions, not counted above. */
  copies: { records: number; cost_usd: number | null };
}

export interface SpendReport {
  /** For hours in order, else the dearest first. */
  rows: SpendRow[];
  total: SpendRow;
  skipped: SkippedBytes[];
}

/**
 * What was spent, by whatever one wants to know it by.
 *
 * @throws TypeError, RangeError for what cannot be understood; TracekeepError for a session that is not there
 * @example
 * const { rows, total } = await spendReport(openReader(), { by: "project", since: "7d" });
 */
export async function spendReport(reader: Reader, options: SpendOptions = {}): Promise<SpendReport> {
  const { by = "model", since, until, session, agent, prices, reprice, onCharge, signal } = options;
  if (reprice === true && prices === undefined) throw new TypeError("spendReport: reprice needs prices");
  const repricer = prices === undefined ? undefined : new Repricer(prices);
  const rows = new Map<string, Sum>();
  const total = new Sum("total");
  const sessions = reader.sessions({
    since,
    until,
    session,
    agent,
    signal,
    observe: (event, { project }) => {
      const charge = chargeOf(event, { repricer, reprice });
      if (charge === undefined) return;
      onCharge?.(charge);
      const key = keyOf(charge, by, project);
      const row = rows.get(key) ?? new Sum(key);
      rows.set(key, row);
      row.add(charge);
      total.add(charge);
    },
  });
  for await (const _ of sessions) {
    // Everything is observed on the way.
  }
  const order = by === "hour" ? byKey : byCost;
  return {
    rows: [...rows.values()].map((row) => row.row()).toSorted(order),
    total: total.row(),
    skipped: sessions.report.skipped,
  };
}

/** What the last `hours` hours cost, to the millisecond; copies are not counted. @throws RangeError */
export async function hourlySpend(reader: Reader, hours = 1, now: Date = new Date()): Promise<number> {
  if (!(hours > 0)) throw new RangeError(`hourlySpend: hours must be more than 0, got ${hours}`);
  const since = new Date(now.getTime() - hours * 3_600_000);
  return (await reader.cost({ since, until: now })).cost_usd ?? 0;
}

// --- internal ---

class Sum {
  readonly #key: string;
  readonly #sessions = new Set<string>();
  readonly #unpriced = new Set<string>();
  readonly #tokens: TokenCounts = { input: 0, output: 0, cache_read: 0, cache_write: 0, reasoning: 0 };
  readonly #cost = new Money();
  readonly #reported = new Money();
  readonly #computed = new Money();
  readonly #copied = new Money();
  #calls = 0;
  #unpricedRecords = 0;
  #copies = 0;

  constructor(key: string) {
    this.#key = key;
  }

  add(charge: Charge): void {
    if (!charge.counted) {
      this.#copies++;
      this.#copied.add(charge.cost_usd);
      return;
    }
    this.#sessions.add(charge.session_id);
    if (charge.is_call) this.#calls++;
    for (const kind of KINDS) this.#tokens[kind] += charge.tokens[kind];
    this.#cost.add(charge.cost_usd);
    if (charge.reported_usd !== null && charge.computed_usd !== null) {
      this.#reported.add(charge.reported_usd);
      this.#computed.add(charge.computed_usd);
    }
    if (charge.cost_usd !== null || charge.reason === "used nothing") return;
    this.#unpricedRecords++;
    this.#unpriced.add(charge.model ?? "(unnamed)");
  }

  row(): SpendRow {
    return {
      key: this.#key,
      sessions: this.#sessions.size,
      model_calls: this.#calls,
      tokens: this.#tokens,
      cost_usd: this.#cost.usd,
      reported_usd: this.#reported.usd,
      computed_usd: this.#computed.usd,
      unpriced_records: this.#unpricedRecords,
      unpriced: [...this.#unpriced].toSorted(),
      copies: { records: this.#copies, cost_usd: this.#copied.usd },
    };
  }
}

const KINDS = ["input", "output", "cache_read", "cache_write", "reasoning"] as const;

/** A sum that knows the difference between nothing and 0. */
class Money {
  #usd: number | null = null;

  add(usd: number | null): void {
    if (usd !== null) this.#usd = (this.#usd ?? 0) + usd;
  }

  /** To a billionth of a dollar: beyond is noise of adding. */
  get usd(): number | null {
    return this.#usd === null ? null : Math.round(this.#usd * 1e9) / 1e9;
  }
}

function keyOf(charge: Charge, by: SpendKey, project: string | null): string {
  switch (by) {
    case "hour":
      return hourOf(charge.timestamp);
    case "session":
      return charge.session_id;
    case "agent":
      return charge.agent_id;
    case "project":
      return project ?? "(unknown)";
    default:
      return charge.model ?? "(unnamed)";
  }
}

function byKey(left: SpendRow, right: SpendRow): number {
  return left.key < right.key ? -1 : 1;
}

function byCost(left: SpendRow, right: SpendRow): number {
  return (
    (right.cost_usd ?? 0) - (left.cost_usd ?? 0) || right.model_calls - left.model_calls || byKey(left, right)
  );
}
