// What one event adds to the bill, and why it does or does not.

import type { Event } from "../event/index.ts";
import { isModelCall, textOf, usageOf } from "../summary/index.ts";
import type { TokenCounts } from "../summary/index.ts";
import type { Repricer } from "./reprice.ts";

/** An event that used a model or cost money. */
export interface Charge {
  session_id: string;
  agent_id: string;
  seq: number;
  id: string;
  timestamp: string;
  model: string | null;
  tokens: TokenCounts;
  /** What counts, in US dollars; null when it is not priced. */
  cost_usd: number | null;
  /** "reported", or the price list; null when it is not priced. */
  cost_source: string | null;
  /** What the source itself said it cost; null when it did not. */
  reported_usd: number | null;
  /** What it costs by price list; null when that does not know it. */
  computed_usd: number | null;
  /** A call of its own, and not more of one that was counted. */
  is_call: boolean;
  /** Whether the totals contain it. */
  counted: boolean;
  /** Why, or why not. */
  reason: string;
}

export interface ChargeOptions {
  /** Prices for what needs one. Default: what was recorded is all there is. */
  repricer?: Repricer | undefined;
  /** Prices what has a price already, too. */
  reprice?: boolean | undefined;
}

/** Undefined for events that neither used a model nor cost anything. */
export function chargeOf(
  event: Event,
  { repricer, reprice = false }: ChargeOptions = {},
): Charge | undefined {
  const usage = usageOf(event.event, event);
  if (usage === undefined) return undefined;
  const recordedSource = usage.cost_usd === null ? null : (textOf(event["cost_source"]) ?? "reported");
  const reported = recordedSource === "reported" ? usage.cost_usd : null;
  const recorded = recordedSource === "reported" ? null : usage.cost_usd;
  const listed = repricer?.price(event);
  const computed = (reprice ? undefined : recorded) ?? listed ?? null;
  const cost = reprice ? computed : (usage.cost_usd ?? computed);
  const wasPriced = !reprice && usage.cost_usd !== null;
  const model = textOf(event["model"]) ?? null;
  const isCall = isModelCall(event.event, event);
  return {
    session_id: event.session_id,
    agent_id: event.agent_id,
    seq: event.seq,
    id: event.id,
    timestamp: event.timestamp,
    model,
    tokens: usage.tokens,
    cost_usd: cost,
    cost_source: wasPriced ? recordedSource : cost === null ? null : "list price of today's table",
    reported_usd: reported,
    computed_usd: computed,
    is_call: isCall,
    counted: event.copy_of === undefined,
    reason: reasonOf(event, { cost, model, isCall, used: usage.unpriced > 0 || usage.priced > 0 }),
  };
}

// --- internal ---

function reasonOf(
  event: Event,
  {
    cost,
    model,
    isCall,
    used,
  }: { cost: number | null; model: string | null; isCall: boolean; used: boolean },
): string {
  if (event.copy_of !== undefined) return `copy of a record in session ${event.copy_of}, counted there`;
  if (!used) return "used nothing";
  if (cost === null) {
    if (model === null) return "not priced: the source names no model";
    return event.time_inferred === true ? "not priced: it has no time of its own" : `not priced: ${model}`;
  }
  if (event["continues"] === true) return "more of a call counted before";
  return isCall ? "a call" : `cost of a ${event.event}`;
}
