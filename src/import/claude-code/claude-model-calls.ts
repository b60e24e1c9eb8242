// Model calls of a Claude Code session. One API response stands on several records (one for each block of its content),
// each repeating `usage`, the last with the final figures. The first gives a MODEL_RESPONSE with what it says; a later
// one gives another that `continues` it, with only what is more. So the events add up to the truth wherever the file
// ended when it was read.

import type { JsonObject } from "../../event/index.ts";
import type { PriceTable } from "../../pricing/index.ts";
import { objectIn, restOf, textIn } from "../json.ts";
import type { RecordSheet } from "./claude-sheet.ts";
import { addedUsage, largerUsage, readUsage, usageFields } from "./claude-usage.ts";
import type { Usage } from "./claude-usage.ts";

export class ModelCalls {
  readonly #prices: PriceTable | undefined;
  readonly #calls = new Map<string, CallSoFar>();

  constructor(prices: PriceTable | undefined) {
    this.#prices = prices;
  }

  /** Adds what an assistant record says of its model call beyond what the records before it said. */
  addResponse(sheet: RecordSheet, record: JsonObject, message: JsonObject): void {
    const usage = objectIn(message, "usage");
    const id = textIn(message, "id");
    if (usage === undefined && id === undefined) return;
    const requestId = textIn(record, "requestId");
    const key = id === undefined ? undefined : `${id}:${requestId ?? ""}`;
    const before = key === undefined ? undefined : this.#calls.get(key);
    const model = textIn(message, "model");
    const now = readUsage(usage);
    const total = before === undefined ? now : largerUsage(before.usage, now);
    const added = before === undefined ? usageFields(now) : addedUsage(total, before.usage);
    const finish = before?.finished === true ? undefined : textIn(message, "stop_reason");
    if (added === undefined && finish === undefined) return;
    const cost = this.#costOf(record, total, model, sheet.atMs);
    if (key !== undefined) {
      const finished = finish !== undefined || before?.finished === true;
      this.#calls.set(key, { usage: total, costUsd: cost?.cost_usd ?? before?.costUsd ?? 0, finished });
    }
    sheet.add(
      {
        event: "MODEL_RESPONSE",
        ...(id === undefined ? {} : { call_id: id }),
        provider: providerOf(model),
        model,
        ...(usage === undefined ? {} : added),
        ...(cost === undefined ? {} : { ...cost, cost_usd: moneyOf(cost.cost_usd - (before?.costUsd ?? 0)) }),
        finish_reason: finish,
        continues: before === undefined ? undefined : true,
      },
      {
        ...(requestId === undefined ? {} : { request_id: requestId }),
        ...(before === undefined ? restOf(message, IN_FIELDS) : {}),
        ...(before === undefined && usage !== undefined ? restOf(usage, IN_TOKENS) : {}),
      },
      key === undefined ? undefined : `model:${key}`,
    );
  }

  // --- internal ---

  /** What the whole call costs so far: as the record says, else by list price; undefined when neither is known. */
  #costOf(
    record: JsonObject,
    usage: Usage,
    model: string | undefined,
    atMs: number | undefined,
  ): Cost | undefined {
    const message = objectIn(record, "message");
    const reported = record["costUSD"];
    if (typeof reported === "number" && reported >= 0) return { cost_usd: reported, cost_source: "reported" };
    // Prices change over time, so a call without a time has none. The fast mode's surcharge is in no price list.
    if (model === undefined || atMs === undefined || objectIn(message, "usage")?.["speed"] === "fast")
      return undefined;
    return this.#prices?.price({ provider: providerOf(model), model, ...usage }, atMs);
  }
}

interface CallSoFar {
  usage: Usage;
  costUsd: number;
  finished: boolean;
}

interface Cost {
  cost_usd: number;
  cost_source: string;
}

const IN_FIELDS: ReadonlySet<string> = new Set([
  "id",
  "type",
  "role",
  "model",
  "content",
  "usage",
  "stop_reason",
]);
const IN_TOKENS: ReadonlySet<string> = new Set([
  "input_tokens",
  "output_tokens",
  "cache_read_input_tokens",
  "cache_creation_input_tokens",
  "cache_creation",
  "output_tokens_details",
]);

/** Claude Code can be made to talk to other models; whose those are is not said. */
function providerOf(model: string | undefined): string | undefined {
  return model?.startsWith("claude") === true ? "anthropic" : undefined;
}

/** Differences of prices without the noise of binary fractions: to a millionth of a millionth of a dollar. */
function moneyOf(usd: number): number {
  return Math.max(0, Math.round(usd * 1e12) / 1e12);
}
