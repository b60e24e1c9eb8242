/**
 * What the audit says, as data and as text.
 *
 * @module
 * @example
 * import { openReader } from "tracekeep/read";
 * import { auditReport, renderAudit } from "tracekeep/report";
 * const report = await auditReport(openReader(), { last: "7d" });
 * console.log(renderAudit(report, { columns: 80, color: false }));
 */
export { auditReport } from "./audit.ts";
export type { AuditOptions, AuditReport } from "./audit.ts";
export type { GroupRow } from "./groups.ts";
export type { HealthReport } from "./health-totals.ts";
export type { ErrorRow, RecentSession, SilenceRow } from "./notables.ts";
export { FindingsWatch } from "./findings.ts";
export type { AnomalyRow, SessionFindings } from "./findings.ts";
export { renderAnomalies, renderHealth } from "./findings-text.ts";
export type { EventPlace } from "./place.ts";
export { renderSpend } from "./spend-text.ts";
export { renderAudit } from "./audit-text.ts";
export { CoverageFold } from "./coverage.ts";
export type { Coverage, CoverageGap, WitnessedCalls } from "./coverage.ts";
export { coverageText, renderCoverage } from "./coverage-text.ts";
export { flowDepth, flowOf, mermaidFlow, renderFlow } from "./flow.ts";
export type { FlowNode } from "./flow.ts";
export { fencedData } from "./markdown.ts";
export { PermissionFold, renderPermissions } from "./permissions.ts";
export type { PermissionLedger, PermissionRow } from "./permissions.ts";
export { ValidationFold } from "./validation.ts";
export type { Problem } from "./validation.ts";
export { renderSkipped } from "./skipped-text.ts";
export type { TextOptions } from "./audit-text.ts";
export { eventText, formatPlace, formatShortId, gistOf } from "./event-text.ts";
export type { EventTextOptions } from "./event-text.ts";
export { sessionRow } from "./session-row.ts";
export type { SessionRow } from "./session-row.ts";
export { STATS_KEYS, statsRows } from "./stats.ts";
export type { StatsKey, StatsOptions, StatsRow } from "./stats.ts";
export { renderTable } from "./table.ts";
export type { Column } from "./table.ts";
export {
  fitText,
  formatBytes,
  formatCount,
  formatDuration,
  formatMinute,
  formatPercent,
  formatShort,
  formatUsd,
  padText,
  plural,
  printable,
  textWidth,
} from "./text.ts";
