import type { JsonObject } from "../event/index.ts";
import type { SessionSummary } from "./session-summary.ts";

/** The figures that END carries. The cost is left out when nothing had a price. */
export function endCounts(summary: SessionSummary): JsonObject {
  const { tokens, cost_usd: cost } = summary;
  return {
    events: summary.events,
    event_counts: { ...summary.event_counts },
    tool_calls: summary.tool_calls,
    tool_errors: summary.tool_errors,
    model_calls: summary.model_calls,
    input_tokens: tokens.input,
    cache_read_tokens: tokens.cache_read,
    cache_write_tokens: tokens.cache_write,
    output_tokens: tokens.output,
    reasoning_tokens: tokens.reasoning,
    ...(cost === null ? {} : { cost_usd: cost }),
  };
}
