// What a model costs per token at one moment, and the sum for a call. The figures and their dates are those of
// @pydantic/genai-prices; the sum is done here because its own takes 10 to 20 µs a call, nearly all of it spent on
// checks of the price data that come out the same each time. rates.test.ts holds the two against each other.

import type { ModelPrice } from "@pydantic/genai-prices";

/** Tokens of one call in disjoint kinds. Writes to the one-hour cache are not part of `cacheWrite` here. */
export interface TokenCounts {
  input: number;
  cacheRead: number;
  cacheWrite: number;
  cacheWrite1h: number;
  output: number;
}

/**
 * The price of a call in US dollars, or undefined when the model has no price for a kind of token that was used. Where
 * a cache has no price of its own, its tokens cost what plain input costs. A model with tiers bills the whole call at
 * the tier that its prompt, cached part included, reaches.
 */
export function costUsd(prices: ModelPrice, tokens: TokenCounts): number | undefined {
  const prompt = tokens.input + tokens.cacheRead + tokens.cacheWrite + tokens.cacheWrite1h;
  const input = rateOf(prices["input_mtok"], prompt);
  const output = rateOf(prices["output_mtok"], prompt);
  if ((input === undefined && prompt > 0) || (output === undefined && tokens.output > 0)) return undefined;
  if (input === undefined && output === undefined) return undefined;
  const inputRate = input ?? 0;
  const writeRate = rateOf(prices["cache_write_mtok"], prompt) ?? inputRate;
  const microUsd =
    tokens.input * inputRate +
    tokens.cacheRead * (rateOf(prices["cache_read_mtok"], prompt) ?? inputRate) +
    tokens.cacheWrite * writeRate +
    tokens.cacheWrite1h * (rateOf(prices["cache_write_1h_mtok"], prompt) ?? writeRate) +
    tokens.output * (output ?? 0) +
    // A few models charge for the request itself, priced per thousand.
    (rateOf(prices["requests_kcount"], prompt) ?? 0) * 1000;
  // Prices per million tokens have at most six decimals: what lies beyond the twelfth is noise of binary fractions.
  return Math.round(microUsd * 1e6) / 1e12;
}

// --- internal ---

/** US dollars per million tokens. Tiers are in rising order; each begins above its `start`. */
function rateOf(price: ModelPrice[string], prompt: number): number | undefined {
  if (price === undefined || typeof price === "number") return price;
  let rate = price.base;
  for (const tier of price.tiers) if (prompt > tier.start) rate = tier.price;
  return rate;
}
