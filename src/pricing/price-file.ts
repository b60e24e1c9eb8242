// Prices from a file of one's own, in the shape of LiteLLM's `model_prices_and_context_window.json` or of models.dev's
// `api.json`: for models that the built-in list does not know, and for prices that were agreed on.

import { readFileSync } from "node:fs";
import path from "node:path";

import type { ModelPrice } from "@pydantic/genai-prices";

import { ioError, TracekeepError } from "../base/errors.ts";
import { tokensOf } from "./price-table.ts";
import type { CallUsage, Price, PriceTable } from "./price-table.ts";
import { costUsd } from "./rates.ts";

/**
 * A table of the prices in a file, and those of another table for the models that it does not have.
 *
 * @param fallback default: none, so what is not in the file is unpriced
 * @throws TracekeepError `BAD_PRICES` when it cannot be understood, `IO` or `PERMISSION` when it cannot be read
 * @example const prices = readPriceFile("prices.json", await loadPrices());
 */
export function readPriceFile(file: string, fallback?: PriceTable): PriceTable {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw ioError("read the prices in", file, cause);
  }
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw badPrices(file, "it is no JSON", cause);
  }
  if (!isObject(data)) throw badPrices(file, "it is no JSON object");
  const entries = isModelsDev(data) ? entriesOfModelsDev(data) : entriesOfLiteLlm(data);
  const models = byName(entries);
  if (models.size === 0) throw badPrices(file, "it has no model with a price");
  return new FilePrices(models, `file:${path.basename(file)}`, fallback);
}

// --- internal ---

type Fields = Readonly<Record<string, unknown>>;

interface Entry {
  /** As the file has it, and with its provider, e.g. `openai/gpt-5`. */
  names: readonly string[];
  /** Without the provider. */
  model: string;
  prices: ModelPrice;
}

const MTOK = 1_000_000;
/** Above so many prompt tokens LiteLLM's `_above_200k_tokens` and models.dev's `context_over_200k` hold. */
const LONG_PROMPT_TOKENS = 200_000;

class FilePrices implements PriceTable {
  readonly #models: ReadonlyMap<string, ModelPrice>;
  readonly #source: string;
  readonly #fallback: PriceTable | undefined;

  constructor(models: ReadonlyMap<string, ModelPrice>, source: string, fallback: PriceTable | undefined) {
    this.#models = models;
    this.#source = source;
    this.#fallback = fallback;
  }

  price(usage: CallUsage, atMs: number): Price | undefined {
    const { provider, model } = usage;
    const prices =
      (provider === undefined ? undefined : this.#models.get(`${provider}/${model}`)) ??
      this.#models.get(model);
    if (prices === undefined) return this.#fallback?.price(usage, atMs);
    const tokens = tokensOf(usage);
    const cost = tokens === undefined ? undefined : costUsd(prices, tokens);
    return cost === undefined ? undefined : { cost_usd: cost, cost_source: this.#source };
  }
}

/** A model that several providers sell at different prices has none without its provider. */
function byName(entries: readonly Entry[]): Map<string, ModelPrice> {
  const models = new Map<string, ModelPrice>();
  const soldAt = new Map<string, Set<string>>();
  for (const { model, prices } of entries) {
    const different = soldAt.get(model) ?? new Set();
    soldAt.set(model, different.add(JSON.stringify(prices)));
    models.set(model, prices);
  }
  for (const [model, different] of soldAt) if (different.size > 1) models.delete(model);
  for (const { names, prices } of entries) for (const name of names) models.set(name, prices);
  return models;
}

/** models.dev: providers, each with its models. LiteLLM: models, each with its prices. */
function isModelsDev(data: Fields): boolean {
  return Object.values(data).some((provider) => isObject(provider) && isObject(provider["models"]));
}

function entriesOfModelsDev(data: Fields): Entry[] {
  const entries: Entry[] = [];
  for (const [provider, about] of Object.entries(data)) {
    const models = isObject(about) && isObject(about["models"]) ? about["models"] : {};
    for (const [model, told] of Object.entries(models)) {
      const cost = isObject(told) && isObject(told["cost"]) ? told["cost"] : {};
      const long = isObject(cost["context_over_200k"]) ? cost["context_over_200k"] : {};
      const prices = pricesOf({
        input_mtok: [cost["input"], long["input"]],
        output_mtok: [cost["output"], long["output"]],
        cache_read_mtok: [cost["cache_read"], long["cache_read"]],
        cache_write_mtok: [cost["cache_write"], long["cache_write"]],
      });
      if (prices !== undefined) entries.push({ names: [`${provider}/${model}`], model, prices });
    }
  }
  return entries;
}

function entriesOfLiteLlm(data: Fields): Entry[] {
  const entries: Entry[] = [];
  for (const [name, told] of Object.entries(data)) {
    // The first entry of LiteLLM's own file explains the others.
    if (!isObject(told) || name === "sample_spec") continue;
    const perToken = (field: string): [unknown, unknown] => [
      perMillion(told[field]),
      perMillion(told[`${field}_above_200k_tokens`]),
    ];
    const prices = pricesOf({
      input_mtok: perToken("input_cost_per_token"),
      output_mtok: perToken("output_cost_per_token"),
      cache_read_mtok: perToken("cache_read_input_token_cost"),
      cache_write_mtok: perToken("cache_creation_input_token_cost"),
      cache_write_1h_mtok: [perMillion(told["cache_creation_input_token_cost_above_1hr"]), undefined],
    });
    if (prices === undefined) continue;
    const provider = told["litellm_provider"];
    const model = name.slice(name.lastIndexOf("/") + 1);
    const names = typeof provider === "string" ? [name, `${provider}/${model}`] : [name];
    entries.push({ names, model, prices });
  }
  return entries;
}

/** Undefined when neither input nor output has a price: then it is no model that is paid by the token. */
function pricesOf(rates: Readonly<Record<string, readonly [unknown, unknown]>>): ModelPrice | undefined {
  const prices: ModelPrice = {};
  for (const [name, [base, long]] of Object.entries(rates)) {
    if (!isAmount(base)) continue;
    prices[name] = isAmount(long) ? { base, tiers: [{ start: LONG_PROMPT_TOKENS, price: long }] } : base;
  }
  return prices["input_mtok"] === undefined && prices["output_mtok"] === undefined ? undefined : prices;
}

/** Prices per token are written with up to twelve decimals; beyond, a product with a million carries noise. */
function perMillion(perToken: unknown): number | undefined {
  return isAmount(perToken) ? Math.round(perToken * MTOK * 1e6) / 1e6 : undefined;
}

function isAmount(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value < Infinity;
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function badPrices(file: string, why: string, cause?: unknown): TracekeepError {
  return new TracekeepError("BAD_PRICES", `the prices in ${file} cannot be understood: ${why}`, {
    path: file,
    cause,
    hint: "it takes the shape of LiteLLM's model_prices_and_context_window.json or of models.dev's api.json",
  });
}
