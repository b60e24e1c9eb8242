// How bad an event is. Five levels, ordered; the scale is that of Sentinel's reader.

export const SEVERITIES = ["DEBUG", "INFO", "WARN", "ERROR", "CRITICAL"] as const;

export type Severity = (typeof SEVERITIES)[number];

const RANKS: ReadonlyMap<string, number> = new Map(SEVERITIES.map((severity, rank) => [severity, rank]));

/** Whether `text` names a level exactly. */
export function isSeverity(text: unknown): text is Severity {
  return typeof text === "string" && RANKS.has(text);
}

/** 0 for DEBUG up to 4 for CRITICAL, for comparing two levels. */
export function severityRank(severity: Severity): number {
  return RANKS.get(severity) ?? 0;
}
