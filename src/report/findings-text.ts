// Anomalies and health for people.

import { formatPlace, formatShortId } from "./event-text.ts";
import type { AnomalyRow } from "./findings.ts";
import { paint } from "./paint.ts";
import { fitText, formatSecond, padText, printable } from "./text.ts";
import type { Health } from "../summary/index.ts";

interface LineOptions {
  columns: number;
  color: boolean;
}

const SEVERITY_COLUMNS = 6;
const RULE_COLUMNS = 19;

/** One line for each anomaly: when, where, how bad, which rule, and what it saw. */
export function renderAnomalies(rows: readonly AnomalyRow[], { columns, color }: LineOptions): string[] {
  return rows.map((row) => {
    const { severity = "MEDIUM", rule = "(unnamed)", message = "" } = wordsOf(row.anomaly);
    const line =
      `${formatSecond(row.timestamp)}  ${padText(formatPlace(row.session_id, row.seq), 13)}  ` +
      `${padText(printable(severity), SEVERITY_COLUMNS)}  ${padText(printable(rule), RULE_COLUMNS)}  ${printable(message)}`;
    const fitted = fitText(line, columns);
    if (!color || severity === "LOW") return fitted;
    return paint(severity === "HIGH" ? "red" : "yellow", fitted);
  });
}

/** A session's score and what cost points, one line each. */
export function renderHealth(sessionId: string, { score, band, points }: Health): string[] {
  return [
    `${formatShortId(sessionId)}  health ${score} of 100, ${band}`,
    ...points.map(({ what, count, points: each }) => {
      const signed = each > 0 ? `+${each}` : `−${-each}`;
      return `  ${signed.padStart(5)}  ${printable(what)}${count > 1 ? ` × ${count}` : ""}`;
    }),
  ];
}

// --- internal ---

/** An anomaly as it stands in a log, which may be anybody's. */
function wordsOf(anomaly: unknown): { severity?: string; rule?: string; message?: string } {
  if (typeof anomaly !== "object" || anomaly === null) return {};
  const { severity, rule, type, message, details } = anomaly as Record<string, unknown>;
  const name = typeof rule === "string" ? rule : type;
  const text = typeof message === "string" ? message : details;
  return {
    ...(typeof severity === "string" ? { severity } : {}),
    ...(typeof name === "string" ? { rule: name } : {}),
    ...(typeof text === "string" ? { message: text } : {}),
  };
}
