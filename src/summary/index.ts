/**
 * What a session adds up to: one pure fold over its events.
 *
 * @module
 * @example
 * const summary = newSummary("my-session");
 * for (const event of events) foldEvent(summary, event, event);
 * console.log(summary.tool_calls, summary.cost_usd);
 */
export { endCounts } from "./end-counts.ts";
export { addFigures, MAX_NAMES, newFigures, OTHER_NAMES, unpricedModels } from "./figures.ts";
export type { Figures, ModelFigures, TokenCounts, ToolFigures, Usage } from "./figures.ts";
export {
  foldContext,
  foldEvent,
  IDLE_MS,
  isFailure,
  MAX_OPEN_CALLS,
  MAX_SILENCES,
  newSummary,
} from "./fold.ts";
export type { EventHead, SessionSummary, SessionWriter, Silence } from "./fold.ts";
export { instantOf } from "./instant.ts";
export { sessionStatus } from "./status.ts";
export type { SessionState } from "./status.ts";
export { decodeSummary, encodeSummary } from "./stored-summary.ts";
export { addSummary, newTotals } from "./totals.ts";
export type { Totals } from "./totals.ts";
