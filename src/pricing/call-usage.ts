// What an event says that a model call used, in the form in which price tables take it.

import { textOf, usageOf } from "../summary/index.ts";
import type { BodyFields } from "../summary/index.ts";
import type { CallUsage } from "./price-table.ts";

/**
 * What the call used that an event tells of. Undefined where there is nothing to price, which is not the same as free:
 * no tokens, no model, or the fast mode, whose surcharge is in no price list.
 */
export function callUsageOf(type: string, body: BodyFields): CallUsage | undefined {
  const model = textOf(body["model"]);
  const tokens = model === undefined ? undefined : usageOf(type, body)?.tokens;
  if (model === undefined || tokens === undefined) return undefined;
  if (tokens.input + tokens.output + tokens.cache_read + tokens.cache_write === 0 || isFast(body))
    return undefined;
  const oneHour = body["cache_write_1h_tokens"];
  return {
    provider: textOf(body["provider"]),
    model,
    input_tokens: tokens.input,
    cache_read_tokens: tokens.cache_read,
    cache_write_tokens: tokens.cache_write,
    cache_write_1h_tokens: typeof oneHour === "number" ? oneHour : 0,
    output_tokens: tokens.output,
  };
}

// --- internal ---

function isFast({ metadata }: BodyFields): boolean {
  return (
    typeof metadata === "object" && metadata !== null && "speed" in metadata && metadata.speed === "fast"
  );
}
