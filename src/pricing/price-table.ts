// What model calls cost, from the price list of @pydantic/genai-prices, which knows some 1,700 models of 43 providers,
// their cache and long-prompt tiers, and from when to when each price held.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

import type { ModelInfo, ModelPrice } from "@pydantic/genai-prices";

import { MAX_TIME_MS } from "../event/index.ts";
import { costUsd } from "./rates.ts";
import type { TokenCounts } from "./rates.ts";

/** What one call used. The kinds are disjoint, as on the event line: their sum is everything that was billed. */
export interface CallUsage {
  /** Who serves the model, e.g. "openai", "aws", "openrouter". Default: inferred from the model's name. */
  readonly provider?: string | undefined;
  readonly model: string;
  readonly input_tokens: number;
  readonly cache_read_tokens?: number | undefined;
  /** All lifetimes together. */
  readonly cache_write_tokens?: number | undefined;
  /** Those of `cache_write_tokens` kept for an hour, which cost more. */
  readonly cache_write_1h_tokens?: number | undefined;
  /** Reasoning included. */
  readonly output_tokens: number;
}

export interface Price {
  readonly cost_usd: number;
  /** The price list and its version, e.g. "genai-prices@0.1.8". */
  readonly cost_source: string;
}

export interface PriceTable {
  /**
   * The list price of a call at a moment (milliseconds since 1970), in US dollars. Undefined means unpriced: a model or
   * provider that the list does not know, one without a price for what was used, a count that is not a number from 0,
   * or a time that is none. Never 0 for want of a price. A `continues` event must be priced as the difference of two
   * totals, because tiers are chosen by the whole call. Costs about 0.5 µs for a model seen before.
   */
  price(usage: CallUsage, atMs: number): Price | undefined;
}

/**
 * Loads the price list (0.5 MB, about 30 ms) on the first call; later ones get the same table.
 *
 * @example
 * const prices = await loadPrices();
 * prices.price({ model: "claude-opus-4-5", input_tokens: 1000, output_tokens: 100 }, Date.parse("2026-01-06"));
 * // { cost_usd: 0.0075, cost_source: "genai-prices@0.1.8" }
 */
export async function loadPrices(): Promise<PriceTable> {
  const list = await import("@pydantic/genai-prices");
  return (loaded ??= tableOf(list));
}

/**
 * The same, for who cannot wait.
 *
 * @throws Error when the list is not beside this file: programs that were put into a bundle have it in there, and wait
 */
export function loadPricesNow(): PriceTable {
  return (loaded ??= tableOf(createRequire(import.meta.url)(PACKAGE) as PricesPackage));
}

/** What a call used, as prices are applied to it; undefined when a count is not a number from 0. @internal */
export function tokensOf(usage: CallUsage): TokenCounts | undefined {
  const { input_tokens: input, output_tokens: output, cache_read_tokens: cacheRead = 0 } = usage;
  const { cache_write_tokens: writes = 0, cache_write_1h_tokens: cacheWrite1h = 0 } = usage;
  if (![input, output, cacheRead, writes, cacheWrite1h].every(isCount)) return undefined;
  return { input, cacheRead, cacheWrite: Math.max(writes - cacheWrite1h, 0), cacheWrite1h, output };
}

// --- internal ---

const PACKAGE = "@pydantic/genai-prices";
/** Names come from recordings, so there may be any number of them. */
const MAX_CACHED = 10_000;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

let loaded: PriceTable | undefined;

type PricesPackage = Pick<typeof import("@pydantic/genai-prices"), "calcPrice">;

function tableOf({ calcPrice }: PricesPackage): PriceTable {
  return new GenaiPrices(calcPrice, priceListName());
}

/**
 * `genai-prices@` and the version that is installed. The package does not export its package.json, so it is found from its
 * entry point; a program that has put the list into a bundle has neither, and the version stays unsaid.
 */
function priceListName(): string {
  try {
    const entry = createRequire(import.meta.url).resolve(PACKAGE);
    const file = path.join(path.dirname(entry), "..", "package.json");
    const { version } = JSON.parse(readFileSync(file, "utf8")) as { version: string };
    return `genai-prices@${version}`;
  } catch {
    return "genai-prices";
  }
}

/** What is known of one model: its prices in each period that was asked for. */
interface Listed {
  readonly periodMs: number;
  readonly prices: Map<number, ModelPrice>;
}

class GenaiPrices implements PriceTable {
  readonly #calcPrice: PricesPackage["calcPrice"];
  readonly #source: string;
  /** By provider and model; undefined for those that the list does not know. */
  readonly #listed = new Map<string, Listed | undefined>();

  constructor(calcPrice: PricesPackage["calcPrice"], source: string) {
    this.#calcPrice = calcPrice;
    this.#source = source;
  }

  price(usage: CallUsage, atMs: number): Price | undefined {
    const tokens = tokensOf(usage);
    if (tokens === undefined || !(atMs >= 0 && atMs <= MAX_TIME_MS)) return undefined;
    const prices = this.#pricesAt(usage.provider, usage.model, atMs);
    const cost = prices === undefined ? undefined : costUsd(prices, tokens);
    return cost === undefined ? undefined : { cost_usd: cost, cost_source: this.#source };
  }

  #pricesAt(provider: string | undefined, model: string, atMs: number): ModelPrice | undefined {
    const name = `${provider ?? ""}\n${model}`;
    let listed = this.#listed.get(name);
    const known = listed?.prices.get(Math.floor(atMs / listed.periodMs));
    if (known !== undefined || (listed === undefined && this.#listed.has(name))) return known;

    const found = this.#find(provider, model, atMs) ?? this.#find(provider?.split(".")[0], model, atMs);
    listed ??= found === null ? undefined : { periodMs: periodMsOf(found.model), prices: new Map() };
    if (this.#listed.size >= MAX_CACHED) this.#listed.clear();
    this.#listed.set(name, listed);
    if (listed === undefined || found === null) return undefined;
    if (listed.prices.size >= MAX_CACHED) listed.prices.clear();
    listed.prices.set(Math.floor(atMs / listed.periodMs), found.model_price);
    return found.model_price;
  }

  /** SDKs name their interface behind the provider, as in "groq.chat", which the list knows for some. */
  #find(provider: string | undefined, model: string, atMs: number): ReturnType<PricesPackage["calcPrice"]> {
    const options = {
      timestamp: new Date(atMs),
      ...(provider === undefined ? {} : { providerId: provider }),
    };
    return this.#calcPrice({ input_tokens: 0, output_tokens: 0 }, model, options);
  }
}

/** For how long a price found at some moment holds: prices change at midnight UTC, or at some minute of the day. */
function periodMsOf(model: ModelInfo): number {
  if (!Array.isArray(model.prices)) return Infinity;
  return model.prices.some(({ constraint }) => constraint?.type === "time_of_date") ? MINUTE_MS : DAY_MS;
}

function isCount(value: number): boolean {
  return value >= 0 && value < Infinity;
}
