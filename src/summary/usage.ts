// What one event says about tokens and money. Values come from outside, so each is checked and a wrong one counts as
// absent: a text, a negative number, a fraction of a token.

import type { TokenCounts, Usage } from "./figures.ts";

/** Fields of an event's body, as far as the figures want them; whatever their values turn out to be. */
export type BodyFields = Readonly<Record<string, unknown>>;

/**
 * What an event adds to the use of models; undefined when it says nothing about it.
 *
 * MODEL_RESPONSE carries it. Events of other types count too (a tool may cost money, a custom type may be a whole
 * model call), but not those that repeat what others said: MODEL_CALL, RETURN and END.
 *
 * An event is unpriced when it used tokens without a cost, or is a model call that tells neither.
 */
export function usageOf(type: string, body: BodyFields): Usage | undefined {
  if (type === "MODEL_CALL" || type === "RETURN" || type === "END") return undefined;
  const input = countOf(body["input_tokens"]);
  const output = countOf(body["output_tokens"]);
  const cacheRead = countOf(body["cache_read_tokens"]);
  const cacheWrite = countOf(body["cache_write_tokens"]);
  const cost = amountOf(body["cost_usd"]);
  const told = input ?? output ?? cacheRead ?? cacheWrite ?? cost;
  const isCall = isModelCall(type, body);
  if (told === undefined && !isCall) return undefined;
  const tokens: TokenCounts = {
    input: input ?? 0,
    output: output ?? 0,
    cache_read: cacheRead ?? 0,
    cache_write: cacheWrite ?? 0,
    reasoning: countOf(body["reasoning_tokens"]) ?? 0,
  };
  const used =
    tokens.input + tokens.output + tokens.cache_read + tokens.cache_write > 0 || told === undefined;
  const priced = cost === undefined ? 0 : 1;
  return { tokens, cost_usd: cost ?? null, priced, unpriced: priced === 0 && used ? 1 : 0 };
}

/** Whether an event is a call of a model, and not more of one that was counted. */
export function isModelCall(type: string, body: BodyFields): boolean {
  return type === "MODEL_RESPONSE" && body["continues"] !== true;
}

/** A whole number from 0, or undefined. */
export function countOf(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : undefined;
}

/** A finite number from 0, or undefined. */
export function amountOf(value: unknown): number | undefined {
  return typeof value === "number" && value >= 0 && value < Infinity ? value : undefined;
}

/** A text that is not empty, or undefined. */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
