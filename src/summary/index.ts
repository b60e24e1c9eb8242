/**
 * What a session adds up to: one pure fold over its events.
 *
 * @module
 * @example
 * const summary = newSummary("my-session");
 * for (const event of events) foldEvent(summary, event, event);
 * console.log(summary.tool_calls, summary.cost_usd);
 */
export { ANOMALY_SEVERITIES, analyzeEvent, checkDetectors } from "./anomaly.ts";
export type { Anomaly, AnomalyReport, AnomalySeverity, Detector, DetectorFailure } from "./anomaly.ts";
export { endCounts } from "./end-counts.ts";
export { addFigures, MAX_NAMES, newFigures, OTHER_NAMES, unpricedModels } from "./figures.ts";
export type { Figures, ModelFigures, TokenCounts, ToolFigures, Usage } from "./figures.ts";
export { FOLDED_FIELDS, foldContext, FoldedEvent, foldEvent, isFailure, TYPES_FOLDED_WHOLE } from "./fold.ts";
export type { EventHead } from "./fold.ts";
export { bandOf, countRule, healthOf, newHealthFacts, newRuleCounts } from "./health.ts";
export type { Health, HealthBand, HealthFacts, HealthPoints, RuleCounts } from "./health.ts";
export { OpenCalls } from "./open-calls.ts";
export { hourOf, instantOf, knowInstant } from "./instant.ts";
export { IDLE_MS, MAX_OPEN_CALLS, MAX_SILENCES, newSummary, PREVIEW_CHARACTERS } from "./session-summary.ts";
export type { SessionSummary, SessionWriter, Silence } from "./session-summary.ts";
export { SlidingSum } from "./sliding-sum.ts";
export {
  isPacked,
  PACKED_LENGTH,
  PACKED_VERSION,
  packSummary,
  STARTED_AT,
  unpackSummary,
} from "./packed-summary.ts";
export type { PackedSummary } from "./packed-summary.ts";
export { sessionStatus } from "./status.ts";
export type { SessionState } from "./status.ts";
export { addSummary, newTotals } from "./totals.ts";
export type { Totals } from "./totals.ts";
export { amountOf, isModelCall, textOf, usageOf } from "./usage.ts";
export type { BodyFields } from "./usage.ts";
